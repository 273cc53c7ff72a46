"""The in-memory repository of DAGs."""

from collections.abc import Sequence

from airflow_run_groups.adapters.memory.backend import MemoryBackend
from airflow_run_groups.domain import DagSummary


class MemoryDagRepository:
    def __init__(self, backend: MemoryBackend) -> None:
        self._backend = backend

    def list(self, *, readable: frozenset[str] | None) -> Sequence[DagSummary]:
        with self._backend.lock:
            return [
                DagSummary(
                    dag_id=dag_id,
                    is_paused=stored.dag.is_paused,
                    fileloc=stored.dag.fileloc,
                    last_logical_date=stored.logical_dates[-1] if stored.logical_dates else None,
                )
                for dag_id, stored in sorted(self._backend.dags.items())
                if not stored.dag.is_stale and (readable is None or dag_id in readable)
            ]

    def ids(self) -> frozenset[str]:
        with self._backend.lock:
            return frozenset(self._backend.dags)

    def ping(self) -> None:
        """Return: this backend responds as long as its process does."""
