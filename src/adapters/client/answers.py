"""What the service answers, as the JSON that it is; docs/groups.md and the README have what each key means.

Dates are RFC 3339, but for those of :class:`DagRun` and :class:`Dag`, which come as the service's ``value_format`` has them.
"""

from __future__ import annotations

from typing import TypedDict


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


class Group(TypedDict):
    """A group in a list."""

    dag_id: str
    prefix: str
    runs: int
    states: dict[str, int]
    first_logical_date: str | None
    last_logical_date: str | None


class GroupProgress(Group):
    """How far a group is."""

    done: float
    max_active_runs: int
    is_paused: bool
    oldest_queued_seconds: int | None
    expected_end: str | None


class Steered(TypedDict):
    """To which runs something was done."""

    dag_run_ids: list[str]
    next_start: int | None
    dry_run: bool


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


class Dag(TypedDict):
    """A DAG in a list."""

    dag_id: str
    is_active: bool
    full_path: str
    last_execution: str | None
