"""Several DAGs, date after date: the report of a date follows the load of that date, and waits for no other one."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import Param, dag, task, task_group

from airflow_run_groups.operators import CreateRunGroupOperator, RunGroupSensor

PREFIX = "{{ params.prefix }}"


@dag(
    schedule=None,
    start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc),
    params={
        "prefix": Param("date_after_date", type="string"),
        "dates": Param(["2020-03-01", "2020-03-02", "2020-03-03"], type="array"),
    },
    default_args={"retries": 1, "retry_delay": dt.timedelta(seconds=5)},
)
def example_date_after_date() -> None:
    """Create a group of the first DAG; then, for each of its dates that succeeds, a run of the second one."""

    @task
    def dates(params: dict[str, list[str]] | None = None) -> list[str]:
        """Return the dates, which may also come from a plan or from another system."""
        return (params or {})["dates"]

    @task_group
    def follow(date: str) -> None:
        """Wait for one date of the first DAG, and go on with it: a date that fails holds only what follows it."""
        loaded = RunGroupSensor(
            task_id="loaded",
            dag_id="example_daily",
            prefix=PREFIX,
            logical_date=date,
            poke_interval=5,
            mode="reschedule",  # where no triggerer runs: the worker is free between two looks
            timeout=3600,
        )
        report = CreateRunGroupOperator(
            task_id="report",
            dag_id="example_report",
            prefix=PREFIX,
            dates=[date],
            note="follows example_daily",
        )
        loaded >> report

    days = dates()
    load = CreateRunGroupOperator(
        task_id="load",
        dag_id="example_daily",
        prefix=PREFIX,
        dates=days,
        max_active_runs=2,
    )
    load >> follow.expand(date=days)


@dag(schedule=None, start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc))
def example_report() -> None:
    """Make something of the data of a date when it is there."""

    @task
    def write(logical_date: dt.datetime | None = None) -> None:
        """Say what a real task would write."""
        print(f"the report of {logical_date}")  # noqa: T201 - a task's output is its log

    write()


example_date_after_date()
example_report()
