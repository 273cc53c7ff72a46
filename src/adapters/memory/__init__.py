"""The in-memory backend: for demos, and for every test that needs no Airflow."""

from airflow_api_plugin.adapters.memory.audit import MemoryAuditLog
from airflow_api_plugin.adapters.memory.backend import MemoryBackend
from airflow_api_plugin.adapters.memory.dag import MemoryDag
from airflow_api_plugin.adapters.memory.dag_runs import MemoryDagRunRepository
from airflow_api_plugin.adapters.memory.dags import MemoryDagRepository
from airflow_api_plugin.adapters.memory.demo import demo_backend
from airflow_api_plugin.adapters.memory.groups import MemoryGroupRepository

__all__ = [
    "MemoryAuditLog",
    "MemoryBackend",
    "MemoryDag",
    "MemoryDagRepository",
    "MemoryDagRunRepository",
    "MemoryGroupRepository",
    "demo_backend",
]
