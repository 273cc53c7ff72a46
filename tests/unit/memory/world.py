"""An in-memory backend as the contract suites furnish it. Its clock stands still, so nothing happens by itself."""

from airflow_run_groups.adapters.memory import (
    MemoryAuditLog,
    MemoryBackend,
    MemoryDag,
    MemoryDagRepository,
    MemoryDagRunRepository,
    MemoryGroupRepository,
)
from airflow_run_groups.domain import DagRunState, DagRunType

from tests.contracts.world import Stored, utc


class MemoryWorld:
    def __init__(self):
        self.backend = MemoryBackend(clock=lambda: utc(2025, 1, 1))
        self.dags = MemoryDagRepository(self.backend)
        self.runs = MemoryDagRunRepository(self.backend)
        self.groups = self.hurried_groups = MemoryGroupRepository(self.backend)
        self.audit = MemoryAuditLog()

    def refusals(self):
        return list(self.audit.refusals)

    def dag(self, dag_id, *, schedule="0 0 * * *", params=None, **settings):
        self.backend.add(MemoryDag(dag_id=dag_id, schedule=schedule, params=params or {}, **settings))

    knows_makers = True

    def run(self, dag_id, run_id, *, run_type="manual", state="success", **facts):
        return self.backend.place(dag_id, run_id, run_type=DagRunType(run_type), state=DagRunState(state), **facts).id

    def stored(self, dag_id, run_id):
        run = self.backend.dags[dag_id].by_run_id[run_id]
        return Stored(run_after=run.run_after, conf=run.conf, note=run.note)

    def count_runs(self):
        return len(self.backend.runs)
