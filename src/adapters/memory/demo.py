"""A handful of DAGs to try the service on."""

import datetime as dt
from collections.abc import Callable

from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.adapters.memory.backend import MemoryBackend
from airflow_run_groups.adapters.memory.dag import MemoryDag

_FIRST_DATE = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
_SUNDAY = 6


def demo_backend(clock: Callable[[], dt.datetime] = utc_now) -> MemoryBackend:
    backend = MemoryBackend(clock)
    for dag in EXAMPLE_DAGS:
        backend.add(dag)
    return backend


EXAMPLE_DAGS = (
    MemoryDag(dag_id="example_daily", schedule="0 0 * * *", start_date=_FIRST_DATE, bundle_version="4f2a9c1"),
    MemoryDag(
        dag_id="example_flaky", schedule="0 0 * * *", start_date=_FIRST_DATE, fails_first_on=frozenset({_SUNDAY})
    ),
    MemoryDag(dag_id="example_hourly", schedule="0 * * * *", start_date=_FIRST_DATE),
    MemoryDag(dag_id="example_six_hourly", schedule=dt.timedelta(hours=6), start_date=_FIRST_DATE),
    MemoryDag(
        dag_id="example_unscheduled",
        params={"colour": {"type": "string", "enum": ["red", "green", "blue"], "default": "red"}},
    ),
    MemoryDag(dag_id="example_paused", schedule="0 0 * * *", start_date=_FIRST_DATE, is_paused=True),
)
