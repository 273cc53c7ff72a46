"""When runs will have ended, as far as those tell that have ended before them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from statistics import median

DURATIONS = 20
"""How many of a DAG's last runs that have ended an estimate is made from."""
RECENT_RUNS = 1000
"""How many of a DAG's last runs are searched for some that have ended."""
WINDOW = dt.timedelta(minutes=15)
"""The time up to now in which the rate of a group is measured."""
ENOUGH_RUNS = 10
"""How many runs of a group have to end within the window before there is a rate."""
_DURATIONS_IN_WINDOW = 3
"""How many times the median duration fits into the window at least: runs that start together also end together, and how many
of these bursts a shorter window holds is chance."""


def runs_per_second(
    ended: int, *, first_start: dt.datetime | None, durations: Sequence[dt.timedelta], now: dt.datetime
) -> float | None:
    """Return how many runs of a group end in a second, measured within the ``WINDOW`` up to ``now``.

    :param ended: how many of its runs have ended in the window, of those that have started.
    :param first_start: when the first of these started; a group that is younger than the window is measured from then on.
    :param durations: how long the DAG's last runs took.
    :return: None when too few have ended, or each takes too long for the window.
    """
    if ended < ENOUGH_RUNS or first_start is None or first_start >= now:
        return None
    if durations and _median(durations) * _DURATIONS_IN_WINDOW > WINDOW.total_seconds():
        return None
    return ended / min(WINDOW, now - first_start).total_seconds()


def expected_end(
    starts: Iterable[tuple[int, dt.datetime]],
    durations: Sequence[dt.timedelta],
    *,
    max_active_runs: int,
    now: dt.datetime,
    rate: float | None = None,
) -> dt.datetime | None:
    """Return when the last of some runs will have ended, if they go on at this rate.

    Without a rate they are taken to run as if no others did: so many at a time, each of the median length, without a
    pause between them. It is exact then where all starts are given; where some are left out, the runs between are taken
    to start evenly. It is early by all that it leaves out: runs that the scheduler starts in one loop, pools and free workers.

    :param starts: so many of the runs have not ended, and do not start before then; the last run alone counts as 1.
    :param durations: how long the DAG's last runs took.
    :param rate: how many runs end in a second, if that was measured.
    :return: ``now`` when there are no runs, None when neither durations nor a rate are known, when no run may be active, and
        beyond the year 9999.
    """
    if max_active_runs < 1 or not (durations or rate):
        return None
    each = _median(durations) if durations else 0.0

    def seconds(runs: int) -> float:
        return max(each, runs / rate) if rate else each * -(-runs // max_active_runs)

    try:
        ends = [max(now, start) + dt.timedelta(seconds=seconds(runs)) for runs, start in starts]
    except OverflowError:
        return None
    return max(ends, default=now)


def _median(durations: Sequence[dt.timedelta]) -> float:
    return median(duration.total_seconds() for duration in durations)
