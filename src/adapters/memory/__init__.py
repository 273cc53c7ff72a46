"""The in-memory backend: for demos, and for every test that needs no Airflow."""

from airflow_run_groups.adapters.memory.audit import (
    MemoryAuditLog as MemoryAuditLog,
)
from airflow_run_groups.adapters.memory.backend import (
    MemoryBackend as MemoryBackend,
)
from airflow_run_groups.adapters.memory.dag import (
    MemoryDag as MemoryDag,
)
from airflow_run_groups.adapters.memory.dag_runs import (
    MemoryDagRunRepository as MemoryDagRunRepository,
)
from airflow_run_groups.adapters.memory.dags import (
    MemoryDagRepository as MemoryDagRepository,
)
from airflow_run_groups.adapters.memory.demo import (
    demo_backend as demo_backend,
)
from airflow_run_groups.adapters.memory.groups import (
    MemoryGroupRepository as MemoryGroupRepository,
)
