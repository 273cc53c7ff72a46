"""Groups of more than 500 runs by one request: how long it takes, how long it locks the DAG, and a worker's memory."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from statistics import median

import psycopg2  # type: ignore[import-untyped]

from benchmarks.connection import Connection, count
from benchmarks.console import log
from benchmarks.line import duration, megabytes
from benchmarks.postgresql import Database
from benchmarks.seeding import delete_runs
from benchmarks.servers import Home, Server

SIZES = (500, 2_000, 10_000)
DAG_ID, TASKS = "hourly_10", 10
_FIRST, _HOUR = dt.datetime(2010, 1, 1, tzinfo=dt.timezone.utc), dt.timedelta(hours=1)
_LOOK = "SELECT FROM dag WHERE dag_id = %s FOR UPDATE SKIP LOCKED"
_PAUSE = 0.002
"""Seconds between two looks at the lock."""
_HEADINGS = ("runs x tasks", "a plan", "a creation", "the DAG is locked", "per run", "memory of the worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """A database, and a server of its own on it with the largest ``max_limit``."""

    database: Database
    home: Home
    rounds: int

    def rows(self) -> list[tuple[str, ...]]:
        """Return a table, its headings first; times are medians of the rounds, memory is the highest of them."""
        ours = self.home.ours(self.database, 1, max_limit=SIZES[-1])
        try:
            ours.wait("/health/ready")
            with closing(ours.connect()) as connection:
                self._create(ours, connection, 5)
                found: dict[int, list[tuple[float, ...]]] = {runs: [] for runs in SIZES}
                for _ in range(self.rounds):
                    for runs in SIZES:
                        log(f"{runs:,} runs x {TASKS} tasks by one request")
                        found[runs].append(self._create(ours, connection, runs))
        finally:
            ours.stop()
        return [_HEADINGS, *(_row(runs, measured) for runs, measured in found.items())]

    def _create(self, ours: Server, connection: Connection, runs: int) -> tuple[float, ...]:
        """Return the seconds of a plan, of a creation, and for which it locks the DAG, and the megabytes that it takes."""
        last = _FIRST + (runs - 1) * _HOUR
        body: dict[str, object] = {"dag_id": DAG_ID, "prefix": "large", "limit": max(runs, SIZES[0])}
        body |= {"start_date": _FIRST.isoformat(), "end_date": last.isoformat()}
        planned, _ = connection.post("/api/v1/dag_runs", {**body, "dry_run": True})
        before = ours.forget_peak()
        with _Lock(self.database).watched() as lock:
            created, response = connection.post("/api/v1/dag_runs", body)
        assert count(response, "response", "dag_run_ids") == runs, response[:1000]
        more = ours.peak() - before
        rows = self.database.value(f"SELECT count(*) FROM task_instance WHERE dag_id = '{DAG_ID}'")
        assert rows == runs * TASKS, f"{rows} task instances"
        delete_runs(self.database, DAG_ID)
        self.database.settle()
        return planned, created, lock.seconds, more


def _row(runs: int, measured: list[tuple[float, ...]]) -> tuple[str, ...]:
    planned, created, locked, more = zip(*measured, strict=True)
    times = [duration(median(values)) for values in (planned, created, locked)]
    return (f"{runs:,} x {TASKS}", *times, duration(median(created) / runs), f"{megabytes(max(more))} more than before")


@dataclass(slots=True)
class _Lock:
    """For how long another transaction would not have got the lock of the DAG, from the first look to the last that failed."""

    database: Database
    seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watched(self) -> Iterator[_Lock]:
        with closing(psycopg2.connect(self.database.uri)) as connection:
            connection.autocommit = True
            watch = threading.Thread(target=self._watch, args=(connection,))
            watch.start()
            try:
                yield self
            finally:
                self._stop.set()
                watch.join()

    def _watch(self, connection: psycopg2.extensions.connection) -> None:
        first = last = None
        with connection.cursor() as cursor:
            while not self._stop.wait(_PAUSE):
                cursor.execute(_LOOK, (DAG_ID,))
                if not cursor.rowcount:
                    last = time.perf_counter()
                    first = first or last
        self.seconds = 0.0 if first is None or last is None else last - first
