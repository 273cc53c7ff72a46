"""A client of the service, for scripts and for the commands of the terminal."""

from airflow_run_groups.adapters.client.client import Client
from airflow_run_groups.adapters.client.errors import ClientError, RefusedByService, Unreachable, Unsendable
from airflow_run_groups.adapters.client.responses import (
    CreatedRuns,
    Dag,
    DagRun,
    Group,
    GroupActionResult,
    GroupProgress,
    Plan,
    PlannedDate,
)
from airflow_run_groups.adapters.client.retries import UpcomingRetry
from airflow_run_groups.adapters.client.steps import GroupRequest, Step, parse_date

__all__ = [
    "Client",
    "ClientError",
    "CreatedRuns",
    "Dag",
    "DagRun",
    "Group",
    "GroupActionResult",
    "GroupProgress",
    "GroupRequest",
    "Plan",
    "PlannedDate",
    "RefusedByService",
    "Step",
    "Unreachable",
    "Unsendable",
    "UpcomingRetry",
    "parse_date",
]
