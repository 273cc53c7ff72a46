"""Whether the past of a DAG, or of several, is complete."""

import datetime as dt
from typing import Any

from falcon import Request, Response

from airflow_run_groups.domain import CoveragePages, CoverageRequest, Coverages, CoveragesRequest, Detail
from airflow_run_groups.entrypoints.http.envelope import write_tagged
from airflow_run_groups.entrypoints.http.query import link_to_next, read_query
from airflow_run_groups.entrypoints.http.schemas.coverage import (
    CoverageFilterSchema,
    CoverageSchema,
    DagCoverageSchema,
    is_of_several,
)


class CoverageResource:
    """``/coverage``."""

    def __init__(self, coverages: Coverages, pages: CoveragePages, default_timezone: dt.tzinfo) -> None:
        self._coverages = coverages
        self._pages = pages
        self._filter = CoverageFilterSchema(default_timezone)
        self._of_several = DagCoverageSchema(many=True)
        self._answers = {
            Detail.STRETCHES: CoverageSchema(exclude=["dates"]),
            Detail.DATES: CoverageSchema(),
        }

    def on_get(self, req: Request, resp: Response) -> None:
        """Say what became of each date of a DAG's schedule, in stretches or date by date; of several DAGs how many there are."""
        query = read_query(req, lists=["dag_id"])
        filters = self._filter.load(query)
        detail = filters.pop("detail")
        if is_of_several(filters):
            self._page(req, resp, query, filters)
            return
        (dag_id,) = filters.pop("dag_id")
        req.context.dag_id = dag_id
        coverage = self._coverages.of(CoverageRequest(dag_id=dag_id, **filters), req.context.caller)
        shown = self._answers[detail].dump(coverage)
        write_tagged(req, resp, {"coverage": shown}, lasting=shown)

    on_head = on_get

    def _page(self, req: Request, resp: Response, query: dict[str, Any], filters: dict[str, Any]) -> None:
        request = CoveragesRequest(dag_ids=filters.pop("dag_id", None), **filters)
        page = self._pages.of(request, req.context.caller)
        payload = {"coverages": self._of_several.dump(page.dags), "next_start": page.next_start}
        link_to_next(resp, query, page.next_start)
        write_tagged(req, resp, payload, lasting=payload)
