"""The forms beyond cron that croniter, by which Airflow and the in-memory backend read cron expressions, accepts."""

import re

from airflow_run_groups.domain.errors import Refused

RANDOM = "its R leaves the dates to chance, so that a plan and a creation would have other ones"
_RANDOM = re.compile(r"r(\(.*\))?(/.*)?", re.IGNORECASE)


def is_random(expression: str) -> bool:
    """Tell whether an expression leaves a field to chance (``R``), so that each reading of it gives other dates."""
    return any(_RANDOM.fullmatch(field) for field in expression.split())


NO_INTERVAL = "is neither an ISO 8601 duration, such as PT6H or P1W, nor a cron expression, such as 0 6 * * 1"
"""The words about the interval of a request that cannot be read."""


def check_interval(interval: str) -> None:
    """Check that the interval of a request means the same dates each time.

    :raises Refused: when it leaves a field to chance.
    """
    if is_random(interval):
        msg = f"interval {interval!r} cannot be used: {RANDOM}"
        raise Refused(msg)
