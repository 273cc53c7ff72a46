"""Groups one after the other in a database that was never analysed: the planner knows nothing of its tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from benchmarks.connection import Connection, count
from benchmarks.console import log
from benchmarks.creating import RUNS, group_of
from benchmarks.line import Line, at_most
from benchmarks.postgresql import Database
from benchmarks.servers import Home

GROUPS = 7
DAG_ID, TASKS = "tasks_10", 10
_WARM_UP = 5
"""Runs of a group that comes first, so that the service has done its work once before."""
_BEGIN, _DAY = dt.datetime(2010, 1, 1, tzinfo=dt.timezone.utc), dt.timedelta(days=1)
_TABLES = ("dag_run", "task_instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class InARow:
    """Databases without statistics, which no vacuum comes to."""

    databases: tuple[Database, ...]
    home: Home

    def lines(self) -> list[Line]:
        """Compare the last group with the first one."""
        rounds = [self._groups(database) for database in self.databases]
        return [
            at_most(
                f"create group {GROUPS} in a row, each {RUNS} runs x {TASKS} tasks, tables never analysed",
                [seconds[-1] for seconds in rounds],
                "itself as the first",
                [seconds[0] for seconds in rounds],
                1.3,
            )
        ]

    def _groups(self, database: Database) -> list[float]:
        log(f"{database.name}: {GROUPS} groups in a row")
        database.execute(*(f"ALTER TABLE {table} SET (autovacuum_enabled = false)" for table in _TABLES))
        ours = self.home.ours(database, 1)
        try:
            ours.wait("/health/ready")
            with closing(ours.connect()) as connection:
                connection.post("/api/v1/dag_runs", group_of(DAG_ID, "warm", _WARM_UP, _BEGIN - 10 * _DAY))
                return list(self._seconds(connection))
        finally:
            ours.stop()

    def _seconds(self, connection: Connection) -> Iterator[float]:
        for number in range(GROUPS):
            first = _BEGIN + number * RUNS * _DAY
            seconds, response = connection.post("/api/v1/dag_runs", group_of(DAG_ID, f"row_{number}", RUNS, first))
            assert count(response, "response", "dag_run_ids") == RUNS, response
            yield seconds
