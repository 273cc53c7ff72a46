"""What the rules need from the outside. A docstring here is a promise: tests/contracts holds every adapter to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from airflow_run_groups.domain.audit import Denial
from airflow_run_groups.domain.groups import GroupAction, GroupActionResult, GroupPage, GroupProgress
from airflow_run_groups.domain.model import (
    Conf,
    Dag,
    DagRun,
    DagRunFilter,
    DagRunInfo,
    DagRunPage,
    DagSummary,
    DataInterval,
)

if TYPE_CHECKING:
    from airflow_run_groups.domain.plan import ExistingRun
    from airflow_run_groups.domain.planning import Batch
    from airflow_run_groups.domain.request import Interval


class Timetable(Protocol):
    """When a DAG runs, by its own schedule."""

    @property
    def periodic(self) -> bool:
        """Whether the schedule itself yields dates; not so for None, ``@once``, ``@continuous`` and assets."""

    @property
    def partitioned(self) -> bool:
        """Whether its runs have a partition in place of a logical date."""

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        """Yield every date the schedule holds with ``start <= logical_date <= end``, each with its scheduled run's interval.

        Lazy: a date is worked out when it is asked for, so the first few dates of a century cost no more than themselves.
        Logical dates ascend, without a repeat. Nothing when the schedule is not periodic, or start lies after end.
        The DAG's own first and last date play no part.

        :raises Refused: when the schedule itself fails or does not advance, at the date where it does.
        """

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        """Return the interval that a manual run at this moment works on.

        :raises Refused: when the schedule itself fails.
        """


class DagContext(Protocol):
    """One DAG with all that a plan for it depends on, as it stands while the plan is made."""

    @property
    def dag(self) -> Dag:
        """The DAG itself."""

    @property
    def timetable(self) -> Timetable:
        """Its schedule."""

    def timetable_of(self, interval: Interval) -> Timetable:
        """Return the timetable that has this between its dates: Airflow's own, in the DAG's time zone.

        A length of time counts from where the range starts.

        :raises Refused: when it is no cron expression.
        """

    @property
    def run_id_pattern(self) -> str:
        """The regular expression that new run ids must match."""

    @property
    def runs_per_loop(self) -> int:
        """How many queued runs of all DAGs the scheduler looks at in one loop, at least 1."""

    def logical_dates(self, since: dt.datetime) -> Iterator[dt.datetime]:
        """Yield the logical dates that the DAG's runs have, of whatever type and state, from ``since`` (inclusive) on.

        They ascend, without a repeat, and are read a page at a time while they are asked for.
        """

    def runs_on(self, dates: Collection[dt.datetime]) -> Mapping[dt.datetime, ExistingRun]:
        """Return the DAG's runs, of whatever type and state, that have one of these logical dates, by that date.

        Who asked for a run is known from Airflow 3.1 on.
        """

    def recent_durations(self, count: int) -> Sequence[dt.timedelta]:
        """Return how long the DAG's last runs took, by their logical date, that have ended: at most ``count`` of them.

        Runs that never started do not count. Nothing when none of the DAG's last thousand runs has ended.
        """

    def last_number(self, prefix: str) -> int:
        """Return the highest number of the group with this prefix in this DAG, 0 when there is no such group.

        The group ``a`` has no part in the runs of ``a_b`` or ``A``.
        """

    def check_conf(self, conf: Conf) -> None:
        """Hold a run's configuration against the DAG's params.

        :raises Refused: naming the param that does not fit.
        """


class DagRepository(Protocol):
    """The DAGs that Airflow knows."""

    def list(self, *, readable: frozenset[str] | None) -> Sequence[DagSummary]:
        """Return the DAGs that are not stale, paused ones too, ordered by id; only readable ones (None: all)."""

    def ping(self) -> None:
        """Return when the backend answers, and may be written to.

        :raises Unavailable: when it does not, or may not.
        """


class DagRunRepository(Protocol):
    """The runs of all DAGs, and how a batch of them comes into being."""

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

    def record(self, dag_id: str, decide: Callable[[DagContext], Batch]) -> Batch:
        """Let ``decide`` plan a batch for the DAG, record all of its runs or none, and return it.

        From the call of ``decide`` until the runs are recorded, nobody else's batch for this DAG comes between.
        When the backend asks to try again, ``decide`` is called once more, with the DAG as it then stands.
        Runs come out as Airflow makes them: manual, triggered over the REST API, queued, with all their task instances,
        with ids in the order of the batch. A run that would have no task instance makes the whole batch refused.

        :raises DagNotFound: when there is no such DAG, or it is stale.
        :raises Refused: when ``decide`` does, when Airflow would not take the batch, or when the DAG cannot be read.
        :raises Unavailable: when the backend cannot record it now.
        """

    def preview(self, dag_id: str, decide: Callable[[DagContext], Batch]) -> Batch:
        """Let ``decide`` plan a batch for the DAG as it stands, and return it; nothing is recorded.

        :raises DagNotFound: when there is no such DAG, or it is stale.
        :raises Refused: when ``decide`` does, or when the DAG cannot be read.
        :raises Unavailable: when the backend cannot record a batch now.
        """


class GroupRepository(Protocol):
    """The groups that the ids of the runs tell of, whoever made them. The group ``a`` has no part in ``a_b`` or ``A``."""

    def list(self, dag_id: str, *, start: int | None, limit: int) -> GroupPage:
        """Return the first groups of a DAG, each once, ordered by ``last_id``, the largest first; none when it has none.

        :param start: only groups whose ``last_id`` is smaller, None for all.
        :param limit: at most so many, at least 1.
        :raises DagNotFound: when there is no such DAG. One that is stale is there, and so are its groups.
        """

    def get(self, dag_id: str, prefix: str, *, now: dt.datetime) -> GroupProgress:
        """Return how far the group with this prefix is now.

        :raises GroupNotFound: when there is no such DAG, or none of its runs is in such a group.
        """

    def apply(self, group_action: GroupAction) -> GroupActionResult:
        """Do what is ordered to the first of the group's runs that it is for, by their ids, and to at most ``group_action.limit``.

        A step that would keep others waiting for too long ends sooner; it has done at least one run, if there is one, and
        says where to go on. To the runs that it names all of it was done; when it fails, nothing was done to any.

        A run that was queued and is cancelled is failed at once, and so is nothing of it left to run. One that was
        running is told to end, as Airflow does; its teardown tasks still run, and it ends after them. A run that is to run
        again is queued. Runs that have no task instance cannot run again, and are left out.

        :raises GroupNotFound: when there is no such DAG, or none of its runs is in such a group.
        :raises Refused: when the DAG cannot be read.
        :raises Unavailable: when the backend cannot do it now; nothing was done.
        """


class AuditLog(Protocol):
    """Where the backend keeps who did what. A batch enters its own part of it; this is for what did not happen."""

    def refused(self, refusal: Denial) -> None:
        """Write it down for good, by itself. It takes a few seconds at most, whatever the backend is doing.

        :raises Unavailable: when the backend cannot write it now.
        """


class Caller(Protocol):
    """Somebody who sent a request, and what they may do."""

    @property
    def name(self) -> str | None:
        """What to write down as the one who did it; None when nobody asked who they are."""

    def readable_dag_ids(self, dag_id: str | None = None) -> frozenset[str] | None:
        """Return the DAGs whose runs they may see, None for all. Asked about one DAG, it is that one or none, or None.

        To ask about one costs no more however many there are.

        :raises Unavailable: when whoever knows it does not answer.
        """

    def may_create_runs(self, dag_id: str) -> bool:
        """Tell whether they may create runs of a DAG that they may see."""

    def may_change_runs(self, dag_id: str) -> bool:
        """Tell whether they may change runs of a DAG that they may see: their state, their note, and to run again."""
