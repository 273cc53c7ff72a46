"""Endpoints about the service itself: health, metrics, and the description."""

from airflow_run_groups.entrypoints.http.envelope import envelope_schema
from airflow_run_groups.entrypoints.http.openapi.operations.operation import Json, Operation, object_of


def _health(name: str, summary: str, description: str) -> Operation:
    return Operation(
        name=name,
        path=f"/health/{name}",
        tag="Health",
        summary=summary,
        description=description,
        payload=object_of(status={"type": "string", "const": name}),
        open=True,
        at_root=True,
    )


_ADDRESSES: Json = {
    "type": "object",
    "required": ["docs", "openapi", "api"],
    "properties": {
        "page": {"type": "string", "description": "The page of groups; left out with the option `ui = false`."},
        "docs": {"type": "string", "description": "The page on which to try requests."},
        "openapi": {"type": "string", "description": "This description."},
        "api": {"type": "string", "description": "Below which the paths of this description lie."},
    },
}
OPERATIONS = (
    _health("live", "Whether the process responds", "Sends nothing to the backend."),
    _health("ready", "Whether the backend responds", "A load balancer sends requests here while it does."),
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
    Operation(
        name="ui",
        path="/ui",
        tag="Description",
        summary="The page on which to see, create and control groups",
        description="It loads nothing from other sites, and uses the operations that are described here. The option `ui = false` "
        "leaves it out.",
        content={"type": "string"},
        media_type="text/html",
        open=True,
    ),
    Operation(
        name="index",
        path="/",
        tag="Description",
        summary="Where to go",
        description="The addresses are relative to this one. A browser is sent on to the page itself.",
        content=envelope_schema(_ADDRESSES),
        open=True,
        at_root=True,
    ),
)
