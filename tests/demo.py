"""The HTTP side over the in-memory backend with the DAGs of the demo."""

import datetime as dt

from airflow_run_groups.adapters.memory import (
    MemoryAuditLog,
    MemoryDagRepository,
    MemoryDagRunRepository,
    MemoryGroupRepository,
    demo_backend,
)
from airflow_run_groups.domain import CreateRuns, Groups
from airflow_run_groups.entrypoints.http.app import create_app
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat
from airflow_run_groups.entrypoints.http.security.authentication import NoAuthentication

UTC = dt.timezone.utc


def present():
    return dt.datetime.now(UTC)


def demo_app(clock=present, *, backend=None, **parts):
    """Build the application of these parts, and of the demo's where one is not given."""
    backend = backend or demo_backend(clock=clock)
    runs = parts.get("runs", MemoryDagRunRepository(backend))
    default = {
        "dags": MemoryDagRepository(backend),
        "runs": runs,
        "audit": MemoryAuditLog(),
        "create_runs": CreateRuns(runs, clock),
        "groups": Groups(MemoryGroupRepository(backend), clock),
        "authenticator": NoAuthentication(),
        "value_format": ValueFormat.TEXT,
        "default_timezone": UTC,
    }
    return create_app(**{**default, **parts})
