"""The rate limit of each caller's write requests. Each process counts for itself, so n workers allow n times as many."""

import math
import time

from falcon import Request

from airflow_run_groups.entrypoints.http.security.authentication import reads


class TooManyWrites(Exception):
    """The caller has sent as many write requests as the rate limit allows."""

    reason = "rate_limited"

    def __init__(self, rate: str, retry_after: int) -> None:
        self.headers = {"Retry-After": str(retry_after)}
        super().__init__(f"rate limit exceeded: {rate} write requests per caller")


class WriteRate:
    """Allows each caller a rate of write requests, such as ``60/minute``, in a moving window."""

    def __init__(self, rate: str) -> None:
        # Imported here, as it takes a quarter of a second, and most services have no such limit.
        from limits import parse  # noqa: PLC0415
        from limits.storage import MemoryStorage  # noqa: PLC0415
        from limits.strategies import MovingWindowRateLimiter  # noqa: PLC0415

        self._rate = rate
        self._limit = parse(rate)
        self._counter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, req: Request) -> None:
        """Count a write request for the caller in its context.

        :raises TooManyWrites: when there have been too many. This request does not count then.
        """
        if reads(req):
            return
        key = req.context.caller.name or ""  # those who have no name are one caller
        if not self._counter.hit(self._limit, key):
            again = self._counter.get_window_stats(self._limit, key).reset_time - time.time()
            raise TooManyWrites(self._rate, max(1, math.ceil(again)))
