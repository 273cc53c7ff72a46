"""The WSGI application, built from the ports that it serves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeAlias

import falcon

from airflow_run_groups.domain import AuditLog, CreateRuns, DagRepository, DagRunRepository, Groups
from airflow_run_groups.entrypoints.http.access_log import AccessLog, LogRequest, Meter, NoMeter
from airflow_run_groups.entrypoints.http.errors import answer_errors
from airflow_run_groups.entrypoints.http.middleware import (
    Authentication,
    KnownMethods,
    PathAsWritten,
    RequestId,
    SecurityHeaders,
)
from airflow_run_groups.entrypoints.http.openapi.docs_page import docs_routes
from airflow_run_groups.entrypoints.http.resources.dag_runs import DagRunResource, DagRunsResource
from airflow_run_groups.entrypoints.http.resources.dags import DagsResource
from airflow_run_groups.entrypoints.http.resources.groups import GroupResource, GroupsResource, action_routes
from airflow_run_groups.entrypoints.http.resources.health import LiveResource, ReadyResource
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat
from airflow_run_groups.entrypoints.http.security.authentication import Authenticator, NoAuthentication
from airflow_run_groups.entrypoints.http.security.denials import Denials
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate

App: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"  # as text, since Falcon 4.0 and 4.1 cannot subscript it


def create_app(  # noqa: PLR0913 - one argument for each thing that it is made of
    *,
    dags: DagRepository,
    runs: DagRunRepository,
    audit: AuditLog,
    create_runs: CreateRuns,
    groups: Groups,
    authenticator: Authenticator,
    value_format: ValueFormat,
    default_timezone: dt.tzinfo,
    write_rate: WriteRate | None = None,
    log_request: LogRequest = lambda _: None,
    meter: Meter | None = None,
    metrics: object | None = None,
    tracer: Any = None,
    prefix: str = "/api/v1",
    is_stopping: Callable[[], bool] = lambda: False,
) -> App:
    """Build the application.

    :param default_timezone: in which dates are meant that name no offset.
    :param write_rate: how often each caller may write, None for as often as they like.
    :param log_request: writes the line about a request.
    :param meter: counts; nothing does when it is left out.
    :param tracer: OpenTelemetry's, for a span of each request; None for no spans.
    :param metrics: the resource of ``/metrics``, None for no such endpoint.
    :param prefix: the path below which the endpoints lie, ``""`` where a server mounts the application below a path
        of its own. The health endpoints need no token and lie at the root, too.
    :param is_stopping: tells whether the server will soon take no more requests, for which it is then not ready.
    """
    health: dict[str, object] = {"/health/live": LiveResource(), "/health/ready": ReadyResource(dags, is_stopping)}
    if metrics is not None:
        health["/metrics"] = metrics
    health_routes = {f"{root}{path}": resource for root in ("", prefix) for path, resource in health.items()}
    asks_for_token = not isinstance(authenticator, NoAuthentication)
    docs = docs_routes(
        prefix, value_format=value_format, asks_for_token=asks_for_token, has_metrics=metrics is not None
    )
    open_routes = {**health_routes, **docs}
    app: App = falcon.App(
        request_type=_Request,
        middleware=[
            AccessLog(log_request, meter or NoMeter()),
            *_tracing(tracer),
            RequestId(),
            SecurityHeaders(),
            PathAsWritten(),
            Authentication(authenticator, frozenset(open_routes), write_rate),
            KnownMethods(),
        ],
    )
    app.req_options.strip_url_path_trailing_slash = True
    answer_errors(app, prefix, Denials(audit))
    for path, resource in open_routes.items():
        app.add_route(path, resource)
    app.add_route(f"{prefix}/dags", DagsResource(dags, value_format))
    app.add_route(f"{prefix}/dag_runs", DagRunsResource(runs, create_runs, value_format, default_timezone))
    app.add_route(f"{prefix}/dag_runs/{{run_id}}", DagRunResource(runs, value_format))
    app.add_route(f"{prefix}/groups", GroupsResource(groups))
    app.add_route(f"{prefix}/groups/{{dag_id}}/{{prefix}}", GroupResource(groups))
    for action, resource in action_routes(groups).items():
        app.add_route(f"{prefix}/groups/{{dag_id}}/{{prefix}}/{action}", resource)
    return app


class _Request(falcon.Request):
    """A request by any method. Falcon keeps a word for itself that a client may send, and asks no middleware about it."""

    def __init__(self, env: dict[str, Any], options: falcon.RequestOptions | None = None) -> None:
        super().__init__(env, options)
        if self.method == "WEBSOCKET":
            self.method = "websocket"


def _tracing(tracer: Any) -> list[Any]:
    if tracer is None:
        return []
    from airflow_run_groups.entrypoints.http.tracing import Tracing  # noqa: PLC0415 - loads OpenTelemetry

    return [Tracing(tracer)]
