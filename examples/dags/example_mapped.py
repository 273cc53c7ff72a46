"""Every Monday (UTC), with a task that is mapped over what another one finds."""

from __future__ import annotations

import datetime as dt

from airflow.sdk import dag, task


@dag(schedule="0 0 * * 1", start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), catchup=False)
def example_mapped() -> None:
    """One mapped task between two plain ones."""

    @task
    def shops() -> list[str]:
        """List what there is to do."""
        return ["Amsterdam", "Boston", "Cairo"]

    @task
    def count(shop: str) -> int:
        """Do a part of it."""
        return len(shop)

    @task
    def total(counts: list[int]) -> int:
        """Put the parts together."""
        return sum(counts)

    total(count.expand(shop=shops()))


example_mapped()
