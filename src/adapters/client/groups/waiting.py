"""Looks at a group until all of its runs have ended: often while something happens, less often while nothing does."""

import time
from collections.abc import Callable, Iterator

from airflow_run_groups.adapters.client.responses import GroupProgress

FIRST_PAUSE = 1.0
"""Seconds until the next look at a group to which something has just happened."""
LONGEST_PAUSE = 5.0
"""Seconds until the next look at a group to which nothing has happened for a while."""
_GROWTH = 1.5


def looks(
    look: Callable[[], GroupProgress], timeout: float | None, *, sleep: Callable[[float], None]
) -> Iterator[GroupProgress]:
    """Yield the group at each look, the last one when all of its runs have ended, or the time is over.

    :param look: returns the group: the very object of its last call, when nothing has happened since.
    :param timeout: seconds; None for as long as it takes.
    """
    begin = time.monotonic()
    pause = FIRST_PAUSE
    yield (group := look())
    while is_unfinished(group):
        left = None if timeout is None else timeout - (time.monotonic() - begin)
        if left is not None and left <= 0:
            return
        sleep(pause if left is None else min(pause, left))
        before, group = group, look()
        pause = min(pause * _GROWTH, LONGEST_PAUSE) if group is before else FIRST_PAUSE
        yield group


def is_unfinished(group: GroupProgress) -> bool:
    """Tell whether some runs of a group have not ended yet."""
    return group["states"]["queued"] + group["states"]["running"] > 0
