"""The DAGs."""

from dataclasses import replace

from falcon import Request, Response

from airflow_run_groups.domain import DagFilter, DagRepository
from airflow_run_groups.entrypoints.http.envelope import write
from airflow_run_groups.entrypoints.http.query import link_to_next, read_query
from airflow_run_groups.entrypoints.http.schemas.dags import dag_details_schema
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.requests.dags import DagFilterSchema
from airflow_run_groups.entrypoints.http.schemas.responses import dag_schema, dump_page


class DagsResource:
    """``/dags``."""

    def __init__(self, dags: DagRepository, value_format: ValueFormat) -> None:
        self._dags = dags
        self._filter = DagFilterSchema()
        self._dag = dag_schema(value_format)
        self._details = dag_details_schema(value_format)

    def on_get(self, req: Request, resp: Response) -> None:
        """List all DAGs, or with any parameter a page of them, with more about each."""
        query = read_query(req)
        filters = self._filter.load(query)
        caller = req.context.caller
        readable = caller.readable_dag_ids()
        if not filters:
            write(resp, {"dags": dump_page(self._dag, self._dags.list(readable=readable))})
            return
        page = self._dags.search(DagFilter(readable=readable, **filters))
        may = caller.rights([dag.dag_id for dag in page.dags])
        dags = [replace(dag, may=may[dag.dag_id]) for dag in page.dags]
        write(resp, {"dags": dump_page(self._details, dags), "next_start": page.next_start})
        link_to_next(resp, query, page.next_start)

    on_head = on_get
