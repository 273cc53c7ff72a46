"""The parts of the service, and what each is built from: the only place that knows HTTP and the backends."""

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import Dict, Object, Selector, ThreadSafeSingleton

from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.adapters.metrics import TOKEN_FILE_UNUSABLE, Meter
from airflow_run_groups.domain import (
    MAX_LIMIT,
    AuditLog,
    CoveragePages,
    Coverages,
    CreateRuns,
    DagRepository,
    DagRunRepository,
    GroupRepository,
    Groups,
    UnfinishedRunLimits,
)
from airflow_run_groups.entrypoints import logs
from airflow_run_groups.entrypoints.authenticators import authenticator_of
from airflow_run_groups.entrypoints.http.access_log import AccessLog
from airflow_run_groups.entrypoints.http.app import App, create_app
from airflow_run_groups.entrypoints.http.middleware import (
    Authentication,
    HostNamed,
    KnownMethods,
    PathAsWritten,
    RequestId,
    SecurityHeaders,
)
from airflow_run_groups.entrypoints.http.openapi.docs_page import Described, docs_routes
from airflow_run_groups.entrypoints.http.resources.coverage import CoverageResource
from airflow_run_groups.entrypoints.http.resources.dag_runs import DagRunResource, DagRunsResource
from airflow_run_groups.entrypoints.http.resources.dags import DagsResource
from airflow_run_groups.entrypoints.http.resources.groups import (
    GroupResource,
    GroupRunsResource,
    GroupsResource,
    action_routes,
)
from airflow_run_groups.entrypoints.http.resources.health import LiveResource, ReadyResource
from airflow_run_groups.entrypoints.http.resources.index import index_routes
from airflow_run_groups.entrypoints.http.resources.me import MeResource
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.security.authentication import (
    Authenticator,
    NoAuthentication,
)
from airflow_run_groups.entrypoints.http.security.denials import Denials
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from airflow_run_groups.entrypoints.http.security.tokens import single_token
from airflow_run_groups.entrypoints.http.ui.page import WITHIN_AIRFLOW, ui_routes
from airflow_run_groups.entrypoints.settings import AIRFLOW, Settings, read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    dags: DagRepository
    runs: DagRunRepository
    groups: GroupRepository
    audit: AuditLog
    default_timezone: dt.tzinfo
    dispose_after_fork: Callable[[], None]
    max_limit: int = MAX_LIMIT
    tracer: Any = None


def _settings(*, mounted: bool) -> Settings:
    return read_settings(
        os.environ, mounted=mounted
    )  # an argument of a provider would be a copy, made with the container


def _memory_backend(max_limit: int, max_task_instances: int) -> Backend:
    from airflow_run_groups.adapters.memory import (  # noqa: PLC0415 - only this backend loads it
        MemoryAuditLog,
        MemoryDagRepository,
        MemoryDagRunRepository,
        MemoryGroupRepository,
        demo_backend,
    )

    store = demo_backend()
    return Backend(
        dags=MemoryDagRepository(store),
        runs=MemoryDagRunRepository(store, max_limit=max_limit, max_task_instances=max_task_instances),
        groups=MemoryGroupRepository(store),
        audit=MemoryAuditLog(),
        default_timezone=dt.timezone.utc,
        dispose_after_fork=lambda: None,
        max_limit=max_limit,
    )


def _airflow_backend(
    limits: DatabaseLimits, meter: Meter, max_limit: int, *, allow_unknown_schema: bool, mounted: bool
) -> Backend:
    from airflow_run_groups.adapters.airflow import connect, hide_values_of_airflow  # noqa: PLC0415 - only this backend loads Airflow
    from airflow_run_groups.adapters.airflow.configuration import default_timezone  # noqa: PLC0415 - the same
    from airflow_run_groups.adapters.airflow.database import tracing  # noqa: PLC0415 - only this backend loads Airflow
    from airflow_run_groups.adapters.airflow.database.instrumentation import instrument  # noqa: PLC0415 - the same

    airflow = connect(limits, allow_unknown_schema=allow_unknown_schema, max_limit=max_limit)
    if not mounted:  # else the log, and the engine that Airflow uses itself, are Airflow's
        hide_values_of_airflow()
    instrument(airflow.database.engine, meter, pool_size=limits.pool_size)
    tracer = tracing.tracer()
    if tracer is not None:
        tracing.trace(airflow.database.engine, tracer)
    return Backend(
        dags=airflow.dags,
        runs=airflow.runs,
        groups=airflow.groups,
        audit=airflow.audit,
        default_timezone=default_timezone(),
        dispose_after_fork=airflow.dispose_after_fork,
        max_limit=airflow.max_limit,
        tracer=tracer,
    )


def _token_file(settings: Settings, meter: Meter) -> TokenFile | None:
    token, path = settings.airflow_api_auth, settings.airflow_api_auth_file
    if path is None:
        return None
    return TokenFile(
        path,
        beside=() if token is None else (single_token(token),),
        report=lambda is_usable: meter.set(TOKEN_FILE_UNUSABLE, 0 if is_usable else 1),
    )


def _unfinished_run_limits(settings: Settings) -> UnfinishedRunLimits:
    return UnfinishedRunLimits(
        per_dag=settings.max_unfinished_runs_per_dag, per_caller=settings.max_unfinished_runs_per_caller
    )


def _notifiers(settings: Settings) -> frozenset[str]:
    return frozenset(settings.notifiers or ())


def _write_rate(rate: str | None, plans: str | None) -> WriteRate | None:
    return None if rate is None and plans is None else WriteRate(rate, plans=plans)


def _meter(*, mounted: bool) -> Meter:
    if mounted:
        from airflow_run_groups.adapters.airflow.metrics import AirflowMeter  # noqa: PLC0415 - loads Airflow

        return AirflowMeter()
    from airflow_run_groups.entrypoints.metrics import PrometheusMeter  # noqa: PLC0415 - not for Airflow's API server

    return PrometheusMeter()


def _metrics(meter: Any, token_file: TokenFile | None, *, mounted: bool) -> object | None:
    if mounted:
        return None
    from airflow_run_groups.entrypoints.metrics import MetricsResource  # noqa: PLC0415 - as above

    return MetricsResource(meter, token_file)


def _airflow_address(backend: str, *, mounted: bool) -> str | None:
    """Return where browsers find Airflow's own pages, if that is known."""
    if mounted:
        return WITHIN_AIRFLOW
    if backend != AIRFLOW:
        return None
    from airflow_run_groups.adapters.airflow.configuration import base_url  # noqa: PLC0415 - loads Airflow

    address = base_url()
    return f"{address.rstrip('/')}/" if address else None


def _monitoring(probes: Mapping[str, object], metrics: object | None) -> dict[str, object]:
    return dict(probes) if metrics is None else {**probes, "/metrics": metrics}


def _described(
    value_format: ValueFormat, settings: Settings, authenticator: Authenticator, metrics: object, max_limit: int
) -> Described:
    return Described(
        value_format=value_format,
        requires_token=not isinstance(authenticator, NoAuthentication),
        has_metrics=metrics is not None,
        has_ui=settings.ui,
        max_limit=max_limit,
    )


def _open_routes(
    prefix: str, monitoring: Mapping[str, object], described: Described, airflow_address: str | None
) -> dict[str, object]:
    """Return the routes that need no token. Those of monitoring lie at the root, too."""
    return {
        **index_routes(prefix, has_ui=described.has_ui),
        **(ui_routes(prefix, airflow=airflow_address) if described.has_ui else {}),
        **monitoring,
        **{f"{prefix}{path}": resource for path, resource in monitoring.items()},
        **docs_routes(prefix, described),
    }


def _routes(
    prefix: str,
    open_routes: Mapping[str, object],
    resources: Mapping[str, object],
    groups: Groups,
    default_timezone: dt.tzinfo,
) -> dict[str, object]:
    routes = action_routes(groups, default_timezone)
    actions = {f"/groups/{{dag_id}}/{{prefix}}/{action}": one for action, one in routes.items()}
    return {**open_routes, **{f"{prefix}{path}": one for path, one in {**resources, **actions}.items()}}


def _tracing(tracer: Any) -> list[object]:
    if tracer is None:
        return []
    from airflow_run_groups.entrypoints.http.tracing import Tracing  # noqa: PLC0415 - loads OpenTelemetry

    return [Tracing(tracer)]


def _middleware(access_log: AccessLog, tracing: list[object], authentication: Authentication) -> list[object]:
    return [
        access_log,
        *tracing,
        RequestId(),
        SecurityHeaders(),
        HostNamed(),
        PathAsWritten(),
        authentication,
        KnownMethods(),
    ]


class Container(DeclarativeContainer):
    """The service as it runs. Each part is built once, by the first thread that needs it.

    Inside Airflow's API server, ``mounted`` is true, and ``prefix`` is empty.
    """

    mounted: Object[bool] = Object(False)  # noqa: FBT003 - the name says what it is
    prefix: Object[str] = Object("/api/v1")
    clock: Object[Callable[[], dt.datetime]] = Object(utc_now)
    is_stopping: Object[Callable[[], bool]] = Object(lambda: False)
    log_request: Object[Callable[[Mapping[str, object]], None]] = Object(logs.log_request)

    settings: ThreadSafeSingleton[Settings] = ThreadSafeSingleton(_settings, mounted=mounted)
    value_format: ThreadSafeSingleton[ValueFormat] = ThreadSafeSingleton(ValueFormat, settings.provided.value_format)
    meter: ThreadSafeSingleton[Meter] = ThreadSafeSingleton(_meter, mounted=mounted)
    backend: Selector[Backend] = Selector(
        settings.provided.backend,
        memory=ThreadSafeSingleton(
            _memory_backend, settings.provided.max_limit, settings.provided.database.max_task_instances
        ),
        airflow=ThreadSafeSingleton(
            _airflow_backend,
            settings.provided.database,
            meter,
            settings.provided.max_limit,
            allow_unknown_schema=settings.provided.allow_unknown_schema,
            mounted=mounted,
        ),
    )
    unfinished_run_limits: ThreadSafeSingleton[UnfinishedRunLimits] = ThreadSafeSingleton(
        _unfinished_run_limits, settings
    )
    notifiers: ThreadSafeSingleton[frozenset[str]] = ThreadSafeSingleton(_notifiers, settings)
    create_runs: ThreadSafeSingleton[CreateRuns] = ThreadSafeSingleton(
        CreateRuns,
        backend.provided.runs,
        clock=clock,
        limits=unfinished_run_limits,
        notifiers=notifiers,
    )
    coverages: ThreadSafeSingleton[Coverages] = ThreadSafeSingleton(Coverages, backend.provided.runs, clock=clock)
    coverage_pages: ThreadSafeSingleton[CoveragePages] = ThreadSafeSingleton(
        CoveragePages, coverages, backend.provided.dags, clock=clock
    )
    groups: ThreadSafeSingleton[Groups] = ThreadSafeSingleton(
        Groups,
        backend.provided.groups,
        clock=clock,
        limits=unfinished_run_limits,
        notifiers=notifiers,
    )
    token_file: ThreadSafeSingleton[TokenFile | None] = ThreadSafeSingleton(_token_file, settings, meter)
    authenticator: ThreadSafeSingleton[Authenticator] = ThreadSafeSingleton(
        authenticator_of, settings, token_file, backend.provided.dags, mounted=mounted
    )
    write_rate: ThreadSafeSingleton[WriteRate | None] = ThreadSafeSingleton(
        _write_rate, settings.provided.write_rate_limit, settings.provided.plan_rate_limit
    )

    metrics: ThreadSafeSingleton[object | None] = ThreadSafeSingleton(_metrics, meter, token_file, mounted=mounted)
    probes = Dict(
        {
            "/health/live": ThreadSafeSingleton(LiveResource),
            "/health/ready": ThreadSafeSingleton(ReadyResource, backend.provided.dags, is_stopping, token_file),
        }
    )
    resources = Dict(
        {
            "/dags": ThreadSafeSingleton(DagsResource, backend.provided.dags, value_format),
            "/me": ThreadSafeSingleton(
                MeResource, settings.provided.auth.value, backend.provided.default_timezone, backend.provided.max_limit
            ),
            "/dag_runs": ThreadSafeSingleton(
                DagRunsResource,
                backend.provided.runs,
                create_runs,
                value_format,
                backend.provided.default_timezone,
                backend.provided.max_limit,
            ),
            "/dag_runs/{run_id}": ThreadSafeSingleton(DagRunResource, backend.provided.runs, value_format),
            "/coverage": ThreadSafeSingleton(
                CoverageResource, coverages, coverage_pages, backend.provided.default_timezone
            ),
            "/groups": ThreadSafeSingleton(GroupsResource, groups),
            "/groups/{dag_id}/{prefix}": ThreadSafeSingleton(GroupResource, groups, backend.provided.default_timezone),
            "/groups/{dag_id}/{prefix}/runs": ThreadSafeSingleton(GroupRunsResource, groups),
        }
    )
    airflow_address: ThreadSafeSingleton[str | None] = ThreadSafeSingleton(
        _airflow_address, settings.provided.backend, mounted=mounted
    )
    open_routes: ThreadSafeSingleton[dict[str, object]] = ThreadSafeSingleton(
        _open_routes,
        prefix,
        ThreadSafeSingleton(_monitoring, probes, metrics),
        ThreadSafeSingleton(_described, value_format, settings, authenticator, metrics, backend.provided.max_limit),
        airflow_address,
    )
    middleware: ThreadSafeSingleton[list[object]] = ThreadSafeSingleton(
        _middleware,
        ThreadSafeSingleton(AccessLog, log_request, meter),
        ThreadSafeSingleton(_tracing, backend.provided.tracer),
        ThreadSafeSingleton(Authentication, authenticator, open_routes, write_rate),
    )
    app: ThreadSafeSingleton[App] = ThreadSafeSingleton(
        create_app,
        ThreadSafeSingleton(_routes, prefix, open_routes, resources, groups, backend.provided.default_timezone),
        middleware,
        prefix=prefix,
        denials=ThreadSafeSingleton(Denials, backend.provided.audit),
    )
