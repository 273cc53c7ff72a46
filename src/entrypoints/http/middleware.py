"""What happens to every request before its resource sees it."""

from __future__ import annotations

import re
from uuid import uuid4

import falcon
from falcon import Request, Response
from structlog.contextvars import bind_contextvars, unbind_contextvars

from airflow_run_groups.domain import Forbidden
from airflow_run_groups.entrypoints.http.security.authentication import Authenticator, ReadAccess, reads
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestId:
    """Gives the request the id that it came with, if that is fit for a log, or a new one, and answers with it.

    Whatever this thread logs meanwhile has the id.
    """

    def process_request(self, req: Request, resp: Response) -> None:
        """Set ``req.context.request_id``."""
        sent = req.get_header("X-Request-Id", default="")
        req.context.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid4().hex
        bind_contextvars(request_id=req.context.request_id)
        resp.set_header("X-Request-Id", req.context.request_id)

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        """Leave the thread to other requests."""
        unbind_contextvars("request_id")


class Authentication:
    """Lets nobody pass who is not identified, except to the open paths; that there is nothing at a path is no secret."""

    def __init__(
        self, authenticator: Authenticator, open_paths: frozenset[str], write_rate: WriteRate | None = None
    ) -> None:
        """Identify callers with this authenticator, and let each of them write at this rate."""
        self._authenticator = authenticator
        self._open_paths = open_paths
        self._write_rate = write_rate

    def process_resource(self, req: Request, resp: Response, resource: object, params: object) -> None:
        """Set ``req.context.caller``."""
        if req.path in self._open_paths:
            return
        caller = req.context.caller = self._authenticator.identify(req)
        if isinstance(caller, ReadAccess) and not reads(req):
            msg = f"your token {caller.token!r} is read-only: it lists and shows, and creates nothing"
            raise Forbidden(msg)
        if self._write_rate is not None:
            self._write_rate.check(req)


class SecurityHeaders:
    """Tells browsers to make no more of an answer than it is, unless its resource knows better."""

    HEADERS = (
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    )

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        """Set the headers."""
        for name, value in self.HEADERS:
            if resp.get_header(name) is None:
                resp.set_header(name, value)


class PathAsWritten:
    """Finds nothing at a path that begins with two slashes. Falcon takes them for one, and a proxy's rules may not."""

    def process_request(self, req: Request, resp: Response) -> None:
        """Refuse it."""
        if req.path.startswith("//"):
            raise falcon.HTTPRouteNotFound


class KnownMethods:
    """Answers a method that HTTP does not know like one that the resource does not have."""

    def process_resource(self, req: Request, resp: Response, resource: object, params: object) -> None:
        """Refuse it."""
        if req.method not in falcon.COMBINED_METHODS:
            raise falcon.HTTPMethodNotAllowed(
                [method for method in falcon.HTTP_METHODS if hasattr(resource, f"on_{method.lower()}")]
            )
