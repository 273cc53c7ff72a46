"""DAGs and their runs, and what is said of all their dates."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

Conf = Mapping[str, object]
"""A run's configuration: what a JSON object holds."""
MAX_DAG_ID_LENGTH = 250
"""Characters of a DAG's id (airflow.models.base.StringID, 3.0 to 3.4)."""
MAX_LIMIT = 500
"""The most runs that one request creates, changes or lists, and that a pace starts per interval."""


class DagRunState(str, Enum):
    """The states a run can be in (airflow.utils.state.DagRunState, 3.0 to 3.4)."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class DagRunType(str, Enum):
    """Every run type of any Airflow 3 (airflow.utils.types.DagRunType, 3.0 to 3.4)."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    BACKFILL = "backfill"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"
    OPERATOR_TRIGGERED = "operator_triggered"

    @property
    def externally_triggered(self) -> bool:
        """Whether a caller triggered the run, as ``external_trigger`` said until Airflow 3 dropped that column."""
        return self.value in _EXTERNALLY_TRIGGERED


_EXTERNALLY_TRIGGERED = frozenset({"manual", "asset_materialization", "operator_triggered"})


class TaskWindow(NamedTuple):
    """Between which dates, both inclusive, a run gets an instance of a task; None: no bound."""

    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def holds(self, date: dt.datetime) -> bool:
        return (self.start is None or self.start <= date) and (self.end is None or date <= self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dag:
    """The facts about one DAG that planning needs.

    ``start_date`` and ``end_date`` bound the dates, both inclusive, for which a run gets at least one task; None: no bound.
    ``task_windows``: the window of each task, without repeats; None: there is one task, for all dates within these bounds.
    ``max_active_runs`` is how many of its runs Airflow executes at the same time, at least 1.
    ``is_scheduled``: whether Airflow creates runs of the DAG by itself. ``catchup``: whether it creates the past ones, too.
    ``counts_from_last_run``: whether the next scheduled date follows from the one before, and not from the clock alone; then,
    and with ``catchup``, ``latest_automated`` is the latest date of the DAG's scheduled and backfill runs, None without any.
    ``depends_on_past``: whether a task waits for the run before. ``has_latest_only``: whether a task is a
    ``LatestOnlyOperator``. ``has_deadlines``: whether Airflow watches how long its runs take. ``is_draining``: whether
    Airflow pauses the DAG when none of its runs is left to finish, and creates none until then.
    """

    dag_id: str
    is_paused: bool = False
    max_active_runs: int = 16
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    task_windows: frozenset[TaskWindow] | None = None
    has_import_errors: bool = False
    allows_manual_runs: bool = True
    allows_backfill_runs: bool = True
    is_scheduled: bool = True
    catchup: bool = False
    counts_from_last_run: bool = False
    latest_automated: dt.datetime | None = None
    depends_on_past: bool = False
    has_latest_only: bool = False
    has_deadlines: bool = False
    is_draining: bool = False

    def has_task_at(self, date: dt.datetime) -> bool:
        """Tell whether a manual run at this date gets a task instance (DagRun.verify_integrity, 3.0 to 3.4)."""
        return any(window.holds(date) for window in self._windows)

    def has_all_tasks_at(self, date: dt.datetime) -> bool:
        """Tell whether a manual run at this date gets an instance of every task."""
        return all(window.holds(date) for window in self._windows)

    @property
    def _windows(self) -> frozenset[TaskWindow]:
        return (
            frozenset({TaskWindow(self.start_date, self.end_date)}) if self.task_windows is None else self.task_windows
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DagSummary:
    """A DAG as the list of DAGs shows it; ``last_logical_date`` is the largest of its runs, None without any."""

    dag_id: str
    is_paused: bool
    fileloc: str
    last_logical_date: dt.datetime | None


class DagRun(NamedTuple):
    """A run as lists show it, a tuple since there are hundreds in a list.

    ``id`` grows in the order of creation. ``state`` and ``run_type`` are plain text, since a newer Airflow may know
    more of them than we do. Dates are aware; ``logical_date`` is None for the runs that Airflow makes without one.
    """

    id: int
    dag_id: str
    run_id: str
    state: str
    run_type: str
    logical_date: dt.datetime | None
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    is_of_api: bool = False
    """Whether a request over HTTP has made it: Airflow itself makes backfill runs, too."""

    @property
    def external_trigger(self) -> bool:
        """Whether a caller triggered the run; an unknown type counts as Airflow's own."""
        return self.run_type in _EXTERNALLY_TRIGGERED or (self.run_type == DagRunType.BACKFILL and self.is_of_api)


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRunFilter:
    """Which runs a list shows.

    ``start``: only runs created after this one, an ``id`` (0: from the first) or a run id.
    ``limit``: at most so many, at least 1. ``prefix``: the run id starts with it, letter for letter.
    ``readable``: only runs of these DAGs, None: of any.
    """

    start: int | str = 0
    limit: int = 50
    state: DagRunState | None = None
    external_trigger: bool | None = None
    prefix: str | None = None
    dag_id: str | None = None
    readable: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRunPage:
    """Part of a list of runs, ordered by ``id``; ``next_start`` is the ``start`` of the next part, None on the last."""

    runs: tuple[DagRun, ...]
    next_start: int | None


def require_moments(*dates: dt.datetime) -> None:
    """Check that each date names a moment in time.

    :raises ValueError: when a date is naive, or lies outside the years 1 to 9999 in UTC.
    """
    for date in dates:
        if date.tzinfo is None:
            msg = f"{date.isoformat()} has no time zone"
            raise ValueError(msg)
        try:
            date.astimezone(dt.timezone.utc)
        except OverflowError:
            msg = f"{date.isoformat()} lies outside the years 1 to 9999 in UTC"
            raise ValueError(msg) from None


def in_utc(date: dt.datetime) -> str:
    """Write an aware date in UTC, as RFC 3339 has it, ending in ``Z``."""
    return date.astimezone(dt.timezone.utc).isoformat().replace("+00:00", "Z")
