"""The options of calls that have many."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypedDict

from airflow_run_groups.adapters.client.notify import Notify
from airflow_run_groups.adapters.client.responses import GroupActionResult, StopAfter


class ActionOptions(TypedDict, total=False):
    """How an action is applied to a group, in as many steps as it takes."""

    dry_run: bool
    """Only say to which runs."""
    step: int
    """Runs of one request, 1 to 500, 100 when it is left out."""
    on_step: Callable[[GroupActionResult], object]
    """Called with the result of each step."""
    dates: Sequence[str | dt.datetime] | None
    """Only on the runs with these logical dates; None for all."""
    run_ids: Sequence[str] | None
    """Only on the runs with these ids, in place of dates; None for all."""


class GroupSearch(TypedDict, total=False):
    """Which groups :meth:`Client.groups` yields."""

    state: str | None
    """``active``: with queued or running runs; ``failed``: with failed ones."""
    prefix: str | None
    """How the group's prefix begins, letter for letter."""
    created_by: str | None
    """The creator of the group's first run has exactly this name."""


class Wishes(TypedDict, total=False):
    """The fields that :meth:`Client.change` changes; None restores the default, and a field that is left out stays as it is."""

    paused: bool | None
    max_active_runs: int | None
    stop_after: StopAfter | None
    pace: str | None
    not_before: str | dt.datetime | None
    order: str | None
    description: str | None
    labels: list[str] | None
    notify: Notify | None
