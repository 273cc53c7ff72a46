"""The middleware of every request."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import uuid4

import falcon
from falcon import Request, Response
from structlog.contextvars import bind_contextvars, unbind_contextvars

from airflow_run_groups.entrypoints.http.security.authentication import (
    Authenticator,
    LimitedAccess,
    ReadOnlyToken,
    reads,
)
from airflow_run_groups.entrypoints.http.security.headers import SECURITY_HEADERS
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate

_PARAMETER = re.compile(r"\{\w+\}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestId:
    """Gives the request its ``X-Request-Id``, if that is fit for a log, or a new one; the response has it, too.

    So does every line that this thread logs meanwhile.
    """

    def process_request(self, req: Request, resp: Response) -> None:
        sent = req.get_header("X-Request-Id", default="")
        req.context.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid4().hex
        bind_contextvars(request_id=req.context.request_id)
        resp.set_header("X-Request-Id", req.context.request_id)

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        unbind_contextvars("request_id")


class Authentication:
    """Identifies the caller of each request, and limits their writes. Open paths need no caller, nor does a 404."""

    def __init__(self, authenticator: Authenticator, open_paths: Iterable[str], write_rate: WriteRate | None) -> None:
        self._authenticator = authenticator
        self._open_paths = frozenset(open_paths)
        self._write_rate = write_rate

    def process_resource(self, req: Request, resp: Response, resource: object, params: object) -> None:
        if req.path in self._open_paths:
            return
        caller = req.context.caller = self._authenticator.identify(req)
        if isinstance(caller, LimitedAccess) and caller.is_read_only and not reads(req):
            raise ReadOnlyToken(caller.token)
        if self._write_rate is not None:
            if getattr(resource, "has_dry_run", False) and hasattr(resource, f"on_{req.method.lower()}"):
                req.context.write_rate = self._write_rate  # its body says what counts
            else:
                self._write_rate.check(req)


class SecurityHeaders:
    """Keeps browsers from interpreting, caching and framing responses; a resource may set other values."""

    HEADERS = SECURITY_HEADERS

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        for name, value in self.HEADERS:
            if resp.get_header(name) is None:
                resp.set_header(name, value)


class PathAsWritten:
    """A path has one spelling; any other is a 404: a proxy's rule for a path knows the one that is documented.

    WSGI decodes paths, and Falcon takes two slashes for one and drops the last: ``/%6detrics`` and ``/metrics/`` would be
    ``/metrics``. A part that is no literal of a route, such as the id of a run, may be percent-encoded or not.
    """

    def process_request(self, req: Request, resp: Response) -> None:
        if req.path.startswith("//"):
            raise falcon.HTTPRouteNotFound

    def process_resource(self, req: Request, resp: Response, resource: object, params: object) -> None:
        path = _path_as_written(req)
        may_end_in_slash = getattr(resource, "may_end_in_slash", False)
        if path.endswith("//") and (may_end_in_slash or req.uri_template == "/"):
            raise falcon.HTTPRouteNotFound
        if may_end_in_slash:
            path = path.removesuffix("/")
        if not is_spelled(path, str(req.uri_template)):
            msg = "there is nothing at this path: its words are not percent-encoded, and no slash ends it"
            raise falcon.HTTPRouteNotFound(description=msg)


def is_spelled(path: str, template: str) -> bool:
    """Return whether a path, below whatever it may be mounted, has the segments of a URI template as they are there."""
    expected = template.split("/")[1:]
    segments = path.rsplit("/", len(expected))[1:]
    return (
        len(segments) == len(expected)
        and "%2f" not in path.lower()
        and all(
            segment == literal or _PARAMETER.fullmatch(literal)
            for segment, literal in zip(segments, expected, strict=True)
        )
    )


def _path_as_written(req: Request) -> str:
    """Return the path of the request line. A server that does not say has decoded it."""
    target = str(req.env.get("RAW_URI") or req.env["PATH_INFO"]).partition("?")[0]
    return target if target.startswith("/") else urlsplit(target).path  # as a proxy is asked, with a host


class HostNamed:
    """A request of HTTP/1.1 without the header Host is a 400 (RFC 9112, 3.2)."""

    def process_request(self, req: Request, resp: Response) -> None:
        if req.env["SERVER_PROTOCOL"] == "HTTP/1.1" and "HTTP_HOST" not in req.env:
            raise falcon.HTTPBadRequest(description="a request of HTTP/1.1 must have the header Host, once")


class KnownMethods:
    """A method that HTTP does not know is a 405, as one that the resource does not have."""

    def process_resource(self, req: Request, resp: Response, resource: object, params: object) -> None:
        if req.method not in falcon.COMBINED_METHODS:
            raise falcon.HTTPMethodNotAllowed(
                [method for method in falcon.HTTP_METHODS if hasattr(resource, f"on_{method.lower()}")]
            )
