"""Creating 500 runs: this service, what Airflow offers for it, and the least that a database can do."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from benchmarks.airflow_process import AirflowProcess
from benchmarks.connection import count
from benchmarks.console import log
from benchmarks.line import Line, at_most, faster
from benchmarks.postgresql import Database
from benchmarks.rounds import in_turn
from benchmarks.seeding import delete_runs
from benchmarks.servers import Server
from benchmarks.size import Size

RUNS = 500
_TASKS = (1, 10, 100)
COMPARED_WITH_ALL = 10
"""Tasks of the runs that are created in every other way, too."""
FIRST = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
_WARM_UPS = 6
"""Connections on which a server is tried first, so that each of its workers has done the work before."""


def group_of(dag_id: str, prefix: str, runs: int = RUNS, first: dt.datetime = FIRST) -> dict[str, object]:
    """Return the request for so many daily runs."""
    last = first + dt.timedelta(days=runs - 1)
    return {"dag_id": dag_id, "prefix": prefix, "start_date": f"{first:%Y-%m-%d}", "end_date": f"{last:%Y-%m-%d}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Creating:
    """Everything that creates runs in one database. After each measurement the rows are counted, and removed."""

    database: Database
    ours: Server
    airflow: Server
    process: AirflowProcess
    size: Size

    def lines(self) -> list[Line]:
        self.warm_up()
        lines = []
        for tasks in _TASKS:
            dag_id = f"tasks_{tasks}"
            log(f"creating {RUNS} runs x {tasks} tasks")
            self.by_us(dag_id, keep=True)
            peers = [self.by_insert, self._in_a_loop]
            if tasks == COMPARED_WITH_ALL:
                peers += [self.by_backfill, self.by_triggers]
            ours, insert, loop, *others = in_turn(
                self.size.rounds, *(partial(work, dag_id) for work in (self.by_us, *peers))
            )
            work = f"create {RUNS} runs x {tasks} task{'s' * (tasks > 1)}"
            if others:
                backfill, triggers = others
                lines += [
                    faster(work, ours, "Airflow `POST /api/v2/backfills`, the same range", backfill, 25),
                    faster(work, ours, self.triggers(), triggers, 50),
                ]
            goals = {10: (1.7, None), 100: (None, 6)}.get(tasks, (None, None))
            lines += [
                at_most(
                    work, ours, "floor: one raw `INSERT … SELECT` each for runs and task instances", insert, goals[0]
                ),
                faster(work, ours, "a loop of `create_dagrun` in one transaction, without HTTP", loop, goals[1]),
            ]
        return lines

    def by_us(self, dag_id: str, *, keep: bool = False) -> float:
        """Create the runs through this service; kept are the rows of them, in tables of their own."""
        with closing(self.ours.connect()) as connection:
            connection.get("/api/v1/health/ready")
            seconds, response = connection.post("/api/v1/dag_runs", group_of(dag_id, "bench"))
        assert count(response, "response", "dag_run_ids") == RUNS, response
        if keep:
            for table in ("dag_run", "task_instance"):
                where = f"WHERE dag_id = '{dag_id}' AND run_id LIKE 'bench\\_%'"
                self.database.execute(f"CREATE TABLE {table}_of_{dag_id} AS SELECT * FROM {table} {where}")
        return self._checked(dag_id, seconds)

    def by_insert(self, dag_id: str) -> float:
        statements = []
        for table in ("dag_run", "task_instance"):
            columns = ", ".join(name for name in self.database.columns(table) if (table, name) != ("dag_run", "id"))
            statements.append(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}_of_{dag_id}")
        return self._checked(dag_id, self.database.commit(*statements))

    def _in_a_loop(self, dag_id: str) -> float:
        return self._checked(dag_id, self.process.create_in_a_loop(dag_id, FIRST, RUNS))

    def by_backfill(self, dag_id: str, created: int = RUNS) -> float:
        last = FIRST + dt.timedelta(days=created - 1)
        body = {"dag_id": dag_id, "from_date": FIRST.isoformat(), "to_date": last.isoformat()}
        with closing(self.airflow.connect()) as connection:
            connection.get("/api/v2/monitor/health")
            seconds, _ = connection.post("/api/v2/backfills", body)
        return self._checked(dag_id, seconds, created)

    def by_triggers(self, dag_id: str) -> float:
        seconds = 0.0
        with closing(self.airflow.connect()) as connection:
            connection.get("/api/v2/monitor/health")
            for number in range(self.size.triggers):
                date = FIRST + dt.timedelta(days=number)
                seconds += connection.post(f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": date.isoformat()})[0]
        return self._checked(dag_id, seconds, self.size.triggers) * RUNS / self.size.triggers

    def triggers(self) -> str:
        text = f"{RUNS} x Airflow `POST /api/v2/dags/{{id}}/dagRuns`"
        return text if self.size.triggers == RUNS else f"{text}, extrapolated from {self.size.triggers}"

    def _checked(self, dag_id: str, seconds: float, created: int = RUNS) -> float:
        """Return the seconds when that many runs are there with all their task instances, which are then removed."""
        tasks = int(dag_id.removeprefix("tasks_"))
        where = f"WHERE dag_id = '{dag_id}' AND run_id NOT LIKE 'scheduled\\_\\_%'"
        found = tuple(
            self.database.value(f"SELECT count(*) FROM {table} {where}") for table in ("dag_run", "task_instance")
        )
        assert found == (created, created * tasks), f"{found} rows of {dag_id}"
        self.forget(dag_id)
        return seconds

    def forget(self, dag_id: str) -> None:
        """Remove the runs that were created of a DAG, and leave no work on them behind."""
        delete_runs(self.database, dag_id)
        self.database.settle()

    def warm_up(self) -> None:
        log("warming up")
        for number in range(_WARM_UPS):
            date = FIRST + dt.timedelta(days=number)
            with closing(self.ours.connect()) as connection:
                connection.post("/api/v1/dag_runs", group_of("tasks_1", "warm", runs=2))
            with closing(self.airflow.connect()) as connection:
                connection.post("/api/v2/dags/tasks_10/dagRuns", {"logical_date": date.isoformat()})
            with closing(self.airflow.connect()) as connection:
                range_ = {"from_date": date.isoformat(), "to_date": date.isoformat()}
                connection.post("/api/v2/backfills", {"dag_id": "tasks_100", **range_})
            for tasks in _TASKS:
                delete_runs(self.database, f"tasks_{tasks}")
        self.database.settle()
