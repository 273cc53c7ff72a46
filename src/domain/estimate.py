"""When runs will have ended, as far as those tell that have ended before them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from statistics import median

DURATIONS = 20
"""How many of a DAG's last runs that have ended an estimate is made from."""
RECENT_RUNS = 1000
"""How many of a DAG's last runs are searched for some that have ended."""


def expected_end(
    starts: Iterable[tuple[int, dt.datetime]],
    durations: Sequence[dt.timedelta],
    *,
    max_active_runs: int,
    now: dt.datetime,
) -> dt.datetime | None:
    """Return when the last of some runs will have ended, if no others run: so many at a time, each of the median length.

    It is exact where all starts are given; where some are left out, the runs between are taken to start evenly.

    :param starts: so many of the runs have not ended, and do not start before then; the last run alone counts as 1.
    :param durations: how long the DAG's last runs took.
    :return: ``now`` when there are no runs, None when there are no durations, and beyond the year 9999.
    """
    if not durations:
        return None
    each = median(duration.total_seconds() for duration in durations)
    try:
        ends = [max(now, start) + dt.timedelta(seconds=each * -(-runs // max_active_runs)) for runs, start in starts]
    except OverflowError:
        return None
    return max(ends, default=now)
