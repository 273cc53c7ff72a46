"""Whether a page takes longer in a larger table: this service against itself, on two tables of different size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlencode

from benchmarks.connection import Unavailable, count
from benchmarks.console import log
from benchmarks.creating import RUNS, group_of
from benchmarks.line import Line, at_most, duration
from benchmarks.postgresql import Database
from benchmarks.rounds import alternating, gets, in_turn
from benchmarks.seeding import delete_runs
from benchmarks.servers import Server
from benchmarks.size import BUSY, BUSY_TASKS, PAGE, deep_page, runs

LIMIT = 1.3
_ROUNDS = 5
_TIMES = 51
"""How often each page is requested, in the small table and in the large one by turns."""
_GROUP_READS = 11
_SECONDS = 1.5
"""After which fewer will do."""

_FILTERS = {
    "dag_id": (None, "busy"),
    "state": (None, "success", "failed", "queued"),
    "prefix": (None, "scheduled__", "group_"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of runs, and the service on it. The last runs in it are a group of 500 that are queued."""

    per_dag: int
    database: Database
    ours: Server

    @property
    def runs(self) -> int:
        """How many runs there are, the group aside."""
        return runs(self.per_dag)

    def deep(self, query: dict[str, str]) -> int:
        """Return the id after which the deep page begins; so that 100 runs are left, it is further ahead for rare ones."""
        where = " AND ".join(_condition(name, value) for name, value in query.items()) or "true"
        passing = f"SELECT id FROM dag_run WHERE {where} ORDER BY id DESC OFFSET {PAGE} LIMIT 1"
        there = f"SELECT id FROM dag_run ORDER BY id OFFSET {(deep_page(self.runs) - 1) * PAGE - 1} LIMIT 1"
        return int(self.database.value(f"SELECT least(coalesce(({passing}), 0), ({there}))"))

    def add_group(self) -> float:
        """Have the group created anew, and return the seconds that it took."""
        delete_runs(self.database, "busy")
        with closing(self.ours.connect()) as connection:
            connection.get("/health/ready")
            seconds, response = connection.post("/api/v1/dag_runs", group_of("busy", "group"))
        assert count(response, "response", "dag_run_ids") == RUNS, response
        tasks = "SELECT count(*) FROM task_instance WHERE dag_id = 'busy' AND run_id LIKE 'group\\_%'"
        assert self.database.value(tasks) == RUNS * BUSY_TASKS
        return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What one set of filters costs in both tables."""

    query: dict[str, str]
    page: str
    small: float
    large: float

    @property
    def ratio(self) -> float:
        """How many times as long the larger table takes."""
        return self.large / self.small

    @property
    def flat(self) -> bool:
        """Whether the larger table costs hardly more."""
        return self.ratio <= LIMIT

    def cells(self) -> tuple[str, ...]:
        """Return the columns of the table."""
        filters = " ".join(f"`{name}={value}`" for name, value in self.query.items()) or "none"
        word = "flat" if self.flat else "not flat"
        return (
            filters,
            self.page,
            duration(self.small),
            duration(self.large),
            f"{self.ratio:.2f}",
            word,
        )


def groups(small: Table, large: Table, rounds: int) -> Line:
    """Create a group in the DAG that has most runs of each table, and leave the last one of them there."""
    for table in (small, large):
        table.add_group()
    of_large, of_small = in_turn(rounds, large.add_group, small.add_group)
    for table in (small, large):
        table.database.settle()
    return at_most(
        f"create {RUNS} runs x {BUSY_TASKS} tasks in a DAG with {large.per_dag * BUSY:,} runs",
        of_large,
        f"itself in one with {small.per_dag * BUSY:,} runs",
        of_small,
    )


def group_reads(small: Table, large: Table) -> list[Line]:
    """Read that group, and list the groups of its DAG, in each table."""
    lines = []
    for work, path in {
        "look at a group": "/api/v1/groups/busy/group",
        "list the groups": "/api/v1/groups?dag_id=busy",
    }.items():
        log(f"{work} of {large.per_dag * BUSY:,} runs")
        of_large, of_small = in_turn(
            _ROUNDS, *(gets(table.ours, [path], repeats=_GROUP_READS) for table in (large, small))
        )
        where = f"of a DAG with {large.per_dag * BUSY:,} runs"
        lines.append(at_most(f"{work} {where}", of_large, f"itself with {small.per_dag * BUSY:,} runs", of_small, 1.5))
    return lines


def headings(small: Table, large: Table) -> tuple[str, ...]:
    return "filters", "page", f"{small.runs:,} runs", f"{large.runs:,} runs", "times", ""


def pages(small: Table, large: Table) -> list[Pages]:
    """Measure the first page and a deep one with every combination of filters."""
    log(f"pages of {small.runs:,} and of {large.runs:,} runs, with every combination of filters")
    return [_pages(small, large, query, page) for query in _queries() for page in ("1", f"{deep_page(large.runs):,}")]


def summary(measured: list[Pages], small: Table, large: Table) -> Line:
    """Say of how many it is true that they stay flat."""
    flat = sum(one.flat for one in measured)
    return Line(
        work=f"list page 1 and page {measured[1].page} of {large.runs:,} runs, {len(measured) // 2} combinations of filters",
        against=f"itself at {small.runs:,} runs",
        ours="see below",
        theirs="see below",
        measured=f"{flat} of {len(measured)} flat",
        goal=f"at most {LIMIT} times",
        met=flat == len(measured),
    )


def plain(measured: list[Pages], small: Table, large: Table) -> list[Line]:
    """Return the two pages without a filter as lines of their own."""
    return [
        at_most(
            f"list page {one.page} of {large.runs:,} runs",
            [one.large],
            f"itself at {small.runs:,} runs",
            [one.small],
            LIMIT,
        )
        for one in measured
        if not one.query
    ]


def dags(small: Table, large: Table) -> Line:
    """Measure the list of all DAGs in both tables."""
    log("listing all DAGs in both tables")
    ours, theirs = in_turn(_ROUNDS, *(gets(table.ours, ["/api/v1/dags"], repeats=20) for table in (large, small)))
    return at_most(
        f"list 1,000 DAGs x {large.per_dag:,} runs", ours, f"itself at {small.per_dag} runs each", theirs, 1.5
    )


def _queries() -> Iterator[dict[str, str]]:
    for values in product(*_FILTERS.values()):
        yield {name: value for name, value in zip(_FILTERS, values, strict=True) if value is not None}


def _pages(small: Table, large: Table, query: dict[str, str], page: str) -> Pages:
    requests = []
    for table in (small, large):
        start = {} if page == "1" else {"start": str(table.deep(query))}
        requests.append((table.ours, f"/api/v1/dag_runs?{urlencode({'limit': str(PAGE), **start, **query})}"))
    try:
        of_small, of_large = alternating(requests, times=_TIMES, seconds=_SECONDS)
    except Unavailable:
        (of_small,), of_large = alternating(requests[:1], times=_TIMES, seconds=_SECONDS), [math.inf]
    return Pages(query=query, page=page, small=_undisturbed(of_small), large=_undisturbed(of_large))


def _undisturbed(seconds: list[float]) -> float:
    """Return the lower decile: two servers that do the same differ in it by far less than in their medians."""
    return sorted(seconds)[len(seconds) // 10]


def _condition(name: str, value: str) -> str:
    return f"starts_with(run_id, '{value}')" if name == "prefix" else f"{name} = '{value}'"
