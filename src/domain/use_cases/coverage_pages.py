"""Whether the past of several DAGs is complete: counts alone, a page of DAGs at a time."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from airflow_run_groups.domain.coverage import MAX_TIME, Coverage, CoverageRequest
from airflow_run_groups.domain.dag_search import DagFilter
from airflow_run_groups.domain.errors import CustomCodeFailed, CustomCodeTimeout, Refused
from airflow_run_groups.domain.ports import Caller, DagRepository
from airflow_run_groups.domain.use_cases.coverage import Coverages

MAX_DAGS = 100
"""The most DAGs that a request names, or that a page shows."""


class Problem(NamedTuple):
    """Why nothing is known of a DAG: a sentence, and the word for programs."""

    error: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DagCoverage:
    """The coverage of one of several DAGs; None, with its problem, where its schedule cannot be read or holds no dates."""

    dag_id: str
    coverage: Coverage | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePage:
    """Part of the DAGs, by their ids; ``next_start`` is the ``start`` of the next part, None on the last."""

    dags: tuple[DagCoverage, ...]
    next_start: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragesRequest:
    """A question about the dates of several DAGs: of these, or of all that have a tag and a schedule with dates.

    ``start``: only DAGs whose id is greater, None for all. ``limit``: at most so many, 1 to ``MAX_DAGS``.

    :raises Refused: when the end lies before the start.
    """

    start_date: dt.datetime
    end_date: dt.datetime | None = None
    dag_ids: tuple[str, ...] | None = None
    tag: str | None = None
    start: str | None = None
    limit: int = MAX_DAGS

    def __post_init__(self) -> None:
        self.of("")

    def of(self, dag_id: str) -> CoverageRequest:
        """Return the same question about one DAG."""
        return CoverageRequest(dag_id=dag_id, start_date=self.start_date, end_date=self.end_date)


class CoveragePages:
    """See whether the past of several DAGs is complete."""

    def __init__(self, coverages: Coverages, dags: DagRepository, clock: Callable[[], dt.datetime]) -> None:
        """Use these coverages; ``clock`` returns the present, aware."""
        self._coverages = coverages
        self._dags = dags
        self._clock = clock

    def of(self, request: CoveragesRequest, caller: Caller) -> CoveragePage:
        """Return the coverage of the first DAGs. After three seconds no further one begins.

        A DAG that cannot be read has its problem in its place, so that the others are shown.

        :raises DagNotFound: when a DAG of ``request.dag_ids`` is not there, or the caller may not see it.
        """
        begin = self._clock()
        dag_ids, rest = self._page(request, caller)
        shown: list[DagCoverage] = []
        for dag_id in dag_ids:
            if shown and self._clock() > begin + MAX_TIME:
                return CoveragePage(dags=tuple(shown), next_start=shown[-1].dag_id)
            shown.append(self._one(request.of(dag_id), caller))
        return CoveragePage(dags=tuple(shown), next_start=rest)

    def _page(self, request: CoveragesRequest, caller: Caller) -> tuple[Sequence[str], str | None]:
        if request.dag_ids is not None:
            where = DagFilter(start=request.start, limit=request.limit)
            return where.page(request.dag_ids)
        found = self._dags.search(
            DagFilter(tag=request.tag, start=request.start, limit=request.limit, readable=caller.readable_dag_ids())
        )
        return [dag.dag_id for dag in found.dags if dag.allows_range], found.next_start

    def _one(self, request: CoverageRequest, caller: Caller) -> DagCoverage:
        try:
            return DagCoverage(dag_id=request.dag_id, coverage=self._coverages.of(request, caller))
        except (Refused, CustomCodeFailed, CustomCodeTimeout) as error:
            return DagCoverage(dag_id=request.dag_id, coverage=None, problem=Problem(str(error), error.reason))
