"""Which parts the service is made of, and from what each is built: the only place that knows HTTP and the backends."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.domain import AuditLog, CreateRuns, DagRepository, DagRunRepository, GroupRepository, Groups
from airflow_run_groups.entrypoints import logs
from airflow_run_groups.entrypoints.gunicorn import shutdown as stopping
from airflow_run_groups.entrypoints.http.app import App, create_app
from airflow_run_groups.entrypoints.http.security.authentication import (
    Authenticator,
    BearerAuthentication,
    NoAuthentication,
    TokenAuthentication,
)
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate
from airflow_run_groups.entrypoints.http.security.same_origin import SameOrigin
from airflow_run_groups.entrypoints.http.security.tokens import TokenFile, single_token
from airflow_run_groups.entrypoints.injection import DeclarativeContainer, Object, Selector, ThreadSafeSingleton
from airflow_run_groups.entrypoints.settings import Auth, Settings, read_settings

if TYPE_CHECKING:
    from airflow_run_groups.adapters.airflow.metrics import AirflowMeter
    from airflow_run_groups.entrypoints.metrics import PrometheusMeter

    AnyMeter: TypeAlias = PrometheusMeter | AirflowMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What the service asks of a backend."""

    dags: DagRepository
    runs: DagRunRepository
    groups: GroupRepository
    audit: AuditLog
    default_timezone: dt.tzinfo
    dispose_after_fork: Callable[[], None]
    tracer: Any = None


def _memory_backend() -> Backend:
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
        runs=MemoryDagRunRepository(store),
        groups=MemoryGroupRepository(store),
        audit=MemoryAuditLog(),
        default_timezone=dt.timezone.utc,
        dispose_after_fork=lambda: None,
    )


def _airflow_backend(limits: DatabaseLimits, meter: AnyMeter, *, allow_unknown_schema: bool) -> Backend:
    from airflow_run_groups.adapters.airflow import connect  # noqa: PLC0415 - only this backend loads Airflow
    from airflow_run_groups.adapters.airflow.configuration import default_timezone  # noqa: PLC0415 - the same
    from airflow_run_groups.adapters.airflow.database import tracing  # noqa: PLC0415 - only this backend loads Airflow
    from airflow_run_groups.adapters.airflow.database.instrumentation import instrument  # noqa: PLC0415 - the same

    airflow = connect(limits, allow_unknown_schema=allow_unknown_schema)
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
        tracer=tracer,
    )


def _authenticator(settings: Settings, *, mounted: bool) -> Authenticator:
    same_origin = SameOrigin(settings.allowed_hosts)
    if settings.auth is Auth.AIRFLOW:
        from airflow_run_groups.adapters.airflow.auth import AirflowUsers, auth_manager  # noqa: PLC0415 - loads FastAPI
        from airflow_run_groups.adapters.airflow.configuration import everybody_is_admin  # noqa: PLC0415 - loads Airflow

        needs_no_token = mounted and everybody_is_admin()
        return BearerAuthentication(AirflowUsers(auth_manager()).identify, same_origin if needs_no_token else None)
    if settings.auth is Auth.NONE:
        return NoAuthentication(same_origin)
    token, path = settings.airflow_api_auth, settings.airflow_api_auth_file
    beside = () if token is None else (single_token(token),)
    return TokenAuthentication(token, None if path is None else TokenFile(path, beside=beside))


def _write_rate(rate: str | None) -> WriteRate | None:
    return None if rate is None else WriteRate(rate)


def _meter(*, mounted: bool) -> AnyMeter:
    if mounted:
        from airflow_run_groups.adapters.airflow.metrics import AirflowMeter  # noqa: PLC0415 - loads Airflow

        return AirflowMeter()
    from airflow_run_groups.entrypoints.metrics import PrometheusMeter  # noqa: PLC0415 - not for Airflow's API server

    return PrometheusMeter()


def _metrics(meter: AnyMeter, *, mounted: bool) -> object | None:
    if mounted:
        return None
    from airflow_run_groups.entrypoints.metrics import MetricsResource  # noqa: PLC0415 - as above

    return MetricsResource(meter)


class Container(DeclarativeContainer):
    """The service as it runs. Each part is built once, when it is first asked for, by whichever thread asks first.

    Inside Airflow's API server, ``mounted`` is true, and ``prefix`` is empty.
    """

    mounted: Object[bool] = Object(False)  # noqa: FBT003 - what it is follows from its name
    prefix: Object[str] = Object("/api/v1")
    settings: ThreadSafeSingleton[Settings] = ThreadSafeSingleton(read_settings, os.environ, mounted=mounted)
    meter: ThreadSafeSingleton[AnyMeter] = ThreadSafeSingleton(_meter, mounted=mounted)
    metrics: ThreadSafeSingleton[object | None] = ThreadSafeSingleton(_metrics, meter, mounted=mounted)
    backend: Selector[Backend] = Selector(
        settings.provided.backend,
        memory=ThreadSafeSingleton(_memory_backend),
        airflow=ThreadSafeSingleton(
            _airflow_backend,
            settings.provided.database,
            meter,
            allow_unknown_schema=settings.provided.allow_unknown_schema,
        ),
    )
    create_runs: ThreadSafeSingleton[CreateRuns] = ThreadSafeSingleton(
        CreateRuns, backend.provided.runs, clock=Object(utc_now)
    )
    groups: ThreadSafeSingleton[Groups] = ThreadSafeSingleton(Groups, backend.provided.groups, clock=Object(utc_now))
    authenticator: ThreadSafeSingleton[Authenticator] = ThreadSafeSingleton(_authenticator, settings, mounted=mounted)
    write_rate: ThreadSafeSingleton[WriteRate | None] = ThreadSafeSingleton(
        _write_rate, settings.provided.write_rate_limit
    )
    app: ThreadSafeSingleton[App] = ThreadSafeSingleton(
        create_app,
        dags=backend.provided.dags,
        runs=backend.provided.runs,
        audit=backend.provided.audit,
        create_runs=create_runs,
        groups=groups,
        authenticator=authenticator,
        value_format=settings.provided.value_format,
        default_timezone=backend.provided.default_timezone,
        write_rate=write_rate,
        log_request=Object(logs.log_request),
        meter=meter,
        metrics=metrics,
        tracer=backend.provided.tracer,
        prefix=prefix,
        is_stopping=Object(stopping.is_announced),
    )
