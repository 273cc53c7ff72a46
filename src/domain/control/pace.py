"""When the runs of a group may start: not before a moment, so many per interval, and in which order."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import MAX_LIMIT

MIN_INTERVAL = dt.timedelta(seconds=1)
MAX_INTERVAL = dt.timedelta(days=366)

_TICK = dt.timedelta(microseconds=1)
_CREATION = dt.timedelta(minutes=1)
"""For so long, at most, a group is planned and written; its first run may start from the beginning of that on."""


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

    Airflow's scheduler takes queued runs by their ``run_after`` (DagRun.get_queued_dag_runs_to_set_running, 3.0 to 3.4),
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


class Restarts:
    """From when on each run may start that is to run again, in the order in which they are given.

    With a pace they start anew by it. Without one, runs that are spaced keep their distances, the first at once; all
    others keep their ``run_after``.
    """

    def __init__(self, pace: Pace | None, not_before: dt.datetime | None, *, now: dt.datetime) -> None:
        """Let none start before ``not_before``."""
        self._not_before = not_before
        self._base = max(now, not_before or now)
        self._starts = None if pace is None else Starts(self._base, pace)
        self._count = 0
        self._delay: dt.timedelta | None = None

    def next(self, run_after: dt.datetime, *, spaced: bool) -> dt.datetime:
        """Return from when on the next run may start, which could have started from ``run_after`` on."""
        if self._starts is not None:
            self._count += 1
            return self._starts.of(self._count - 1, self._base)
        if not spaced:
            return run_after if self._not_before is None else max(run_after, self._base)
        if self._delay is None:
            self._delay = max(self._base - run_after, dt.timedelta())
        return run_after + self._delay

    def rest(self, run_after: dt.datetime, *, spaced: bool) -> dt.datetime | None:
        """Return the ``not_before`` of the runs that are left, given the first of them; None when they have none to keep."""
        if self._starts is not None:
            return self._starts.after(self._count)
        return self._not_before if self._delay is None or not spaced else run_after + self._delay


def is_spaced(run_after: dt.datetime, scheduled: Sequence[dt.datetime | None], created_at: dt.datetime | None) -> bool:
    """Tell whether a run may start later than its schedule says, as runs of a group do that has a pace or an order.

    :param scheduled: its logical date and the end of its data interval, as far as it has them.
    :param created_at: None where that is not known. A run that could have started long before has a late schedule.
    """
    return all(date is None or run_after > date for date in scheduled) and (
        created_at is None or run_after > created_at - _CREATION
    )


def starts_of(order: Order, not_before: dt.datetime | None, pace: Pace | None, *, now: dt.datetime) -> Starts | None:
    """Return when the runs may start, None when each may at its own ``run_after``."""
    later = not_before is not None and not_before > now
    if order is Order.ASC and pace is None and not later:
        return None
    return Starts(max(now, not_before or now), pace)
