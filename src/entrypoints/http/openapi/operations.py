"""What the description of the API says of each endpoint, beside what the schemas say."""

from dataclasses import dataclass
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
from airflow_run_groups.entrypoints.http.schemas.coverage import CoverageFilterSchema
from airflow_run_groups.entrypoints.http.schemas.requests import (
    DagRunFilterSchema,
    DagRunQuerySchema,
    GroupFilterSchema,
    GroupRunFilterSchema,
    RequestSchema,
)
from airflow_run_groups.entrypoints.http.security.rate_limit import TooManyWrites

Json = dict[str, Any]

ABOUT = """\
Ask Airflow for a whole group of DAG runs with one request: every date that a DAG's own schedule holds in a range, numbered \
under a prefix by which you find the group again.

Every answer is one JSON object with the key `response`, and one that is not 200 is always \
`{"response": {"error": "what was wrong", "reason": "a_stable_word"}}`. Where GET is allowed, HEAD is, too.

A boolean may also be sent as the text `true`, `True`, `1`, `false`, `False` or `0`. Null for an optional key of a body is the \
same as leaving the key out."""
ERROR: Json = {
    "type": "object",
    "required": ["error", "reason"],
    "properties": {
        "error": {"type": "string", "description": "What was wrong, and what is allowed."},
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
The backend cannot answer now, and nothing was written. The header `Retry-After` says when to try again. With the reason \
`deadline_exceeded` the same request takes too long again: ask for fewer runs at a time."""
_OUTCOME_UNKNOWN = """\
The database went away while the transaction was being committed, so nobody knows whether it was written. Send the request \
again only if it is safe to repeat: a creation with dates, a cancel, a note, a retry of failed runs. Look at the list of runs \
before any other."""
_CONFLICT = """\
Several DAGs have a run with this id, of which `dag_id` picks one; or a new group is asked for where there is one; or the DAG, \
or the caller, would have more unfinished runs than they may."""
ERRORS: dict[int, tuple[str, str, str]] = {
    400: (
        "The request breaks a rule, or is not well-formed HTTP. The error says which, and what is allowed.",
        "unknown query parameter 'limit': known are none",
        Refused.reason,
    ),
    401: (
        "There is no token, or it is not the right one.",
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
        "The caller has written as often as they may for now. The header `Retry-After` says when to try again.",
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
        "the database does not answer",
        Unavailable.reason,
    ),
    504: (_OUTCOME_UNKNOWN, *_shown(OutcomeUnknown())),
}
"""What each status means that is not 200, and the text and the reason of one error that has it."""
ERROR_HEADERS = {
    405: {"Allow"},
    **{int(status[:3]): headers.keys() - {"Connection"} for status, headers in RESPONSES.values()},
}
HEADERS: dict[str, Json] = {
    "X-Request-Id": {
        "description": "The id of the request, which the service's log has, too.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "Link": {
        "description": 'The address of the next page, relative to this one: `<?...>; rel="next"`; not there on the last one.',
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Stays the same as long as nothing happens to what is shown; send it back in `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "How to send a token.", "schema": {"type": "string"}},
    "Allow": {"description": "The methods of the path.", "schema": {"type": "string"}},
    "Retry-After": {"description": "In how many seconds.", "schema": {"type": "integer"}},
}
REQUEST_ID: Json = {
    "description": "An id by which to find the request in the service's log: 1 to 128 letters, digits and `._-`. The "
    "service makes one where it is anything else.",
    "schema": {"type": "string"},
}
IF_NONE_MATCH: Json = {
    "description": "The `ETag` of an earlier answer: when nothing has happened since, the answer is a 304 without a body. "
    "What only time changes, `oldest_queued_seconds`, `runs_per_minute` and `expected_end`, does not count.",
    "schema": {"type": "string"},
}


def _in_path(name: str, description: str, example: str) -> Json:
    return {
        "in": "path",
        "name": name,
        "required": True,
        "description": f"{description}, percent-encoded or not.",
        "schema": {"type": "string", "minLength": 1},
        "example": example,
    }


IN_PATH = {
    "run_id": _in_path("run_id", "The run id", "redo_0000001_2025-02-01T00:00:00"),
    "dag_id": _in_path("dag_id", "The DAG", "example_daily"),
    "prefix": _in_path("prefix", "The group's prefix, exactly as lists of groups show it", "redo"),
}
"""The parameters that a path may have, by their names."""

TOKEN: Json = {
    "type": "http",
    "scheme": "bearer",
    "description": "The token that was set for the service, or, where the service asks for Airflow's users, the one that "
    "Airflow's endpoint `/auth/token` gives.",
}
_OF_ANY_PATH = (400, 405, 408, 414, 417, 431, 500, 501, 503)
_OF_KNOWN_CALLERS = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method of a path below the prefix.

    ``payload`` is the schema of what stands under the key ``response``, ``content`` that of a response without this key.
    ``tagged``: the response has an ``ETag``, and may be a 304. ``open``: no token is needed. ``at_root``: the same path
    exists without the prefix, too.
    """

    name: str
    method: str = "get"
    path: str
    tag: str
    summary: str
    description: str
    query: type[RequestSchema] | None = None
    body: str | None = None
    body_required: bool = True
    payload: Json | None = None
    content: Json | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    tagged: bool = False
    open: bool = False
    at_root: bool = False

    @property
    def all_errors(self) -> list[int]:
        return sorted({*self.errors, *_OF_ANY_PATH, *(() if self.open else _OF_KNOWN_CALLERS)})


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _page(**items: str) -> Json:
    next_start = {"type": ["integer", "null"], "description": "The `start` of the next page, null on the last one."}
    lists = {key: {"type": "array", "items": _ref(schema)} for key, schema in items.items()}
    return _object(**lists, next_start=next_start)


def _health(name: str, summary: str, description: str) -> Operation:
    return Operation(
        name=name,
        path=f"/health/{name}",
        tag="Health",
        summary=summary,
        description=description,
        payload=_object(status={"type": "string", "const": name}),
        open=True,
        at_root=True,
    )


def _action(action: str, summary: str, description: str) -> Operation:
    return Operation(
        name=f"{action}_group",
        method="post",
        path=f"/groups/{{dag_id}}/{{prefix}}/{action}",
        tag="Groups",
        summary=summary,
        description=f"{description} All that an answer names was done, or nothing. At most `limit` runs at a time, "
        "and fewer when they take long, in the order of their creation; `next_start` is where to go on.",
        body=f"{action.capitalize()}Group",
        body_required=action == "note",
        payload=_ref("GroupActionResult"),
        errors=(404, 409, 413, 429, 504) if action == "retry" else (404, 413, 429, 504),
    )


OPERATIONS = (
    Operation(
        name="create_dag_runs",
        method="post",
        path="/dag_runs",
        tag="DAG runs",
        summary="Create a group of runs",
        description="Creates a run for every date that the DAG's own schedule has in the range, both ends inclusive, all "
        "of them or none. Dates that have a run already are skipped, so the same request can be sent twice. A date "
        "whose run may not start yet is left to the scheduler. A DAG without a periodic schedule takes one run at a "
        "time, now or at `start_date`, or those that `interval` or `dates` say. With `dry_run` nothing is created, and the "
        "answer is the plan, date by date or, with `detail`, in short. The body is JSON, whatever its `Content-Type` says.",
        body="GroupRequest",
        payload={"anyOf": [_ref("Plan"), _ref("PlanSummary"), _ref("CreatedRuns")]},
        errors=(404, 409, 413, 429, 504),
    ),
    Operation(
        name="list_dag_runs",
        path="/dag_runs",
        tag="DAG runs",
        summary="List runs",
        description="Runs in the order of their creation, a page at a time. Filters are combined with and. A parameter "
        "that does not exist is refused, as a filter with a typo in its name would show everything.",
        query=DagRunFilterSchema,
        payload=_page(dag_runs="DagRun"),
        headers=("Link",),
        errors=(404, 409),
    ),
    Operation(
        name="get_dag_run",
        path="/dag_runs/{run_id}",
        tag="DAG runs",
        summary="Get one run",
        description="Run ids are unique within a DAG only: when several DAGs have this one, `dag_id` picks one.",
        query=DagRunQuerySchema,
        payload=_object(dag_run=_ref("DagRun")),
        errors=(404, 409),
    ),
    Operation(
        name="list_groups",
        path="/groups",
        tag="Groups",
        summary="List the groups of a DAG",
        description="A group is what run ids say: a prefix, a number and a date. The newest come first, each once, however "
        "many requests made its runs; whoever made them.",
        query=GroupFilterSchema,
        payload=_page(groups="Group"),
        headers=("Link",),
        errors=(404,),
    ),
    Operation(
        name="get_group",
        path="/groups/{dag_id}/{prefix}",
        tag="Groups",
        summary="See how far a group is",
        description="Counts of its runs by state, and when it will be done. The group `a` has no part in the runs of `a_b`.",
        payload=_object(group=_ref("GroupProgress")),
        headers=("ETag",),
        errors=(404,),
        tagged=True,
    ),
    Operation(
        name="change_group",
        method="patch",
        path="/groups/{dag_id}/{prefix}",
        tag="Groups",
        summary="Pause, cap, pace or reorder a group",
        description="Changes whether queued runs of the group start, how many of its runs run at once, and when and in which "
        "order they start, at any time, for groups that others have made, too. Airflow's own scheduler keeps to it. A key that is left "
        "out changes nothing, and null restores the default. The same change again changes nothing.",
        body="ChangeGroup",
        payload=_ref("GroupChangeResult"),
        errors=(404, 413, 429, 504),
    ),
    Operation(
        name="list_group_runs",
        path="/groups/{dag_id}/{prefix}/runs",
        tag="Groups",
        summary="List the runs of a group",
        description="Exactly the runs that the group counts, in the order of their creation, a page at a time, each with the "
        "tasks that failed.",
        query=GroupRunFilterSchema,
        payload=_page(dag_runs="GroupRun"),
        headers=("Link", "ETag"),
        errors=(404,),
        tagged=True,
    ),
    _action(
        "cancel",
        "Let runs fail",
        "The queued runs of the group fail at once, and with `running` those, too, that have started, as when their state "
        "is set to failed in Airflow: their tasks end, but for teardown tasks, after which such a run ends as failed. Airflow's "
        "listeners are called.",
    ),
    _action(
        "retry",
        "Let runs run again",
        "Clears tasks as Airflow does: of the failed runs those tasks that failed or were stopped before they could run, or with "
        "`all` every task of every run that has ended.",
    ),
    _action("note", "Put a note on runs", "It is shown beside each run in Airflow, in place of a note that is there."),
    Operation(
        name="get_coverage",
        path="/coverage",
        tag="Coverage",
        summary="See whether the past is complete",
        description="Each date that the DAG's schedule holds in the range, against the runs that exist, whoever made them. It writes "
        "nothing, and takes the permission to see the DAG.",
        query=CoverageFilterSchema,
        payload=_object(coverage=_ref("Coverage")),
        headers=("ETag",),
        errors=(404,),
        tagged=True,
    ),
    Operation(
        name="list_dags",
        path="/dags",
        tag="DAGs",
        summary="List the DAGs",
        description="The DAGs that are not stale, by their ids.",
        payload=_object(dags={"type": "array", "items": _ref("Dag")}),
    ),
    _health("live", "Whether the process answers", "Asks nothing of the backend."),
    _health("ready", "Whether the backend answers", "A load balancer sends requests here while it does."),
    Operation(
        name="metrics",
        path="/metrics",
        tag="Health",
        summary="Numbers for Prometheus",
        description="Counts and times of all of this server's processes, in Prometheus' text format. They name no DAG, run "
        "or caller, so no token is needed; inside Airflow's API server they go to Airflow's own metrics instead.",
        content={"type": "string"},
        media_type="text/plain",
        open=True,
        at_root=True,
    ),
    Operation(
        name="openapi",
        path="/openapi.json",
        tag="Description",
        summary="This description",
        description="In OpenAPI 3.1.",
        content={"type": "object"},
        open=True,
    ),
    Operation(
        name="docs",
        path="/docs",
        tag="Description",
        summary="The page on which to try requests",
        description="It loads nothing from other sites.",
        content={"type": "string"},
        media_type="text/html",
        open=True,
    ),
)
