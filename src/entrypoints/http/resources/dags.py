"""The DAGs."""

from falcon import Request, Response

from airflow_run_groups.domain import DagRepository
from airflow_run_groups.entrypoints.http.envelope import write
from airflow_run_groups.entrypoints.http.query import read_query
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.requests.request import NO_QUERY
from airflow_run_groups.entrypoints.http.schemas.responses import dag_schema, dump_page


class DagsResource:
    """``/dags``."""

    def __init__(self, dags: DagRepository, value_format: ValueFormat) -> None:
        self._dags = dags
        self._response = dag_schema(value_format)

    def on_get(self, req: Request, resp: Response) -> None:
        NO_QUERY.load(read_query(req))
        dags = self._dags.list(readable=req.context.caller.readable_dag_ids())
        write(resp, {"dags": dump_page(self._response, dags)})

    on_head = on_get
