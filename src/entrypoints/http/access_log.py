"""What is kept of each request: a line in the log, and numbers. Neither holds a token, a conf or what a client made up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import falcon
from falcon import Request, Response

NO_ROUTE = "none"
"""The route of a path at which there is nothing, and of a request that the server refuses before it has read the path."""

LogRequest = Callable[[Mapping[str, object]], None]
"""Writes the line about one request, made of these facts."""


class Meter(Protocol):
    """Counts and measures. What tells numbers of one kind apart comes from the code and never from a client."""

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer, and the seconds that it took to make."""

    def group(self, *, created: int, existing: int) -> None:
        """Count the runs of a group, and the dates that it skipped, since they had a run."""

    def refusal(self, reason: str) -> None:
        """Count an answer that is an error which the code foresees."""


class NoMeter:
    """Counts nothing."""

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Forget it."""

    def group(self, *, created: int, existing: int) -> None:
        """Forget it."""

    def refusal(self, reason: str) -> None:
        """Forget it."""


class AccessLog:
    """Sees each request come, and its answer go. The first of the middleware, so that it sees all of both."""

    def __init__(self, log_request: LogRequest, meter: Meter) -> None:
        """Tell these two."""
        self._log_request = log_request
        self._meter = meter

    def process_request(self, req: Request, resp: Response) -> None:
        """Take the time."""
        req.context.started = time.perf_counter()

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        """Tell of it, what the resources have noted in ``req.context`` included."""
        context = req.context
        seconds = time.perf_counter() - context.started
        method = req.method if req.method in falcon.HTTP_METHODS else "other"
        route = req.uri_template or NO_ROUTE
        facts: dict[str, object] = {
            "request_id": context.request_id,
            "method": method,
            "route": route,
            "status": resp.status_code,
            "milliseconds": round(seconds * 1000, 1),
        }
        caller = getattr(context, "caller", None)
        told = {
            "user": caller and (caller.name or getattr(caller, "token", None)),
            "dag_id": getattr(context, "dag_id", None),
            "refusal": getattr(context, "refusal", None),
        }
        facts.update((key, value) for key, value in told.items() if value is not None)
        created = getattr(context, "created", None)
        if created is not None:
            facts["runs_created"] = len(created.runs)
            facts["dates_existing"] = created.existing
            self._meter.group(created=len(created.runs), existing=created.existing)
        result = getattr(context, "group_action_result", None)
        if result is not None:
            facts["runs_changed"] = 0 if result.dry_run else len(result.dag_run_ids)
        if "refusal" in facts:
            self._meter.refusal(str(facts["refusal"]))
        self._meter.request(method=method, route=route, status=resp.status_code, seconds=seconds)
        self._log_request(facts)


def log_server_error(log_request: LogRequest, meter: Meter, *, request_id: str, status: int) -> None:
    """Tell of a request that the server answers in the application's place, with no more than it knows of it."""
    refusal = f"Http{status}"
    facts = {"request_id": request_id, "method": "other", "route": NO_ROUTE, "status": status, "refusal": refusal}
    meter.refusal(refusal)
    meter.request(method="other", route=NO_ROUTE, status=status, seconds=0)
    log_request(facts)
