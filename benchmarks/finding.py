"""Whether finding things takes longer in a larger table: groups of all DAGs, DAGs, and what of their past is missing."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.console import log
from benchmarks.growth import Table
from benchmarks.line import Line, at_most
from benchmarks.rounds import gets, in_turn
from benchmarks.size import PAGE

_ROUNDS = 5
_REPEATS = 11
_LIMIT = 1.5
_WORKS = {
    "list the groups of all DAGs": "/api/v1/groups",
    "list the active groups": "/api/v1/groups?state=active",
    "list the groups with failures": "/api/v1/groups?state=failed",
    f"find {PAGE} DAGs by a part of their ids": f"/api/v1/dags?q=DAG_0&limit={PAGE}",
    "count what a month of hourly dates has": "/api/v1/coverage?dag_id=busy&limit=1&start_date=2010-01-01&end_date=2010-01-31",
}


def lines(small: Table, large: Table) -> Iterator[Line]:
    """Ask for each in both tables, whose last runs are a group of 500 that are queued."""
    for work, path in _WORKS.items():
        log(f"{work}, in both tables")
        of_large, of_small = in_turn(_ROUNDS, *(gets(table.ours, [path], repeats=_REPEATS) for table in (large, small)))
        yield at_most(f"{work}, of {large.runs:,} runs", of_large, f"itself of {small.runs:,}", of_small, _LIMIT)
