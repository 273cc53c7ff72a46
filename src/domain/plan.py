"""What a request would do, date by date, for somebody who wants to know before it is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from airflow_run_groups.domain.estimate import expected_end
from airflow_run_groups.domain.model import DataInterval

if TYPE_CHECKING:
    from airflow_run_groups.domain.planning import Batch

MAX_OTHERS = 1000
"""The most dates that a plan shows beside those that get a run."""


class Action(str, Enum):
    """What a request does about a date."""

    CREATE = "create"
    EXISTS = "exists"
    LEFT_OUT = "left_out"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRun:
    """A run that a date has already; ``created_by`` is the name of who asked for it, None where Airflow knows none."""

    logical_date: dt.datetime
    run_id: str
    state: str
    run_type: str
    created_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDate:
    """A date that a request looks at.

    ``run_id``: that of the run to create, or of the one that exists. ``state``, ``run_type`` and ``created_by`` are those
    of a run that exists. ``reason``: why no run is created.
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


def complete(
    batch: Batch,
    *,
    existing: Mapping[dt.datetime, ExistingRun],
    durations: Sequence[dt.timedelta],
    max_active_runs: int,
    now: dt.datetime,
) -> Batch:
    """Add to a planned batch what is known of the runs that exist, and how long its runs will probably take.

    :param durations: how long the DAG's last runs took, empty when there are none.
    """
    dates = tuple(_with_run(one, existing.get(one.logical_date)) for one in batch.dates)
    starts = [(len(batch.runs) - before, run.run_after) for before, run in enumerate(batch.runs)]
    end = expected_end(starts, durations, max_active_runs=max_active_runs, now=now)
    return replace(batch, dates=dates, expected=None if end is None else end - now)


def _with_run(date: PlannedDate, run: ExistingRun | None) -> PlannedDate:
    if date.action is not Action.EXISTS or run is None:
        return date
    return replace(date, run_id=run.run_id, state=run.state, run_type=run.run_type, created_by=run.created_by)
