"""When the runs of a group may start: not before a moment, so many per interval, and in which order."""

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import MAX_LIMIT

MIN_INTERVAL = dt.timedelta(seconds=1)
MAX_INTERVAL = dt.timedelta(days=366)

_TICK = dt.timedelta(microseconds=1)


class Order(str, Enum):
    """The order in which dates get their numbers and their turn."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """So many runs may start per interval: 1 to 500, per second to 366 days.

    :raises ValueError: when it is out of these bounds.
    """

    runs: int
    interval: dt.timedelta

    def __post_init__(self) -> None:
        if not 1 <= self.runs <= MAX_LIMIT:
            msg = f"a pace has 1 to {MAX_LIMIT} runs per interval, not {self.runs}"
            raise ValueError(msg)
        if not MIN_INTERVAL <= self.interval <= MAX_INTERVAL:
            msg = "the interval of a pace is 1 second to 366 days"
            raise ValueError(msg)


class Starts:
    """From when on each run of a group may start, which Airflow knows as its ``run_after``.

    Airflow's scheduler takes queued runs by their ``run_after`` (DagRun.get_queued_dag_runs_to_set_running, 3.0 to 3.3),
    and those that have the same in no order that it promises: so each run's lies a microsecond behind that of the one before.
    """

    def __init__(self, base: dt.datetime, pace: Pace | None) -> None:
        """Let the first run start at the base, and all others right after it unless there is a pace."""
        self._base = base
        self._pace = pace

    def of(self, place: int, own: dt.datetime) -> dt.datetime:
        """Return when the run in this place, from 0, may start, which is not before its own ``run_after``."""
        return max(own, self._step(place) + place * _TICK)

    def after(self, count: int) -> dt.datetime:
        """Return when a run may start at the earliest that comes after so many, without breaking the pace."""
        return self._step(count + (-count % self._pace.runs if self._pace else 0))

    def _step(self, place: int) -> dt.datetime:
        if self._pace is None:
            return self._base
        try:
            return self._base + (place // self._pace.runs) * self._pace.interval
        except OverflowError:
            msg = "not_before and pace reach beyond the year 9999"
            raise Refused(msg) from None


def starts_of(order: Order, not_before: dt.datetime | None, pace: Pace | None, *, now: dt.datetime) -> Starts | None:
    """Return when the runs may start, None when each may at its own ``run_after``."""
    later = not_before is not None and not_before > now
    if order is Order.ASC and pace is None and not later:
        return None
    return Starts(max(now, not_before or now), pace)
