"""Without a schedule: it runs when somebody asks for it, with a greeting of their choice."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import Param, dag, task


@dag(
    schedule=None,
    start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc),
    params={"greeting": Param("Hello", type="string", minLength=1)},
)
def example_unscheduled() -> None:
    """One task that reads the run's configuration."""

    @task
    def greet(params: dict[str, object] | None = None) -> None:
        """Say the greeting."""
        print((params or {}).get("greeting"))  # noqa: T201 - a task's output is its log

    greet()


example_unscheduled()
