"""The result of a request: the runs that are created, those that run again, and what a plan shows of its dates."""

import datetime as dt
from dataclasses import dataclass, replace
from enum import Enum

from airflow_run_groups.domain.control.control import Control
from airflow_run_groups.domain.control.notification import Notify
from airflow_run_groups.domain.model import Conf, DagRunType
from airflow_run_groups.domain.planning.plan_id import PlanId
from airflow_run_groups.domain.timetable import DataInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDagRun:
    """A run that is to be created, with its whole configuration; ``type_reason``: why it has its type."""

    run_id: str
    logical_date: dt.datetime
    data_interval: DataInterval
    run_after: dt.datetime
    conf: Conf
    run_type: DagRunType = DagRunType.MANUAL
    type_reason: str | None = None


class Action(str, Enum):
    CREATE = "create"
    RERUN = "rerun"
    EXISTS = "exists"
    LEFT_OUT = "left_out"
    NOT_YET = "not_yet"
    NO_TASKS = "no_tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRun:
    """The run that a date has already; ``created_by`` is the name of its creator, None where Airflow knows none.

    The rest is known where it decides whether the run runs again. ``queued_at``: when it was last queued, None where Airflow
    has not noted it. ``in_group``: whether it is a run of the request's group. ``has_tasks``: whether it has a task
    instance. ``is_held``: whether an unfinished backfill of Airflow's own has it.
    """

    logical_date: dt.datetime
    run_id: str
    state: str
    run_type: str
    created_by: str | None
    id: int = 0
    run_after: dt.datetime | None = None
    queued_at: dt.datetime | None = None
    start_date: dt.datetime | None = None
    in_group: bool = False
    has_tasks: bool = True
    is_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunDagRun:
    """A run that exists and is to run again, from its start; it keeps its id, type and creator.

    ``conf`` takes the place of the run's own, None leaves it. ``existing``: the run as it was when that was decided.
    """

    existing: ExistingRun
    run_after: dt.datetime
    conf: Conf | None = None

    @property
    def run_id(self) -> str:
        return self.existing.run_id

    @property
    def logical_date(self) -> dt.datetime:
        return self.existing.logical_date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDate:
    """A date of a plan.

    ``run_id`` and ``run_type``: those of the run to create, or of the existing run. ``state`` and ``created_by`` are those
    of the existing run. ``reason``: why no run is created. ``run_type_reason``: why the run to create has its type.
    """

    logical_date: dt.datetime
    data_interval: DataInterval
    run_after: dt.datetime
    action: Action
    run_id: str | None = None
    state: str | None = None
    run_type: str | None = None
    created_by: str | None = None
    reason: str | None = None
    run_type_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """All that comes before one of the runs that run again: new runs, existing dates, and ``next_not_before`` if it is the next."""

    runs: int
    existing: int
    next_not_before: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _GroupRuns:
    """The runs of a request, in their order, and what the caller should know about them.

    ``reruns``: the existing runs that run again. ``existing``: how many dates get no run, and have one that is left alone.
    ``next_start_date``: the first date in that order beyond the limit of a partial request, None when there is none.
    ``next_not_before``: with a pace, when the runs after these may start. ``control``: that of the group with these runs.
    ``plan_id``: what tells this outcome from all others, None where several requests would come to it.
    """

    dag_id: str
    prefix: str
    runs: tuple[NewDagRun, ...]
    existing: int
    next_start_date: dt.datetime | None
    next_not_before: dt.datetime | None
    warnings: tuple[str, ...]
    reruns: tuple[RerunDagRun, ...] = ()
    control: Control | None = None
    plan_id: PlanId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedRuns(_GroupRuns):
    """The runs that a request creates, and runs again. ``note`` is put on every run.

    ``description``, ``labels`` and ``notify`` are said of the group.
    ``created_by``: the name of the caller that the runs bear, and ``requested_by`` that of the audit log; None without one.
    ``bundle_version``: that of the request. ``before``: what comes before each of the ``reruns``, for ``up_to``.
    ``now``: the moment for which it was decided.
    """

    note: str | None
    created_by: str | None
    requested_by: str | None = None
    bundle_version: str | None = None
    description: str | None = None
    labels: tuple[str, ...] | None = None
    notify: Notify | None = None
    before: tuple[Before, ...] = ()
    now: dt.datetime | None = None

    def up_to(self, reruns: int) -> "CreatedRuns":
        """Return what there is before a rerun, given by its place from 0 on, where another request goes on."""
        if reruns == len(self.reruns):
            return self
        before = self.before[reruns]
        return replace(
            self,
            runs=self.runs[: before.runs],
            reruns=self.reruns[:reruns],
            before=self.before[:reruns],
            existing=before.existing,
            next_start_date=self.reruns[reruns].logical_date,
            next_not_before=before.next_not_before,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(_GroupRuns):
    """The runs that a request would create, and run again.

    ``dates``: its dates in the order of the runs, of those that get no run at most ``MAX_OTHERS``.
    ``expected``: how long the runs will take from now on, None when nothing is known about it.
    """

    dates: tuple[PlannedDate, ...]
    expected: dt.timedelta | None = None

    @property
    def existing_dates(self) -> tuple[dt.datetime, ...]:
        """The dates shown that have a run already."""
        return tuple(date.logical_date for date in self.dates if date.action in {Action.EXISTS, Action.RERUN})
