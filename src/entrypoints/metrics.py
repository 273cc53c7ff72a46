"""What Prometheus collects at ``/metrics``. It has numbers of this service, and no name of a DAG, a run or a caller."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from threading import Lock
from typing import Any

from falcon import Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's name for the folder in which the processes of a server keep their numbers for each other."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds: a read takes one of the first, and the largest group one of the last."""


class PrometheusMeter:
    """Counts and measures for Prometheus, from the first time on that it is told something."""

    def __init__(self) -> None:
        """Wait until gunicorn has made the folder and forked its workers."""
        self._lock = Lock()
        self._made: _Numbers | None = None

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer, and the seconds that it took to make."""
        self._numbers.requests(method, route, status).inc()
        self._numbers.seconds(method, route).observe(seconds)

    def group(self, *, created: int, existing: int) -> None:
        """Count the runs of a group, and the dates that it skipped, since they had a run."""
        self._numbers.created.inc(created)
        self._numbers.skipped.inc(existing)

    def refusal(self, reason: str) -> None:
        """Count an answer that is an error which the code foresees."""
        self._numbers.refusals(reason).inc()

    def statement(self, *, work: str, seconds: float) -> None:
        """Count a statement and the seconds until the database had answered it."""
        self._numbers.database(work).observe(seconds)

    def pool(self, *, in_use: int, size: int) -> None:
        """Note how many of this process's database connections are lent, and how many it may have."""
        self._numbers.pool_in_use.set(in_use)
        self._numbers.pool_size.set(size)

    def text(self) -> bytes:
        """Write all numbers down, those of the server's other processes included."""
        registry = self._numbers.registry
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    @property
    def _numbers(self) -> _Numbers:
        if self._made is None:
            with self._lock:
                self._made = self._made or _Numbers()
        return self._made


class _Numbers:
    """The metrics by name; their labelled children are kept, since finding one takes longer than counting."""

    def __init__(self) -> None:
        shared = FOLDER in os.environ
        values.ValueClass = values.MultiProcessValue() if shared else values.MutexValue  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        requests = Counter(
            "airflow_run_groups_requests_total",
            "Answers.",
            ["method", "route", "status"],
            registry=registry,
        )
        seconds = Histogram(
            "airflow_run_groups_request_seconds",
            "Seconds from a request to its answer.",
            ["method", "route"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.created = Counter(
            "airflow_run_groups_runs_created_total", "DAG runs that were created.", registry=registry
        )
        self.skipped = Counter(
            "airflow_run_groups_dates_skipped_total",
            "Dates of groups that had a run already.",
            registry=registry,
        )
        refusals = Counter(
            "airflow_run_groups_refusals_total",
            "Answers that are an error, but for failures of the service itself (status 500).",
            ["reason"],
            registry=registry,
        )
        database = Histogram(
            "airflow_run_groups_database_seconds",
            "Seconds of one statement, in a read or in the transaction of a write.",
            ["work"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.pool_in_use = Gauge(
            "airflow_run_groups_pool_in_use",
            "Database connections that requests hold.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.pool_size = Gauge(
            "airflow_run_groups_pool_size",
            "Database connections that requests may hold, in the processes that have had one.",
            multiprocess_mode="livesum",
            registry=registry,
        )

        # bounded, as every label is: methods, routes, statuses and reasons are the code's own
        @cache
        def requests_of(method: str, route: str, status: int) -> Counter:
            return requests.labels(method, route, status)

        @cache
        def seconds_of(method: str, route: str) -> Histogram:
            return seconds.labels(method, route)

        self.requests, self.seconds = requests_of, seconds_of
        self.refusals, self.database = cache(refusals.labels), cache(database.labels)


class MetricsResource:
    """``/metrics``."""

    def __init__(self, meter: Any) -> None:
        """Show the text of this one."""
        self._meter = meter

    def on_get(self, req: Request, resp: Response) -> None:  # noqa: ARG002 - Falcon's signature
        """Show them."""
        resp.content_type = CONTENT_TYPE_LATEST
        resp.data = self._meter.text()

    on_head = on_get


def share() -> None:
    """Make the folder, for the processes that will be forked from this one and for no others."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="airflow-groups-metrics-")


def forget(pid: int) -> None:
    """Let go of what was true of a process only while it lived: what it counted goes on counting."""
    if FOLDER in os.environ:  # else nobody has counted, and no worker's end may be the server's
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def unshare() -> None:
    """Remove the folder."""
    shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)
