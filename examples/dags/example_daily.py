"""Every midnight (UTC) from 2020 on: the DAG that `make run` creates its group of runs for."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import dag, task


@dag(schedule="0 0 * * *", start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), catchup=False)
def example_daily() -> None:
    """Three quick tasks in a row."""

    @task
    def extract(logical_date: dt.datetime | None = None) -> int:
        """Make up the day's number of orders."""
        return logical_date.toordinal() % 100 if logical_date else 0

    @task
    def transform(orders: int) -> int:
        """Work out the day's turnover."""
        return orders * 25

    @task
    def load(turnover: int) -> None:
        """Say what a real task would store."""
        print(f"turnover: {turnover}")  # noqa: T201 - a task's output is its log

    load(transform(extract()))


example_daily()
