"""The endpoints. HEAD answers as GET does; Falcon leaves the body out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from airflow_run_groups.domain import (
    CreateRuns,
    DagRepository,
    DagRunFilter,
    DagRunNotFound,
    DagRunRepository,
    GroupRequest,
    Unavailable,
)
from airflow_run_groups.entrypoints.http.body import read_object
from airflow_run_groups.entrypoints.http.query import link_to_next, read_query
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.requests import CreateBody, GetQuery, ListQuery, NoQuery
from airflow_run_groups.entrypoints.http.schemas.responses import (
    BatchAnswer,
    DagAnswer,
    DagRunAnswer,
    PlanAnswer,
    write,
)
from falcon import Request, Response

_NO_QUERY = NoQuery()


class DagsResource:
    """``/dags``."""

    def __init__(self, dags: DagRepository, value_format: ValueFormat) -> None:
        """List these DAGs."""
        self._dags = dags
        self._answer = DagAnswer(value_format)

    def on_get(self, req: Request, resp: Response) -> None:
        """List the DAGs."""
        _NO_QUERY.load(read_query(req))
        dags = self._dags.list(readable=req.context.caller.readable_dag_ids())
        write(resp, {"dags": self._answer.dump(dags, many=True)})

    on_head = on_get


class DagRunsResource:
    """``/dag_runs``."""

    def __init__(
        self,
        runs: DagRunRepository,
        create_runs: CreateRuns,
        value_format: ValueFormat,
        default_timezone: dt.tzinfo,
    ) -> None:
        """List these runs, and create more."""
        self._runs = runs
        self._create_runs = create_runs
        self._list_query = ListQuery()
        self._run_answer = DagRunAnswer(value_format)
        self._create_body = CreateBody(default_timezone)
        self._created_answer = BatchAnswer()
        self._plan_answer = PlanAnswer()

    def on_get(self, req: Request, resp: Response) -> None:
        """List runs, a page at a time; the Link header leads to the next page, with the same filters."""
        query = read_query(req)
        req.context.dag_id = query.get("dag_id")
        readable = req.context.caller.readable_dag_ids(query.get("dag_id"))
        where = DagRunFilter(**self._list_query.load(query), readable=readable)
        page = self._runs.list(where)
        runs = self._run_answer.dump(page.runs, many=True)
        write(resp, {"dag_runs": runs, "next_start": page.next_start})
        link_to_next(resp, query, page.next_start)

    on_head = on_get

    def on_post(self, req: Request, resp: Response) -> None:
        """Create runs, or only plan them."""
        _NO_QUERY.load(read_query(req))
        body = self._create_body.load(read_object(req))
        dry_run = body.pop("dry_run", False)
        request = GroupRequest(**body)
        req.context.dag_id = request.dag_id
        if dry_run:
            write(resp, self._plan_answer.dump(self._create_runs.plan(request, req.context.caller)))
            return
        req.context.created = created = self._create_runs.create(request, req.context.caller)
        write(resp, self._created_answer.dump(created))


class DagRunResource:
    """``/dag_runs/{run_id}``."""

    def __init__(self, runs: DagRunRepository, value_format: ValueFormat) -> None:
        """Show these runs."""
        self._runs = runs
        self._query = GetQuery()
        self._answer = DagRunAnswer(value_format)

    def on_get(self, req: Request, resp: Response, run_id: str) -> None:
        """Show one run."""
        query = self._query.load(read_query(req))
        if not run_id or "\0" in run_id:  # no run has such an id, and a database driver would fail on a NUL
            raise DagRunNotFound
        req.context.dag_id = dag_id = query.get("dag_id")
        run = self._runs.get(run_id, dag_id=dag_id, readable=req.context.caller.readable_dag_ids(dag_id))
        write(resp, {"dag_run": self._answer.dump(run)})

    on_head = on_get


class LiveResource:
    """``/health/live``: whether this process answers."""

    def on_get(self, req: Request, resp: Response) -> None:  # noqa: ARG002 - Falcon's signature
        """Answer."""
        write(resp, {"status": "live"})

    on_head = on_get


class ReadyResource:
    """``/health/ready``: whether the server goes on, and the backend answers."""

    def __init__(self, dags: DagRepository, is_stopping: Callable[[], bool]) -> None:
        """Ask the backend of these DAGs, unless the server is stopping."""
        self._dags = dags
        self._is_stopping = is_stopping

    def on_get(self, req: Request, resp: Response) -> None:  # noqa: ARG002 - Falcon's signature
        """Answer when it does."""
        if self._is_stopping():
            msg = "the service is stopping"
            raise Unavailable(msg)
        self._dags.ping()
        write(resp, {"status": "ready"})

    on_head = on_get
