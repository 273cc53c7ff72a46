"""The in-memory backend: for demos, and for every test that needs no Airflow."""

from airflow_run_groups.adapters.memory.audit import MemoryAuditLog
from airflow_run_groups.adapters.memory.backend import MemoryBackend
from airflow_run_groups.adapters.memory.dag import MemoryDag
from airflow_run_groups.adapters.memory.dag_runs import MemoryDagRunRepository
from airflow_run_groups.adapters.memory.dags import MemoryDagRepository
from airflow_run_groups.adapters.memory.demo import demo_backend
from airflow_run_groups.adapters.memory.groups import MemoryGroupRepository

__all__ = [
    "MemoryAuditLog",
    "MemoryBackend",
    "MemoryDag",
    "MemoryDagRepository",
    "MemoryDagRunRepository",
    "MemoryGroupRepository",
    "demo_backend",
]
