"""An in-memory backend as the contract suites furnish it. Its clock hardly moves, so nothing happens by itself."""

import datetime as dt

from airflow_run_groups.adapters.memory import (
    MemoryAuditLog,
    MemoryBackend,
    MemoryDag,
    MemoryDagRepository,
    MemoryDagRunRepository,
    MemoryGroupRepository,
)
from airflow_run_groups.adapters.memory.queue import StoredRun
from airflow_run_groups.domain import DagRun, TaskWindow
from tests.contracts.max_limit import MAX_LIMIT, MAX_TASK_INSTANCES
from tests.contracts.world import Stored, utc


class MemoryWorld:
    def __init__(self):
        self.now = utc(2025, 1, 1)
        self.backend = MemoryBackend(self.clock)
        self.dags = MemoryDagRepository(self.backend)
        self.runs = self.hurried_runs = MemoryDagRunRepository(self.backend)
        self.large_runs = MemoryDagRunRepository(
            self.backend, max_limit=MAX_LIMIT, max_task_instances=MAX_TASK_INSTANCES
        )
        self.groups = self.hurried_groups = MemoryGroupRepository(self.backend)
        self.audit = MemoryAuditLog()

    def clock(self):
        self.now += dt.timedelta(microseconds=1)
        return self.now

    def denials(self):
        return list(self.audit.denials)

    def dag(self, dag_id, *, schedule="0 0 * * *", params=None, windows=None, tags=(), **settings):
        if windows:  # as Airflow finds them
            settings["task_ids"] = tuple(f"task_{number}" for number in range(len(windows)))
            settings["task_windows"] = frozenset(TaskWindow(*window) for window in windows)
            starts, ends = zip(*windows, strict=True)
            settings["start_date"] = min(starts) if all(starts) else None
            settings["end_date"] = max(ends) if all(ends) else None
        self.backend.add(MemoryDag(dag_id=dag_id, schedule=schedule, params=params or {}, tags=tuple(tags), **settings))

    knows_makers = knows_versions = True

    def run(self, dag_id, run_id, *, created_by=None, **facts):
        return place(self.backend, dag_id, run_id, created_by=created_by, **facts).id

    def end(self, dag_id, run_id, state):
        stored = self.backend.dags[dag_id].by_run_id[run_id]
        self.backend.dags[dag_id].queue_of(stored).remove(stored)
        now = self.backend.advance()
        stored.run = stored.run._replace(state=state, start_date=now, end_date=now if state != "running" else None)
        stored.cancelled = False

    def stored(self, dag_id, run_id):
        run = self.backend.dags[dag_id].by_run_id[run_id]
        return Stored(run_after=run.run_after, conf=run.conf, note=run.note)

    def count_runs(self):
        return len(self.backend.runs)


def place(backend, dag_id, run_id, *, created_by=None, **facts):
    """Put a run there that something else made; it stays as it is."""
    facts = {"run_type": "manual", "state": "success", "logical_date": None, **facts}
    run = DagRun(id=len(backend.runs) + 1, dag_id=dag_id, run_id=run_id, **facts)
    now = backend.advance()
    run_after = run.logical_date or now.replace(microsecond=0)
    backend.keep(
        StoredRun(
            run,
            waiting_since=max(now, run_after),
            run_after=run_after,
            created_at=now,
            created_by=created_by,
            conf={},
            note=None,
        )
    )
    return run
