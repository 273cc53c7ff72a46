"""The metrics that Prometheus collects at ``/metrics``. No label names a DAG, a run or a caller."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
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

from airflow_run_groups.adapters.metrics import METRICS, PREFIX, Metric
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's name for the folder in which the processes of a server keep their numbers for each other."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds: a read takes one of the first, and the largest group one of the last."""


class PrometheusMeter:
    """Counts and measures for Prometheus.

    The collectors are made at the first call, when gunicorn has made the folder and forked its workers.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: _Collectors | None = None

    def increment(self, metric: Metric, amount: int = 1, **labels: str) -> None:
        self._collectors.child(metric, labels).inc(amount)

    def observe(self, metric: Metric, seconds: float, **labels: str) -> None:
        self._collectors.child(metric, labels).observe(seconds)

    def set(self, metric: Metric, value: int) -> None:
        self._collectors.child(metric, {}).set(value)

    def text(self) -> bytes:
        """Return all metrics, those of the server's other processes included."""
        registry = self._collectors.registry
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    @property
    def _collectors(self) -> _Collectors:
        if self._made is None:
            with self._lock:
                self._made = self._made or _Collectors()
        return self._made


class _Collectors:
    """The collector of each metric. Its labelled children are kept, since finding one takes longer than counting."""

    def __init__(self) -> None:
        shared = FOLDER in os.environ
        values.ValueClass = values.MultiProcessValue() if shared else values.MutexValue  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._collectors = {metric: self._collector(metric) for metric in METRICS}
        self._children: dict[tuple[Metric, tuple[str, ...]], Any] = {}

    def child(self, metric: Metric, labels: Mapping[str, str]) -> Any:
        key = (metric, tuple(labels[name] for name in metric.labels))
        child = self._children.get(key)
        if child is None:
            collector = self._collectors[metric]
            child = self._children[key] = collector.labels(**labels) if labels else collector
        return child

    def _collector(self, metric: Metric) -> Any:
        name = f"{PREFIX}_{metric.name}"
        if metric.kind == "counter":
            return Counter(f"{name}_total", metric.help, metric.labels, registry=self.registry)
        if metric.kind == "duration":
            return Histogram(f"{name}_seconds", metric.help, metric.labels, buckets=BUCKETS, registry=self.registry)
        return Gauge(name, metric.help, metric.labels, multiprocess_mode="livesum", registry=self.registry)


class MetricsResource:
    """``/metrics``."""

    def __init__(self, meter: PrometheusMeter, token_file: TokenFile | None = None) -> None:
        self._meter = meter
        self._token_file = token_file

    def on_get(self, req: Request, resp: Response) -> None:
        if self._token_file is not None:
            self._token_file.is_usable()  # which the file reports to the meter, also where nobody sends a request
        resp.content_type = CONTENT_TYPE_LATEST
        resp.data = self._meter.text()

    on_head = on_get


def share() -> None:
    """Make the folder, for the processes that will be forked from this one and for no others."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="airflow-groups-metrics-")


def forget(pid: int) -> None:
    """Drop the gauges of a process that has ended; its counters stay."""
    if FOLDER in os.environ:  # else no worker has counted, and an error here would end the server
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def unshare() -> None:
    shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)
