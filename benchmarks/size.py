"""How much is measured: enough for a look every day, or all that the tables of the documentation show."""

from __future__ import annotations

from dataclasses import dataclass

DAGS = 1000
"""DAGs in every table, beside those that runs are created of."""
SMALL = 10
"""Runs that each of them has in the small table."""
BUSY = 100
"""How many times as many runs one further DAG has."""
BUSY_TASKS = 10
"""Tasks of that DAG."""
PAGE = 100
"""Runs on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The numbers in which the sizes differ."""

    name: str
    rounds: int
    """How often what takes seconds is measured."""
    triggers: int
    """How many single triggers are sent in place of 500."""
    large: int
    """Runs that each DAG has in the large table."""
    huge: int | None
    """Runs that each DAG has in a third table."""


QUICK = Size(name="quick", rounds=2, triggers=50, large=1000, huge=None)
FULL = Size(name="full", rounds=5, triggers=500, large=1000, huge=10_000)


def deep_page(runs: int) -> int:
    """Return the number of a page far into so many runs: 9,000 for a million."""
    return runs * 9 // 10 // PAGE


def runs(per_dag: int) -> int:
    """Return how many runs a table has."""
    return per_dag * (DAGS + BUSY)
