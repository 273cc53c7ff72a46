"""The service from the other side: a client for scripts, and for our own command line."""

from airflow_run_groups.adapters.client.client import Client
from airflow_run_groups.adapters.client.errors import ClientError, RefusedByService, Unreachable, Unsendable
from airflow_run_groups.adapters.client.responses import (
    Created,
    Dag,
    DagRun,
    Group,
    GroupActionResult,
    GroupProgress,
    Plan,
    PlannedDate,
)
from airflow_run_groups.adapters.client.retries import Repeat
from airflow_run_groups.adapters.client.steps import GroupRequest, Step, moment

__all__ = [
    "Client",
    "ClientError",
    "Created",
    "Dag",
    "DagRun",
    "Group",
    "GroupActionResult",
    "GroupProgress",
    "GroupRequest",
    "Plan",
    "PlannedDate",
    "RefusedByService",
    "Repeat",
    "Step",
    "Unreachable",
    "Unsendable",
    "moment",
]
