"""Every full hour (UTC), each run with the hour before it as its data interval."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import CronDataIntervalTimetable, dag, task


@dag(
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc),
    catchup=False,
)
def example_hourly() -> None:
    """One task."""

    @task
    def report(data_interval_start: dt.datetime | None = None, data_interval_end: dt.datetime | None = None) -> None:
        """Say which hour this run is about."""
        print(f"from {data_interval_start} to {data_interval_end}")  # noqa: T201 - a task's output is its log

    report()


example_hourly()
