"""The API description of errors: their shape, and what each status means."""

from typing import Any

import falcon

from airflow_run_groups.domain import (
    AmbiguousRunId,
    DagRunNotFound,
    MayNotCreateRuns,
    OutcomeUnknown,
    Refused,
    Unauthenticated,
    Unavailable,
)
from airflow_run_groups.entrypoints.http.body import BodyTooLarge
from airflow_run_groups.entrypoints.http.errors import FRAMEWORK_REASONS, RESPONSES, SERVER_ERRORS
from airflow_run_groups.entrypoints.http.openapi.operations.operation import Json
from airflow_run_groups.entrypoints.http.security.rate_limit import TooManyWrites

ERROR: Json = {
    "type": "object",
    "required": ["error", "reason"],
    "properties": {
        "error": {"type": "string", "description": "A sentence that says what is wrong, and what is allowed."},
        "reason": {
            "type": "string",
            "pattern": "^[a-z_]+$",
            "description": "A stable word by which programs can tell errors of one status apart, such as `dag_not_found`; "
            "docs/operations.md lists them. Later versions may have more.",
        },
    },
}


def _shown(error: Any) -> tuple[str, str]:
    return str(error), error.reason


def _of_the_server(status: int) -> tuple[str, str]:
    reason, text = SERVER_ERRORS[status]
    return text.format(receive_timeout=5), reason


_UNAVAILABLE = """\
The backend is not available now, and nothing was written. The header `Retry-After` says when to try again. With the reason \
`deadline_exceeded` the same request takes too long again: request fewer runs at a time."""
_OUTCOME_UNKNOWN = """\
The database went away while the transaction was being committed, so nobody knows whether it was written. Send the request \
again only if it is safe to repeat: a creation with dates, a cancel, a note, a retry of failed runs. Look at the list of runs \
before any other."""
_CONFLICT = """\
Several DAGs have a run with this id, of which `dag_id` picks one; or `new_group` is true and the group exists; or a plan has \
changed or is too old; or the DAG, or the caller, would have more unfinished runs than they may."""
ERRORS: dict[int, tuple[str, str, str]] = {
    400: (
        "The request breaks a rule, or is not well-formed HTTP. The error says which, and what is allowed.",
        "unknown query parameter 'limit': known are none",
        Refused.reason,
    ),
    401: (
        "There is no token, or it is not valid.",
        "a token is required: send it in the header 'authorization: <token>' or 'authorization: Bearer <token>'",
        Unauthenticated.reason,
    ),
    403: (
        "The caller is known and may not do this; or no token is set, and a browser asks for a page of another site.",
        *_shown(MayNotCreateRuns("example_daily")),
    ),
    404: ("There is no such DAG, run or group, or none that the caller may see.", *_shown(DagRunNotFound())),
    405: (
        "The path has other methods. The header `Allow` names them.",
        "DELETE is not allowed here, allowed are GET, HEAD, OPTIONS",
        FRAMEWORK_REASONS[falcon.HTTPMethodNotAllowed],
    ),
    408: ("The request did not arrive in time.", *_of_the_server(408)),
    409: (
        _CONFLICT,
        *_shown(AmbiguousRunId("a", ["example_daily", "example_hourly"])),
    ),
    413: ("The body is too long.", *_shown(BodyTooLarge())),
    414: ("The request line is too long.", *_of_the_server(414)),
    417: ("The server cannot do what the header `Expect` asks for.", *_of_the_server(417)),
    429: (
        "The caller has written, or planned, as often as they may for now. The header `Retry-After` says when to try again.",
        *_shown(TooManyWrites("60/minute", retry_after=1)),
    ),
    431: ("The headers are too long, or too many.", *_of_the_server(431)),
    500: (
        "The service failed. Its log says why.",
        "the service failed; its log says why under the request id 7c9e6679f4254a0db1c2a9e3d5b80f16",
        FRAMEWORK_REASONS[Exception],
    ),
    501: ("The server does not know this `Transfer-Encoding`.", *_of_the_server(501)),
    503: (
        _UNAVAILABLE,
        "the database does not respond",
        Unavailable.reason,
    ),
    504: (_OUTCOME_UNKNOWN, *_shown(OutcomeUnknown())),
}
"""The meaning of each status that is not 200, and the text and the reason of one error that has it."""
ERROR_HEADERS = {
    405: {"Allow"},
    **{int(status[:3]): headers.keys() - {"Connection"} for status, headers in RESPONSES.values()},
}
