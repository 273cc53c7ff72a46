"""The interfaces that the rules need from the outside. A docstring here is a promise: tests/contracts checks it for every adapter."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from airflow_run_groups.domain.audit import Denial
from airflow_run_groups.domain.control.change import GroupChange
from airflow_run_groups.domain.control.control import PausedGroups
from airflow_run_groups.domain.dag_search import DagFilter, DagPage
from airflow_run_groups.domain.groups.actions import GroupAction, GroupActionResult
from airflow_run_groups.domain.groups.group import (
    GroupChangeResult,
    GroupPage,
    GroupProgress,
    GroupRunFilter,
    GroupRunPage,
)
from airflow_run_groups.domain.groups.search import GroupFilter
from airflow_run_groups.domain.model import Dag, DagRun, DagRunFilter, DagRunPage, DagSummary
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.runs import CreatedRuns, ExistingRun
from airflow_run_groups.domain.rights import Rights
from airflow_run_groups.domain.timetable import Timetable
from airflow_run_groups.domain.unfinished import UnfinishedRunLimits, UnfinishedRuns

T = TypeVar("T")


class DagSnapshot(Protocol):
    """One DAG with its runs, as they stand while they are read."""

    def facts(self, request: GroupRequest, now: dt.datetime) -> PlanningFacts:
        """Return what the plan of this request depends on, for a request of this DAG.

        The request's interval stands for Airflow's own timetable with it, in the DAG's time zone; a length of time counts
        from where the range starts. The group ``a`` has no part in the runs of ``a_b`` or ``A``.

        With a ``bundle_version`` they are those of the DAG as it is in that version.

        :raises Refused: when the request's interval is not a cron expression, or its prefix cannot be, or the DAG or the
            backend knows no versions.
        :raises BundleVersionNotFound: when the DAG has no such version.
        :raises DagUnreadable: when Airflow cannot read the DAG.
        :raises NoListener: when the request has a ``stop_after`` or ``notify`` that nothing would obey.
        """

    def schedule(self) -> tuple[Dag, Timetable]:
        """Return the DAG and its timetable.

        :raises DagUnreadable: when Airflow cannot read the DAG.
        """

    def existing_runs(self, dates: Collection[dt.datetime]) -> Mapping[dt.datetime, ExistingRun]:
        """Return the DAG's runs, of whatever type and state, that have one of these logical dates, by that date.

        A cancelled run is in the state failed, as its group counts it.
        The creator of a run is known from Airflow 3.1 on.
        """

    def recent_durations(self, count: int) -> Sequence[dt.timedelta]:
        """Return how long the DAG's last runs took, by their logical date, that have ended: at most ``count`` of them.

        Runs that never started do not count. Nothing when none of the DAG's last thousand runs has ended.
        """

    def unfinished(self, limits: UnfinishedRunLimits, caller: str | None) -> UnfinishedRuns:
        """Return how many runs of groups are queued or running: of the DAG, and of those that this caller has created.

        None where there is no limit of that kind. None as the caller stands for all who have no name. Within a transaction,
        no other one that counts the same caller's runs goes on before this one has ended.
        """


class DagTransaction(DagSnapshot, Protocol):
    """A DAG whose runs only this transaction creates and changes until it ends."""

    def add(self, created: CreatedRuns) -> CreatedRuns:
        """Write the runs, all of them or none, and write nothing when there are none. Return what was done.

        Runs that run again are queued with all their task instances cleared, in the order given. They keep id, type and
        creator, and are runs of the group from then on, too, until another group runs them again. Letting them run again may
        take long: after so much time, and at least one of them, it ends before the next one, and what was done is
        ``CreatedRuns.up_to`` it. One that is not as it was when that was decided lets the work be done once more.

        Where runs are written, what the request says of the group takes the place of what was said before.

        Runs come out as Airflow makes them: with the type that each has, triggered over the REST API, queued, with all their task instances,
        with ids in this order.

        :raises Refused: when Airflow does not take the runs, or one would have no task instance.
        :raises DagUnreadable: when Airflow cannot read the DAG of a run that is to run again.
        :raises UnsupportedAirflowVersion: for runs that run again, when the backend has not been tried with this version.
        """


class DagRepository(Protocol):
    def search(self, where: DagFilter) -> DagPage:
        """Return the first DAGs that pass the filter, which are not stale, by their ids in the order of code points."""

    def list(self, *, readable: frozenset[str] | None) -> Sequence[DagSummary]:
        """Return the DAGs that are not stale, paused ones too, ordered by id; only readable ones (None: all)."""

    def ids(self) -> frozenset[str]:
        """Return the ids of all DAGs, those that are stale or paused too.

        :raises Unavailable: when the backend does not respond.
        """

    def ping(self) -> None:
        """Return when the backend responds, and may be written to.

        :raises Unavailable: when it does not, or may not.
        """


class DagRunRepository(Protocol):
    """The runs of all DAGs, and how more of them are created."""

    def list(self, where: DagRunFilter) -> DagRunPage:
        """Return the first runs that pass the filter, ordered by ``id``; an empty page when there are none.

        :raises DagRunNotFound: when ``where.start`` is a run id that no readable run has (within ``where.dag_id``, if given).
        :raises AmbiguousRunId: when it is one that runs of several readable DAGs have, and ``where.dag_id`` is not given.
        """

    def get(self, run_id: str, *, dag_id: str | None, readable: frozenset[str] | None) -> DagRun:
        """Return the one run with this id, in that DAG if given.

        :raises DagRunNotFound: when no readable run has it.
        :raises AmbiguousRunId: when runs of several readable DAGs have it.
        """

    def snapshot(self, dag_id: str, work: Callable[[DagSnapshot], T]) -> T:
        """Do work that only reads a DAG, and return its result. Nothing is written, and no row of a database is locked.

        :raises DagNotFound: when there is no such DAG, or it is stale.
        :raises Unavailable: when the backend could not create runs now, or the work takes too long.
        """

    def transaction(self, dag_id: str, work: Callable[[DagTransaction], T]) -> T:
        """Do the work in one transaction, commit it and return its result; one transaction of a DAG follows the other.

        When another writer was first all the same, the work is done once more, with the DAG as it then stands. An error
        of the work comes through, and nothing is written.

        :raises DagNotFound: when there is no such DAG, or it is stale.
        :raises Unavailable: when the backend cannot do it now; nothing was written.
        :raises OutcomeUnknown: when the backend was lost during the commit; the work is not done once more.
        """


class GroupRepository(Protocol):
    """The groups that run ids make, by any creator. The group ``a`` has no part in ``a_b`` or ``A``."""

    def list(self, where: GroupFilter) -> GroupPage:
        """Return the first groups that pass the filter, each once, ordered by ``last_id``, the largest first.

        A group that has no address (``run_id.has_address``), which only others can have made, is left out. The cost of a page
        does not grow with the number of runs that have ended; so a page may end before it is full, and say where to go on.

        :raises DagNotFound: when there is no DAG ``where.dag_id``. One that is stale is there, and so are its groups.
        """

    def get(self, dag_id: str, prefix: str, *, now: dt.datetime) -> GroupProgress:
        """Return how far the group with this prefix is now.

        A group whose rule says that it stops is stopped by this look, if nothing else has done so since its last run failed.

        :raises GroupNotFound: when there is no such DAG, or none of its runs is in such a group.
        """

    def runs(self, dag_id: str, prefix: str, where: GroupRunFilter) -> GroupRunPage:
        """Return the first of the group's runs that pass the filter, by their ids; none is a page as well.

        :raises GroupNotFound: when there is no such DAG, or none of its runs is in such a group.
        """

    def apply(self, group_action: GroupAction) -> GroupActionResult:
        """Do the action to the first of the group's runs that it is for, by their ids, to at most ``group_action.limit``.

        A group under control that has no queued run after a cancel is no longer paused.

        A step that would keep others waiting for too long ends sooner; it has done at least one run, if there is one, and
        says where to go on. To the runs that it names all of it was done; when it fails, nothing was done to any.

        A run that was queued and is cancelled is failed at once, and so is nothing of it left to run. A running one is
        made to end; where something has been set up, teardown tasks still run, and it fails after them. It counts as
        cancelled until it is to run again. A run that is to run again is queued, and starts by ``Restarts``. Runs that have
        no task instance cannot run again, and are left out, as are failed runs without a task that has failed or was
        stopped; ``warnings`` names them. Of chosen runs it leaves out those that the action is not for, with a warning.

        A retry of tasks clears these tasks and all that is downstream of them, and nothing else. A run whose version of the
        DAG has not all of these tasks is left out, with a warning.

        A retry of runs that nothing lets start now, as the DAG or the group is paused, warns of that (``waiting.holds_of``).

        A retry counts for the caller who requests it. ``DagSnapshot.unfinished`` says what is counted.

        :raises GroupNotFound: when there is no such DAG, or none of its runs is in such a group.
        :raises DagUnreadable: when Airflow cannot read the DAG.
        :raises Refused: when the backend cannot choose the version with which runs run again, when the group has not all of
            the chosen runs, and when none of the runs has the tasks.
        :raises TooManyUnfinishedRuns: when a retry would lead to more than ``group_action.limits`` allow.
        :raises UnsupportedAirflowVersion: for what the backend has not been tried with on the version that it finds.
        :raises Unavailable: when the backend cannot do it now; nothing was done.
        :raises OutcomeUnknown: when the backend was lost during the commit.
        """

    def paused(
        self, dag_id: str | None, *, readable: frozenset[str] | None, start: int | None, limit: int
    ) -> PausedGroups:
        """Return the groups that are paused, of this DAG or of all, in the order in which they came under control.

        :param readable: only those of these DAGs, None: of any.
        :param start: only those after that ``next_start``, None for all.
        :param limit: at most so many, at least 1.
        """

    def change(self, change: GroupChange, *, now: dt.datetime) -> GroupChangeResult:
        """Change whether, how many at once, when and in which order the runs of a group start, by the rules of ``control``.

        A group that has a control, or gets one, has its queued and running runs put under it, all of them or none; but not
        those that an unfinished backfill of Airflow's own holds, which ``warnings`` counts. Where its control goes, no run
        is held any more. A description or labels put a group under no control. Runs that are created under its prefix later, or run again, join its control. A change that says
        the same again changes nothing, and a dry run neither.

        A group stops when its rule is reached while it is not paused: at a change, a creation, or a look at it.

        The result shows the group as ``get`` does. It is read with the change: there is no error after it.

        :raises GroupNotFound: when there is no such DAG, or none of its runs is in such a group.
        :raises NoListener: for a ``stop_after`` or ``notify`` that nothing would obey.
        :raises Unavailable: when the backend cannot do it now; nothing was changed.
        :raises OutcomeUnknown: when the backend was lost during the commit.
        """


class AuditLog(Protocol):
    """Where the backend keeps who did what. Created runs and actions enter their own part; this is for what did not happen."""

    def denied(self, denial: Denial) -> None:
        """Write it down for good, by itself. It takes a few seconds at most, whatever the backend is doing.

        A name that is too long for the backend is cut.

        :raises Unavailable: when the backend cannot write it now.
        :raises OutcomeUnknown: when the backend was lost during the commit.
        """


class Caller(Protocol):
    """The sender of a request, and what they may do."""

    @property
    def name(self) -> str | None:
        """The name to write down; None when callers have no names."""

    @property
    def display_name(self) -> str | None:
        """The name that Airflow shows for them, which need not be theirs alone; ``name`` where it shows no other."""

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        """Return the DAGs whose runs they may see, None for all. For one DAG, it is that one or none, or None.

        One DAG costs no more however many there are.

        :raises Unavailable: when the source of the permissions does not respond.
        """

    def rights(self, dag_ids: Collection[str]) -> Mapping[str, Rights]:
        """Return what they may do with each of these DAGs, all of which they may see: what the two methods below tell.

        :raises Unavailable: when the source of the permissions does not respond.
        """

    def may_create_runs(self, dag_id: str) -> bool:
        """Tell whether they may create runs of a DAG that they may see."""

    def may_change_runs(self, dag_id: str) -> bool:
        """Tell whether they may change runs of a DAG that they may see: their state, their note, and to run again."""
