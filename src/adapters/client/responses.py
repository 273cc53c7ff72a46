"""The JSON of each response; docs/groups.md and the README say what each key means.

Dates are RFC 3339, but for those of :class:`DagRun` and :class:`Dag`, which have the service's ``value_format``.
"""

from functools import lru_cache
from types import UnionType
from typing import Any, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

from airflow_run_groups.adapters.client.notify import Notify


class _CreatedRuns(TypedDict):
    dag_run_ids: list[str]
    existing: int
    next_start_date: str | None
    warnings: list[str]


class CreatedRuns(_CreatedRuns, total=False):
    """The runs that a request has created, and that it has run again; ``next_not_before`` is there with a pace."""

    next_not_before: str
    rerun_dag_run_ids: list[str]


class PlannedDate(TypedDict):
    """A date of a plan; ``action`` is what a creation would do about it."""

    logical_date: str
    data_interval_start: str
    data_interval_end: str
    run_after: str
    action: str
    run_id: str | None
    state: str | None
    run_type: str | None
    created_by: str | None
    reason: str | None


class _Plan(CreatedRuns):
    dry_run: bool
    plan: list[PlannedDate]
    expected_seconds: float | None


class Plan(_Plan, total=False):
    """The effect that a request would have; a request with its ``plan_id`` has exactly this one."""

    plan_id: str | None


class Stretch(TypedDict):
    """Consecutive dates of a plan about which a creation would do the same."""

    action: str
    first: str
    last: str
    total: int


class _PlanSummary(TypedDict):
    dry_run: bool
    counts: dict[str, int]
    stretches: list[Stretch]
    first_run_id: str | None
    last_run_id: str | None
    existing: int
    next_start_date: str | None
    warnings: list[str]
    expected_seconds: float | None


class PlanSummary(_PlanSummary, total=False):
    """A plan in short, of a whole range; ``counts`` are those of the actions. ``next_not_before`` is there with a pace.

    ``plan_id`` is that of the one creation that does it.
    """

    next_not_before: str
    plan_id: str | None


class StateCounts(TypedDict):
    queued: int
    running: int
    success: int
    failed: int


class GroupOrigin(TypedDict, total=False):
    """Since when a group is there, and whose it is; of services from 0.2.0 on."""

    created_at: str | None
    created_by: str | None
    note: str | None
    description: str | None
    labels: list[str]
    control: "Control | None"


class Group(GroupOrigin):
    dag_id: str
    prefix: str
    runs: int
    states: StateCounts
    first_logical_date: str | None
    last_logical_date: str | None
    cancelled: int


class Rights(TypedDict):
    """The caller's permissions for the runs of a DAG."""

    create: bool
    change: bool


class StopAfter(TypedDict, total=False):
    """After how many failed runs a group is paused: ``failed``, or ``failed_percent`` once ``of_at_least`` have ended."""

    failed: int
    failed_percent: int
    of_at_least: int


class Stopped(TypedDict):
    at: str
    rule: StopAfter


class _Stops(TypedDict, total=False):
    stop_after: StopAfter | None
    stopped: Stopped | None


class Control(_Stops):
    """The control of one group's runs; ``max_active_runs_from`` is ``group`` or ``dag``."""

    paused: bool
    paused_at: str | None
    paused_by: str | None
    max_active_runs: int
    max_active_runs_from: str


class _GroupProgress(Group):
    done: float
    max_active_runs: int
    is_paused: bool
    oldest_queued_seconds: int | None
    expected_end: str | None


class GroupProgress(_GroupProgress, total=False):
    """How far a group is; the other keys are those of services from 0.2.0 on."""

    is_stale: bool
    waiting_for: list[str]
    previous_run_id: str | None
    runs_per_minute: float | None
    uncontrolled_runs: int
    may: Rights
    notify: Notify | None
    notified: dict[str, str]


class _GroupActionResult(TypedDict):
    dag_run_ids: list[str]
    next_start: int | None
    dry_run: bool
    warnings: list[str]


class GroupActionResult(_GroupActionResult, total=False):
    """The runs to which the action was applied; ``next_start`` is where the next step begins, at ``next_not_before``."""

    next_not_before: str


class GroupChangeResult(TypedDict):
    """The group after a change; after a dry run with the ``control`` that it would have."""

    group: GroupProgress
    changed_runs: int
    dry_run: bool
    warnings: list[str]


class PausedGroups(TypedDict):
    groups: list[GroupProgress]
    next_start: int | None


class GroupResponse(TypedDict):
    group: GroupProgress


class GroupPage(TypedDict):
    groups: list[Group]
    next_start: int | str | None


class _GroupRun(TypedDict):
    id: int
    run_id: str
    logical_date: str | None
    run_type: str
    state: str
    cancelled: bool
    start_date: str | None
    end_date: str | None
    note: str | None
    failed_task_ids: list[str]


class GroupRun(_GroupRun, total=False):
    """A run of a group; ``failed_task_ids`` names the tasks of a failed run that failed. ``conf`` is there where requested."""

    conf: dict[str, object]


class GroupRunPage(TypedDict):
    dag_runs: list[GroupRun]
    next_start: int | None


class DagRun(TypedDict):
    id: int
    dag_id: str
    run_id: str
    state: str
    execution_date: str | None
    start_date: str | None
    end_date: str | None
    external_trigger: str | bool


class CoverageStretch(TypedDict):
    """Consecutive dates of one status."""

    status: str
    first: str
    last: str
    total: int


class CoveredDate(TypedDict):
    logical_date: str
    status: str
    run_id: str | None
    run_type: str | None


class _Coverage(TypedDict):
    dag_id: str
    total: int
    counts: dict[str, int]
    complete: bool
    stretches: list[CoverageStretch]
    next_start_date: str | None


class Coverage(_Coverage, total=False):
    """The outcome of each date of a range; ``dates`` are there where they were requested."""

    dates: list[CoveredDate]


class Problem(TypedDict):
    error: str
    reason: str


class DagCoverage(TypedDict):
    """The counts of one of several DAGs; ``problem`` says why nothing is counted."""

    dag_id: str
    total: int
    counts: dict[str, int]
    complete: bool
    next_start_date: str | None
    problem: Problem | None


class DagCoveragePage(TypedDict):
    coverages: list[DagCoverage]
    next_start: str | None


class CoverageResponse(TypedDict):
    coverage: Coverage


class DagRunPage(TypedDict):
    dag_runs: list[DagRun]
    next_start: int | None


class DagRunResponse(TypedDict):
    dag_run: DagRun


class Dag(TypedDict):
    dag_id: str
    is_active: str | bool
    full_path: str | None
    last_execution: str | None


class DagDetails(Dag):
    schedule: str | None
    is_paused: bool
    max_active_runs: int
    allows_range: bool
    may: Rights


class DagPage(TypedDict):
    dags: list[DagDetails]
    next_start: str | None


class Me(TypedDict):
    """The caller, and the service; ``name`` is None when callers have no names."""

    name: str | None
    auth: str
    version: str
    default_timezone: str


class MeResponse(TypedDict):
    me: Me


class DagList(TypedDict):
    dags: list[Dag]


def matches(value: Any, kind: Any) -> bool:
    """Tell whether parsed JSON has the type of a response; it may have more keys than are known here."""
    if is_typeddict(kind):
        return (
            isinstance(value, dict)
            and kind.__required_keys__ <= value.keys()
            and all(matches(value[key], inner) for key, inner in _hints(kind).items() if key in value)
        )
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(matches(value, option) for option in inner)
    if origin is dict:
        return isinstance(value, dict) and all(matches(item, inner[1]) for item in value.values())
    if origin is list:
        return isinstance(value, list) and all(matches(item, inner[0]) for item in value)
    return isinstance(value, (int, float) if kind is float else kind)


_hints = lru_cache(get_type_hints)
