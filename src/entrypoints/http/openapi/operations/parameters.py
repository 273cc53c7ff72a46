"""The API description of headers, of parameters in paths, and of tokens."""

from airflow_run_groups.entrypoints.http.openapi.operations.operation import Json

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
    "description": "The `ETag` of an earlier response: when nothing has happened since, the response is a 304 without a body. "
    "Values that change with time alone (`oldest_queued_seconds`, `runs_per_minute`, `expected_end`) do not count.",
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
