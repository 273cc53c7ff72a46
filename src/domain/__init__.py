"""The rules of groups of DAG runs, with no more than the standard library: plan a group, number it, read its ids back."""

from airflow_api_plugin.domain.audit import Refusal
from airflow_api_plugin.domain.batch import Batch, NewDagRun, plan_batch
from airflow_api_plugin.domain.conf import MAX_CONF_BYTES
from airflow_api_plugin.domain.errors import (
    AmbiguousRunId,
    Conflict,
    DagNotFound,
    DagRunNotFound,
    DomainError,
    Forbidden,
    GroupNotFound,
    MayNotCreateRuns,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from airflow_api_plugin.domain.groups import Group, GroupPage, GroupProgress, StateCounts
from airflow_api_plugin.domain.model import (
    Conf,
    Dag,
    DagRun,
    DagRunFilter,
    DagRunInfo,
    DagRunPage,
    DagRunState,
    DagRunType,
    DagSummary,
    DataInterval,
)
from airflow_api_plugin.domain.pace import Order, Pace
from airflow_api_plugin.domain.plan import Action, ExistingRun, PlannedDate
from airflow_api_plugin.domain.ports import (
    AuditLog,
    Caller,
    DagContext,
    DagRepository,
    DagRunRepository,
    GroupRepository,
    Timetable,
)
from airflow_api_plugin.domain.request import MAX_LIMIT, BatchRequest, ConfPerRun, Interval
from airflow_api_plugin.domain.run_id import DEFAULT_PREFIX, GroupRunId, check_run_id, group_prefix
from airflow_api_plugin.domain.use_cases import CreateBatch, Groups

__all__ = [
    "DEFAULT_PREFIX",
    "MAX_CONF_BYTES",
    "MAX_LIMIT",
    "Action",
    "AmbiguousRunId",
    "AuditLog",
    "Batch",
    "BatchRequest",
    "Caller",
    "Conf",
    "ConfPerRun",
    "Conflict",
    "CreateBatch",
    "Dag",
    "DagContext",
    "DagNotFound",
    "DagRepository",
    "DagRun",
    "DagRunFilter",
    "DagRunInfo",
    "DagRunNotFound",
    "DagRunPage",
    "DagRunRepository",
    "DagRunState",
    "DagRunType",
    "DagSummary",
    "DataInterval",
    "DomainError",
    "ExistingRun",
    "Forbidden",
    "Group",
    "GroupNotFound",
    "GroupPage",
    "GroupProgress",
    "GroupRepository",
    "GroupRunId",
    "Groups",
    "Interval",
    "MayNotCreateRuns",
    "NewDagRun",
    "NotFound",
    "Order",
    "Pace",
    "PlannedDate",
    "Refusal",
    "Refused",
    "StateCounts",
    "Timetable",
    "Unauthenticated",
    "Unavailable",
    "check_run_id",
    "group_prefix",
    "plan_batch",
]
