"""The rate limits of each caller's write requests and dry runs. Each process counts for itself: n workers allow n times as many."""

import math
import time

from falcon import Request

from airflow_run_groups.entrypoints.http.security.authentication import reads


class TooManyWrites(Exception):
    """The caller has sent as many write requests, or dry runs, as the rate limit allows."""

    reason = "rate_limited"

    def __init__(self, rate: str, retry_after: int, *, what: str = "write requests") -> None:
        """Say which requests these are: ``what`` names them."""
        self.headers = {"Retry-After": str(retry_after)}
        super().__init__(f"rate limit exceeded: {rate} {what} per caller")


class WriteRate:
    """Allows each caller a rate of write requests, such as ``60/minute``, in a moving window, and one of dry runs.

    A request with ``dry_run`` writes nothing, so that a preview while somebody types uses up none of their writes.
    """

    def __init__(self, rate: str | None, *, plans: str | None = None) -> None:
        """Allow these rates, None for any number of writes; None for dry runs: as many as writes, counted by themselves."""
        # Imported here, as it takes a quarter of a second, and most services have no such limit.
        from limits import parse  # noqa: PLC0415
        from limits.storage import MemoryStorage  # noqa: PLC0415
        from limits.strategies import MovingWindowRateLimiter  # noqa: PLC0415

        self._rates = {False: rate, True: plans or rate}
        self._limits = {is_plan: parse(each) for is_plan, each in self._rates.items() if each is not None}
        self._counter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, req: Request, *, is_plan: bool = False) -> None:
        """Count a write request, or a dry run, for the caller in its context.

        :raises TooManyWrites: when there have been too many. This request does not count then.
        """
        limit = self._limits.get(is_plan)
        if limit is None or reads(req):
            return
        key = ("plan" if is_plan else "write", req.context.caller.name or "")  # those who have no name are one caller
        if not self._counter.hit(limit, *key):
            again = self._counter.get_window_stats(limit, *key).reset_time - time.time()
            what = "requests with dry_run" if is_plan else "write requests"
            raise TooManyWrites(str(self._rates[is_plan]), max(1, math.ceil(again)), what=what)
