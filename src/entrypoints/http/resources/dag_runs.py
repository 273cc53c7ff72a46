"""The runs: listing, showing, creating and planning them."""

import datetime as dt

from falcon import Request, Response

from airflow_run_groups.domain import (
    MAX_LIMIT,
    MAX_RUN_ID_LENGTH,
    CreateRuns,
    DagRunFilter,
    DagRunNotFound,
    DagRunRepository,
    Detail,
    GroupRequest,
    Refused,
)
from airflow_run_groups.entrypoints.http.body import read_object
from airflow_run_groups.entrypoints.http.envelope import write
from airflow_run_groups.entrypoints.http.query import link_to_next, read_query
from airflow_run_groups.entrypoints.http.schemas.creations import CreatedRunsSchema, PlanSchema, PlanSummarySchema
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.requests.creation import GroupRequestSchema
from airflow_run_groups.entrypoints.http.schemas.requests.dag_runs import DagRunFilterSchema, DagRunQuerySchema
from airflow_run_groups.entrypoints.http.schemas.requests.request import NO_QUERY
from airflow_run_groups.entrypoints.http.schemas.responses import dag_run_schema, dump_page


class DagRunsResource:
    """``/dag_runs``."""

    has_dry_run = True

    def __init__(
        self,
        runs: DagRunRepository,
        create_runs: CreateRuns,
        value_format: ValueFormat,
        default_timezone: dt.tzinfo,
        max_limit: int = MAX_LIMIT,
    ) -> None:
        """Read dates that name no offset in this time zone, and take requests for so many runs at most."""
        self._runs = runs
        self._create_runs = create_runs
        self._filter = DagRunFilterSchema()
        self._run = dag_run_schema(value_format)
        self._request = GroupRequestSchema(default_timezone, max_limit=max_limit)
        self._created = CreatedRunsSchema()
        self._plan = PlanSchema()
        self._summary = PlanSummarySchema()

    def on_get(self, req: Request, resp: Response) -> None:
        """List runs, a page at a time; the Link header leads to the next page, with the same filters."""
        query = read_query(req)
        filters = self._filter.load(query)
        req.context.dag_id = dag_id = filters.get("dag_id")
        where = DagRunFilter(**filters, readable=req.context.caller.readable_dag_ids(dag_id))
        page = self._runs.list(where)
        write(resp, {"dag_runs": dump_page(self._run, page.runs), "next_start": page.next_start})
        link_to_next(resp, query, page.next_start)

    on_head = on_get

    def on_post(self, req: Request, resp: Response) -> None:
        NO_QUERY.load(read_query(req))
        body = self._request.load(read_object(req))
        dry_run, detail, planned = body.pop("dry_run"), body.pop("detail"), body.pop("planned")
        request = GroupRequest(**body)
        req.context.dag_id = request.dag_id
        if dry_run and request.plan_id is not None:
            msg = "plan_id cannot be combined with dry_run: a creation with it does the plan"
            raise Refused(msg)
        if detail is Detail.STRETCHES:
            if not dry_run:
                msg = "detail needs dry_run: it says how a plan is shown"
                raise Refused(msg)
            caller, limited = req.context.caller, "limit" in body
            summary = self._create_runs.summarise(request, caller, limited=limited, planned=planned)
            write(resp, self._summary.dump(summary))
            return
        if dry_run:
            write(resp, self._plan.dump(self._create_runs.plan(request, req.context.caller)))
            return
        req.context.created = created = self._create_runs.create(request, req.context.caller)
        write(resp, self._created.dump(created))


class DagRunResource:
    """``/dag_runs/{run_id}``."""

    def __init__(self, runs: DagRunRepository, value_format: ValueFormat) -> None:
        self._runs = runs
        self._query = DagRunQuerySchema()
        self._run = dag_run_schema(value_format)

    def on_get(self, req: Request, resp: Response, run_id: str) -> None:
        query = self._query.load(read_query(req))
        if not 1 <= len(run_id) <= MAX_RUN_ID_LENGTH or "\0" in run_id:  # a database driver would fail on a NUL
            raise DagRunNotFound
        req.context.dag_id = dag_id = query.get("dag_id")
        run = self._runs.get(run_id, dag_id=dag_id, readable=req.context.caller.readable_dag_ids(dag_id))
        write(resp, {"dag_run": dump_page(self._run, [run])[0]})

    on_head = on_get
