"""When and in which order the queued runs of a group start after a change."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from airflow_run_groups.domain.control.change import GroupChange, Keep
from airflow_run_groups.domain.control.pace import Order, Starts
from airflow_run_groups.domain.errors import Refused

_TICK = dt.timedelta(microseconds=1)


class QueuedRun(NamedTuple):
    """A queued run in its place: ``ordinal`` is what Airflow orders controlled runs by, None for one without control."""

    id: int
    logical_date: dt.datetime | None
    run_after: dt.datetime
    ordinal: int | None = None


class Turn(NamedTuple):
    """When a queued run may start, in the order in which runs do."""

    id: int
    run_after: dt.datetime


def turns(queue: Iterable[QueuedRun], change: GroupChange, *, now: dt.datetime) -> list[Turn]:
    """Return when each queued run may start after a change, in their new order; those of a repeated change stay as they are.

    :param queue: the group's queued runs, in any order.
    """
    present = sorted(queue, key=_place)
    wanted = (
        present if isinstance(change.order, Keep) else sorted(present, key=_date, reverse=change.order is Order.DESC)
    )
    base = max(now, change.not_before) if isinstance(change.not_before, dt.datetime) else now
    times = [run.run_after for run in present]
    if not change.rearranges or (wanted == present and _are_already(times, change, base, now)):
        return [Turn(run.id, run.run_after) for run in present]
    if not isinstance(change.pace, Keep):
        starts = Starts(base, change.pace)
        times = [starts.of(place, base) for place in range(len(wanted))]
    else:
        times = sorted(max(time, now) for time in times)
        times = _one_by_one(times, dt.timedelta() if isinstance(change.not_before, Keep) else base - times[0])
    return [Turn(run.id, time) for run, time in zip(wanted, times, strict=True)]


def _place(run: QueuedRun) -> tuple[int, dt.datetime, int]:
    """Return what Airflow orders queued runs by (DagRun.get_queued_dag_runs_to_set_running, 3.0 to 3.3)."""
    return (run.ordinal or 0, run.run_after, run.id)


def _date(run: QueuedRun) -> tuple[dt.datetime, int]:
    return (run.logical_date or run.run_after, run.id)


def _are_already(times: Sequence[dt.datetime], change: GroupChange, base: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether runs that keep their order start as the change has it: from the base on, or where that is now, by now."""
    if isinstance(change.pace, Keep) and isinstance(change.not_before, Keep):
        return True
    if not times:
        return True
    first = times[0]
    starts_there = first == base if base > now else first <= now
    if isinstance(change.pace, Keep):
        return starts_there and all(one < other for one, other in pairwise(times))
    starts = Starts(first, change.pace)
    is_lately = change.pace is None or first > now - change.pace.interval
    return starts_there and is_lately and all(time == starts.of(place, first) for place, time in enumerate(times))


def _one_by_one(ascending: Iterable[dt.datetime], delay: dt.timedelta) -> list[dt.datetime]:
    """Return the times with this delay, no two of them the same."""
    later: list[dt.datetime] = []
    try:
        for time in ascending:
            later.append(max(time + delay, later[-1] + _TICK) if later else time + delay)
    except OverflowError:
        msg = "not_before reaches beyond the year 9999"
        raise Refused(msg) from None
    return later
