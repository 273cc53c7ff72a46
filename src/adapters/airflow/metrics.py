"""Airflow's own metrics, as ``[metrics]`` sets them up: StatsD, DataDog, OpenTelemetry or nothing."""

import datetime as dt

from airflow_run_groups.adapters.airflow.compat import stats
from airflow_run_groups.adapters.metrics import PREFIX, Metric


class AirflowMeter:
    """Counts and measures with Airflow's Stats; labels are tags."""

    def __init__(self) -> None:
        self._stats = stats()

    def increment(self, metric: Metric, amount: int = 1, **labels: str) -> None:
        self._stats.incr(f"{PREFIX}.{metric.name}", amount, tags=labels or None)

    def observe(self, metric: Metric, seconds: float, **labels: str) -> None:
        self._stats.timing(f"{PREFIX}.{metric.name}", dt.timedelta(seconds=seconds), tags=labels or None)

    def set(self, metric: Metric, value: int) -> None:
        self._stats.gauge(f"{PREFIX}.{metric.name}", value)
