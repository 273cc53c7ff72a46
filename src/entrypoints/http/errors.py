"""How errors become HTTP: one table, and one form for all of them."""

import logging
from functools import partial
from typing import Any

import falcon

from airflow_run_groups.adapters.tracebacks import without_locals
from airflow_run_groups.domain import (
    Conflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unauthenticated,
    Unavailable,
)
from airflow_run_groups.entrypoints.http.body import BodyTooLarge, BodyTooSlow
from airflow_run_groups.entrypoints.http.envelope import error_payload, write
from airflow_run_groups.entrypoints.http.security.denials import Denials
from airflow_run_groups.entrypoints.http.security.rate_limit import TooManyWrites
from airflow_run_groups.entrypoints.http.security.same_origin import CrossOriginRequest

RESPONSES: dict[type[Exception], tuple[str, dict[str, str]]] = {
    Refused: (falcon.HTTP_400, {}),
    Unauthenticated: (falcon.HTTP_401, {"WWW-Authenticate": "Bearer"}),
    Forbidden: (falcon.HTTP_403, {}),
    CrossOriginRequest: (falcon.HTTP_403, {}),
    NotFound: (falcon.HTTP_404, {}),
    BodyTooSlow: (falcon.HTTP_408, {"Connection": "close"}),
    Conflict: (falcon.HTTP_409, {}),
    BodyTooLarge: (falcon.HTTP_413, {}),
    TooManyWrites: (falcon.HTTP_429, {"Retry-After": "1"}),  # the error knows how many seconds it is
    Unavailable: (falcon.HTTP_503, {"Retry-After": "5"}),
    OutcomeUnknown: (falcon.HTTP_504, {}),  # no Retry-After: to send it again is not safe for every request
}
"""The status and the headers of each family of errors."""
FRAMEWORK_REASONS: dict[type[Exception], str] = {
    falcon.HTTPRouteNotFound: "route_not_found",
    falcon.HTTPMethodNotAllowed: "method_not_allowed",
    falcon.HTTPError: "malformed_request",  # such as a Content-Length that is no number
    Exception: "internal_error",
}
"""The reason of each error that is not ours and has none of its own; the first family counts."""
SERVER_ERRORS = {
    400: ("malformed_request", "the request is not well-formed HTTP"),
    403: ("forbidden_connection", "Forbidden"),  # plain HTTP where TLS is expected, or a proxy that is not trusted
    408: ("request_timeout", "the request was not complete within {receive_timeout:g} seconds"),
    414: ("uri_too_long", "the request line is longer than the server allows"),
    417: ("expectation_failed", "the server cannot do what the Expect header asks for"),
    431: ("headers_too_large", "the request has more headers, or longer ones, than the server allows"),
    500: ("internal_error", "the service failed; its log says why"),
    501: ("unsupported_transfer_encoding", "the server does not know this Transfer-Encoding"),
}
"""The reason and the text of each status that the server responds with before the application."""
_log = logging.getLogger(__name__)


def add_error_handlers(app: falcon.App[Any, Any], prefix: str, denials: Denials) -> None:
    """Give all error responses one form, whatever a request accepts; the app's endpoints lie below the prefix."""
    for family in RESPONSES:
        app.add_error_handler(family, _expected)
    app.add_error_handler(Forbidden, partial(_forbidden, denials))
    app.add_error_handler(Exception, _unexpected)
    app.set_error_serializer(partial(_of_the_framework, prefix))


def _expected(req: falcon.Request, resp: falcon.Response, ex: Any, params: dict[str, Any]) -> None:
    resp.status, headers = next(response for family, response in RESPONSES.items() if isinstance(ex, family))
    resp.set_headers({**headers, **getattr(ex, "headers", {})})
    is_identified = getattr(req.context, "caller", None) is not None
    _write(req, resp, str(ex) if is_identified else getattr(ex, "public", str(ex)), ex.reason)


def _forbidden(
    denials: Denials, req: falcon.Request, resp: falcon.Response, ex: Forbidden, params: dict[str, Any]
) -> None:
    denials.record(req, ex)
    _expected(req, resp, ex, params)


def _unexpected(req: falcon.Request, resp: falcon.Response, ex: Exception, params: dict[str, Any]) -> None:
    request_id = req.context.request_id
    _log.error("request %s failed: %s %r", request_id, req.method[:20], req.path[:200], exc_info=without_locals(ex))
    resp.status = falcon.HTTP_500
    text = f"the service failed; its log says why under the request id {request_id}"
    _write(req, resp, text, _framework_reason(ex))


def _of_the_framework(prefix: str, req: falcon.Request, resp: falcon.Response, ex: falcon.HTTPError) -> None:
    if isinstance(ex, falcon.HTTPRouteNotFound):
        text = ex.description or _nothing_at(req.root_path, req.path, prefix)
    elif isinstance(ex, falcon.HTTPMethodNotAllowed):
        text = f"{req.method[:20]} is not allowed here, allowed are {resp.get_header('Allow')}"
    else:
        text = ex.description or ex.title
    _write(req, resp, text, _framework_reason(ex))


def _write(req: falcon.Request, resp: falcon.Response, text: str, reason: str) -> None:
    """Respond with an error, and note its reason for the access log."""
    req.context.reason = reason
    write(resp, error_payload(text, reason))


def _framework_reason(ex: Exception) -> str:
    return next(reason for family, reason in FRAMEWORK_REASONS.items() if isinstance(ex, family))


def _nothing_at(root: str, path: str, prefix: str) -> str:
    full = (root + path).rstrip("/") or "/"
    text = f"there is nothing at {full[:200]!r}"
    own = root + prefix
    if not f"{path}/".startswith(f"{prefix}/"):
        return f"{text}: the API is below {own}"
    return (
        f"{text}: {own} has coverage, dag_runs, dags, groups and me, and docs describes what is below them; Airflow's own API, "
        f"which was here in Airflow 2, is {own[: -len('/v1')]}/v2"
    )
