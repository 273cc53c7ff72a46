"""The service from the other side: a client for scripts, and for our own command line."""

from airflow_api_plugin.adapters.client.answers import (
    Created,
    Dag,
    DagRun,
    Group,
    GroupProgress,
    Plan,
    PlannedDate,
    Steered,
)
from airflow_api_plugin.adapters.client.client import Client
from airflow_api_plugin.adapters.client.errors import ClientError, RefusedByService, Unreachable, Unsendable
from airflow_api_plugin.adapters.client.sending import Repeat
from airflow_api_plugin.adapters.client.steps import GroupRequest, Step, moment

__all__ = [
    "Client",
    "ClientError",
    "Created",
    "Dag",
    "DagRun",
    "Group",
    "GroupProgress",
    "GroupRequest",
    "Plan",
    "PlannedDate",
    "RefusedByService",
    "Repeat",
    "Steered",
    "Step",
    "Unreachable",
    "Unsendable",
    "moment",
]
