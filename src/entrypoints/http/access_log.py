"""The traces of each request: a line in the log, and metrics. Neither holds a token, a conf or any text of the client's."""

import logging
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import falcon
from falcon import Request, Response

from airflow_run_groups.adapters.metrics import (
    DAG_RUNS_CREATED,
    DAG_RUNS_RERUN,
    ERRORS,
    EXISTING_DATES,
    HTTP_REQUEST_DURATION,
    HTTP_REQUESTS,
    Meter,
)

NO_ROUTE = "none"
"""The route of a path at which there is nothing, and of a request that the server refuses before it has read the path."""
OTHER_METHOD = "other"
"""The method of such a request, and each method that HTTP does not know."""

LogRequest = Callable[[Mapping[str, object]], None]
"""Writes the line about one request, made of these facts."""


ProcessResponse = Callable[[Any, Request, Response, object, bool], None]

_log = logging.getLogger(__name__)


def contained(process_response: ProcessResponse) -> ProcessResponse:
    """Log what goes wrong with a trace of a request, such as a full disk: the response says what was done, and stays."""

    @wraps(process_response)
    def contained(self: Any, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        try:
            process_response(self, req, resp, resource, req_succeeded)
        except Exception as error:  # noqa: BLE001 - whatever it is, the request is over
            _log.warning("request %s has left no complete trace: %r", req.context.request_id, error)

    return contained


class AccessLog:
    """The first of the middleware, so that it sees every request and every response."""

    def __init__(self, log_request: LogRequest, meter: Meter) -> None:
        self._log_request = log_request
        self._meter = meter

    def process_request(self, req: Request, resp: Response) -> None:
        req.context.started = time.perf_counter()

    @contained
    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        """Log and count the request, with what the resources have noted in ``req.context``."""
        context = req.context
        seconds = time.perf_counter() - context.started
        method = req.method if req.method in falcon.HTTP_METHODS else OTHER_METHOD
        route = req.uri_template or NO_ROUTE
        facts: dict[str, object] = {
            "request_id": context.request_id,
            "method": method,
            "route": route,
            "status": resp.status_code,
            "duration_ms": round(seconds * 1000, 1),
        }
        caller = getattr(context, "caller", None)
        known = {
            "caller": caller and (caller.name or getattr(caller, "token", None)),
            "dag_id": getattr(context, "dag_id", None),
            "reason": getattr(context, "reason", None),
        }
        facts.update((key, value) for key, value in known.items() if value is not None)
        created = getattr(context, "created", None)
        if created is not None:
            facts["runs_created"] = len(created.runs)
            facts["runs_rerun"] = len(created.reruns)
            facts["existing_dates"] = created.existing
            self._meter.increment(DAG_RUNS_CREATED, len(created.runs))
            self._meter.increment(DAG_RUNS_RERUN, len(created.reruns))
            self._meter.increment(EXISTING_DATES, created.existing)
        result = getattr(context, "group_action_result", None)
        if result is not None:
            facts["runs_changed"] = 0 if result.dry_run else len(result.dag_run_ids)
        if "reason" in facts:
            self._meter.increment(ERRORS, reason=str(facts["reason"]))
        self._meter.increment(HTTP_REQUESTS, method=method, route=route, status=str(resp.status_code))
        self._meter.observe(HTTP_REQUEST_DURATION, seconds, method=method, route=route)
        self._log_request(facts)


def log_server_error(log_request: LogRequest, meter: Meter, *, request_id: str, status: int, reason: str) -> None:
    """Log and count a request that the server refuses before the application sees it, as far as it is known."""
    meter.increment(ERRORS, reason=reason)
    meter.increment(HTTP_REQUESTS, method=OTHER_METHOD, route=NO_ROUTE, status=str(status))
    request = {"request_id": request_id, "method": OTHER_METHOD, "route": NO_ROUTE}
    log_request({**request, "status": status, "reason": reason})
