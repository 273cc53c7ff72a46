"""Spans in Airflow's own traces, which ``[traces] otel_on`` turns on; from Airflow 3.2 on, it sends those of others too."""

from typing import Any

from airflow.configuration import conf
from sqlalchemy import event
from sqlalchemy.engine import Engine

_SPAN = "airflow_run_groups_span"


def tracer() -> Any:
    """Return OpenTelemetry's tracer for this service, None where Airflow traces nothing."""
    if not conf.getboolean("traces", "otel_on", fallback=False):
        return None
    from opentelemetry.trace import get_tracer  # noqa: PLC0415 - not loaded where it is not used

    return get_tracer("airflow_run_groups")


def trace(engine: Engine, tracer: Any) -> None:
    """Make a span of each use of a connection, within the span of the request that uses it."""

    def on_checkout(_connection: object, record: Any, _proxy: object) -> None:
        record.info[_SPAN] = tracer.start_span("database", attributes={"db.system.name": engine.dialect.name})

    def on_checkin(_connection: object, record: Any) -> None:
        if span := record.info.pop(_SPAN, None):
            span.end()

    event.listen(engine, "checkout", on_checkout)
    event.listen(engine, "checkin", on_checkin)
