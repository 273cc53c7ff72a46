"""The in-memory repository of DAGs."""

from collections.abc import Sequence

from airflow_run_groups.adapters.memory.backend import MemoryBackend, StoredDag
from airflow_run_groups.adapters.memory.timetables import timetable_of
from airflow_run_groups.domain import DagDetails, DagFilter, DagPage, DagSummary


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

    def search(self, where: DagFilter) -> DagPage:
        with self._backend.lock:
            dags = self._backend.dags
            page, rest = where.page(
                dag_id
                for dag_id, stored in dags.items()
                if not stored.dag.is_stale and (where.tag is None or where.tag in stored.dag.tags)
            )
            return DagPage(dags=tuple(_details(dags[dag_id]) for dag_id in page), next_start=rest)

    def ids(self) -> frozenset[str]:
        with self._backend.lock:
            return frozenset(self._backend.dags)

    def ping(self) -> None:
        """Return: this backend responds as long as its process does."""


def _details(stored: StoredDag) -> DagDetails:
    dag = stored.dag
    return DagDetails(
        dag_id=dag.dag_id,
        is_paused=dag.is_paused,
        fileloc=dag.fileloc,
        last_logical_date=stored.logical_dates[-1] if stored.logical_dates else None,
        schedule=None if dag.schedule is None else str(dag.schedule),
        max_active_runs=dag.max_active_runs,
        allows_range=timetable_of(dag.schedule).periodic,
    )
