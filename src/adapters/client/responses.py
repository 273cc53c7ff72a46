"""What the service answers, as the JSON that it is; docs/groups.md and the README have what each key means.

Dates are RFC 3339, but for those of :class:`DagRun` and :class:`Dag`, which come as the service's ``value_format`` has them.
"""

from __future__ import annotations

from functools import lru_cache
from types import UnionType
from typing import Any, TypedDict, get_args, get_origin, get_type_hints, is_typeddict


class _Created(TypedDict):
    dag_run_ids: list[str]
    existing: int
    next_start_date: str | None
    warnings: list[str]


class Created(_Created, total=False):
    """What a request has created; ``next_not_before`` is there with a pace."""

    next_not_before: str


class PlannedDate(TypedDict):
    """A date of a plan, and what would be done about it."""

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


class Plan(Created):
    """What a request would create."""

    dry_run: bool
    plan: list[PlannedDate]
    expected_seconds: float | None


class StateCounts(TypedDict):
    """How many runs are in each state."""

    queued: int
    running: int
    success: int
    failed: int


class Group(TypedDict):
    """A group in a list."""

    dag_id: str
    prefix: str
    runs: int
    states: StateCounts
    first_logical_date: str | None
    last_logical_date: str | None


class GroupProgress(Group):
    """How far a group is."""

    done: float
    max_active_runs: int
    is_paused: bool
    oldest_queued_seconds: int | None
    expected_end: str | None


class GroupActionResult(TypedDict):
    """To which runs something was done."""

    dag_run_ids: list[str]
    next_start: int | None
    dry_run: bool


class GroupAnswer(TypedDict):
    """The answer about one group."""

    group: GroupProgress


class GroupPage(TypedDict):
    """A page of groups, and where the next one begins."""

    groups: list[Group]
    next_start: int | str | None


class DagRun(TypedDict):
    """A run in a list."""

    id: int
    dag_id: str
    run_id: str
    state: str
    execution_date: str | None
    start_date: str | None
    end_date: str | None
    external_trigger: str | bool


class DagRunPage(TypedDict):
    """A page of runs, and where the next one begins."""

    dag_runs: list[DagRun]
    next_start: int | None


class Dag(TypedDict):
    """A DAG in a list."""

    dag_id: str
    is_active: str | bool
    full_path: str | None
    last_execution: str | None


class DagList(TypedDict):
    """All DAGs."""

    dags: list[Dag]


def fits(value: Any, kind: Any) -> bool:
    """Tell whether a value that was read from JSON is of a kind that is written down here; keys may be more than are known."""
    if is_typeddict(kind):
        return (
            isinstance(value, dict)
            and kind.__required_keys__ <= value.keys()
            and all(fits(value[key], inner) for key, inner in _hints(kind).items() if key in value)
        )
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(fits(value, one) for one in inner)
    if origin is list:
        return isinstance(value, list) and all(fits(one, inner[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(one, inner[1]) for one in value.values())
    return isinstance(value, (int, float) if kind is float else kind)


_hints = lru_cache(get_type_hints)
