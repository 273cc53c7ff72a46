"""The in-memory backend: for demos, and for every test that needs no Airflow."""

from airflow_api_plugin.adapters.memory.audit import MemoryAuditLog
from airflow_api_plugin.adapters.memory.backend import MemoryBackend
from airflow_api_plugin.adapters.memory.dag import MemoryDag
from airflow_api_plugin.adapters.memory.dag_runs import MemoryDagRunRepository
from airflow_api_plugin.adapters.memory.dags import MemoryDagRepository
from airflow_api_plugin.adapters.memory.demo import demo_backend

__all__ = [
    "MemoryAuditLog",
    "MemoryBackend",
    "MemoryDag",
    "MemoryDagRepository",
    "MemoryDagRunRepository",
    "demo_backend",
]
