"""Whether the past of a DAG is complete."""

import datetime as dt

from falcon import Request, Response

from airflow_run_groups.domain import CoverageRequest, Coverages, Detail
from airflow_run_groups.entrypoints.http.envelope import write_tagged
from airflow_run_groups.entrypoints.http.query import read_query
from airflow_run_groups.entrypoints.http.schemas.coverage import CoverageFilterSchema, CoverageSchema


class CoverageResource:
    """``/coverage``."""

    def __init__(self, coverages: Coverages, default_timezone: dt.tzinfo) -> None:
        self._coverages = coverages
        self._filter = CoverageFilterSchema(default_timezone)
        self._answers = {
            Detail.STRETCHES: CoverageSchema(exclude=["dates"]),
            Detail.DATES: CoverageSchema(),
        }

    def on_get(self, req: Request, resp: Response) -> None:
        """Say what became of each date of a DAG's schedule, in stretches or date by date."""
        filters = self._filter.load(read_query(req))
        detail = filters.pop("detail")
        req.context.dag_id = filters["dag_id"]
        coverage = self._coverages.of(CoverageRequest(**filters), req.context.caller)
        shown = self._answers[detail].dump(coverage)
        write_tagged(req, resp, {"coverage": shown}, lasting=shown)

    on_head = on_get
