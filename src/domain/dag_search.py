"""Which DAGs a page shows, and what a form for a group of one needs to know of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from airflow_run_groups.domain.model import DagSummary
from airflow_run_groups.domain.rights import Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class DagFilter:
    """Which part of the DAGs that are not stale.

    ``tag``: those that have it, letter for letter; None for all. ``q``: what their id has in it, in capitals or not; None for all. ``start``: only those whose id is greater, None for all.
    ``limit``: at most so many, at least 1. ``readable``: only these DAGs, None: any.
    """

    tag: str | None = None
    q: str | None = None
    start: str | None = None
    limit: int = 50
    readable: frozenset[str] | None = None

    def page(self, dag_ids: Iterable[str]) -> tuple[list[str], str | None]:
        """Return the ids of the page, and the ``start`` of the next one, None when this is the last."""
        part = "" if self.q is None else self.q.casefold()
        found = sorted(
            dag_id
            for dag_id in dag_ids
            if part in dag_id.casefold()
            and (self.start is None or dag_id > self.start)
            and (self.readable is None or dag_id in self.readable)
        )
        page = found[: self.limit]
        return page, page[-1] if len(found) > len(page) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagDetails(DagSummary):
    """A DAG with more than the list of all shows.

    ``schedule``: as Airflow sums it up, None without one. ``max_active_runs``: how many of its runs may run at once.
    ``allows_range``: whether its schedule holds the dates of a range. ``may``: what the caller who looks at it may do, None
    where nobody asks.
    """

    schedule: str | None
    max_active_runs: int
    allows_range: bool
    may: Rights | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagPage:
    """Part of the DAGs, by their ids; ``next_start`` is the ``start`` of the next part, None on the last."""

    dags: tuple[DagDetails, ...]
    next_start: str | None
