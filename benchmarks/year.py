"""A year of hourly runs from a terminal: our command over HTTP, and Airflow's own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.connection import Failed
from benchmarks.console import log
from benchmarks.line import Line, faster
from benchmarks.postgresql import Database
from benchmarks.seeding import delete_runs
from benchmarks.servers import TOKEN, Server

DAG_ID = "hourly"
RUNS = 8760
_RANGE = ("--dag-id", DAG_ID, "--from-date", "2021-01-01T00:00:00+00:00", "--to-date", "2021-12-31T23:00:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """Both commands in one database. The rows are counted after each, and removed."""

    database: Database
    ours: Server
    environment: Mapping[str, str]

    def lines(self) -> list[Line]:
        """Measure each once, from the start of the command to its end: Airflow's takes minutes."""
        log(f"creating a year of {RUNS:,} hourly runs from a terminal")
        url = f"http://127.0.0.1:{self.ours.port}"
        ours = self._seconds("airflow-groups", "create", *_RANGE, "--prefix", "year", "--url", url, "-o", "plain")
        log("creating the same with airflow backfill create")
        theirs = self._seconds("airflow", "backfill", "create", *_RANGE)
        work = f"create a year of hourly runs, {RUNS:,} x 1 task, with `airflow-groups create`"
        return [faster(work, [ours], "`airflow backfill create`, the same range", [theirs])]

    def _seconds(self, program: str, *words: str) -> float:
        command = [str(Path(sys.executable).parent / program), *words]
        environment = {**self.environment, "AIRFLOW_GROUPS_TOKEN": TOKEN}
        begin = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - begin
        if done.returncode != 0:
            msg = f"{command} ended with {done.returncode}: {done.stderr[-2000:]}"
            raise Failed(msg)
        where = f"WHERE dag_id = '{DAG_ID}'"
        found = [self.database.value(f"SELECT count(*) FROM {table} {where}") for table in ("dag_run", "task_instance")]
        assert found == [RUNS, RUNS], found
        delete_runs(self.database, DAG_ID)
        self.database.settle()
        return seconds
