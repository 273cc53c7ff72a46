"""How often one caller may write. Each process counts for itself, so that several workers allow several times as much."""

from __future__ import annotations

import math
import time

from falcon import Request

from airflow_run_groups.entrypoints.http.security.authentication import reads

RATE = "[1-9][0-9]{0,4}/(second|minute|hour|day)"
"""What a rate looks like, as a regular expression."""


class TooManyWrites(Exception):
    """The caller has written as often as they may for now."""

    def __init__(self, rate: str, retry_after: int) -> None:
        self.headers = {"Retry-After": str(retry_after)}
        super().__init__(f"no more than {rate} of your requests that create something are served: try again later")


class WriteRate:
    """Serves so many writing requests of each caller in any stretch of that length."""

    def __init__(self, rate: str) -> None:
        """Allow this rate, such as ``60/minute``."""
        # Imported here, as it takes a quarter of a second, and most services have no such limit.
        from limits import parse  # noqa: PLC0415
        from limits.storage import MemoryStorage  # noqa: PLC0415
        from limits.strategies import MovingWindowRateLimiter  # noqa: PLC0415

        self._rate = rate
        self._limit = parse(rate)
        self._counter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, req: Request) -> None:
        """Count the request, if it writes, for the caller in its context; one that is refused here does not count.

        :raises TooManyWrites: when there have been too many.
        """
        if reads(req):
            return
        key = req.context.caller.name or ""  # those who have no name are one caller
        if not self._counter.hit(self._limit, key):
            again = self._counter.get_window_stats(self._limit, key).reset_time - time.time()
            raise TooManyWrites(self._rate, max(1, math.ceil(again)))
