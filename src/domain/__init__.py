"""The rules of groups of DAG runs, with no more than the standard library: plan a group, number it, read its ids back."""

from airflow_api_plugin.domain.audit import Refusal
from airflow_api_plugin.domain.batch import MAX_LIMIT, Batch, BatchRequest, NewDagRun, plan_batch
from airflow_api_plugin.domain.errors import (
    AmbiguousRunId,
    Conflict,
    DagNotFound,
    DagRunNotFound,
    DomainError,
    Forbidden,
    MayNotCreateRuns,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
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
from airflow_api_plugin.domain.ports import AuditLog, Caller, DagContext, DagRepository, DagRunRepository, Timetable
from airflow_api_plugin.domain.run_id import DEFAULT_PREFIX, GroupRunId, check_run_id, group_prefix
from airflow_api_plugin.domain.use_cases import CreateBatch

__all__ = [
    "DEFAULT_PREFIX",
    "MAX_LIMIT",
    "AmbiguousRunId",
    "AuditLog",
    "Batch",
    "BatchRequest",
    "Caller",
    "Conf",
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
    "Forbidden",
    "GroupRunId",
    "MayNotCreateRuns",
    "NewDagRun",
    "NotFound",
    "Refusal",
    "Refused",
    "Timetable",
    "Unauthenticated",
    "Unavailable",
    "check_run_id",
    "group_prefix",
    "plan_batch",
]
