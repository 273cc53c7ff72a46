"""The metrics of the service, and the port of what counts and measures them: Prometheus, or Airflow's own metrics."""

from dataclasses import dataclass
from typing import Literal, Protocol

PREFIX = "airflow_run_groups"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric, named without prefix and unit. Label values come from the code, never from a client."""

    name: str
    kind: Literal["counter", "duration", "gauge"]
    help: str
    labels: tuple[str, ...] = ()


HTTP_REQUESTS = Metric("http_requests", "counter", "HTTP requests.", ("method", "route", "status"))
HTTP_REQUEST_DURATION = Metric(
    "http_request_duration", "duration", "Seconds from a request to its response.", ("method", "route")
)
DAG_RUNS_CREATED = Metric("dag_runs_created", "counter", "DAG runs that were created.")
DAG_RUNS_RERUN = Metric("dag_runs_rerun", "counter", "DAG runs that existed, and run again by a request for a group.")
EXISTING_DATES = Metric("existing_dates", "counter", "Requested dates that had a run already.")
ERRORS = Metric("errors", "counter", "Error responses.", ("reason",))
DATABASE_STATEMENT_DURATION = Metric(
    "database_statement_duration",
    "duration",
    "Seconds of one statement, in a read or in the transaction of a write.",
    ("operation",),
)
DATABASE_CONNECTIONS_IN_USE = Metric("database_connections_in_use", "gauge", "Database connections that requests hold.")
DATABASE_CONNECTIONS_MAX = Metric(
    "database_connections_max", "gauge", "Database connections of the processes that have opened one, at most."
)
TOKEN_FILE_UNUSABLE = Metric(
    "token_file_unusable",
    "gauge",
    "Processes that cannot use the file of tokens, so that soon they accept none of its tokens.",
)
METRICS = (
    HTTP_REQUESTS,
    HTTP_REQUEST_DURATION,
    DAG_RUNS_CREATED,
    DAG_RUNS_RERUN,
    EXISTING_DATES,
    ERRORS,
    DATABASE_STATEMENT_DURATION,
    DATABASE_CONNECTIONS_IN_USE,
    DATABASE_CONNECTIONS_MAX,
    TOKEN_FILE_UNUSABLE,
)


class Meter(Protocol):
    """Counts and measures. Each call names all labels of its metric."""

    def increment(self, metric: Metric, amount: int = 1, **labels: str) -> None: ...

    def observe(self, metric: Metric, seconds: float, **labels: str) -> None: ...

    def set(self, metric: Metric, value: int) -> None: ...
