"""The caller, as the service knows them."""

import datetime as dt
from importlib.metadata import version

from falcon import Request, Response

from airflow_run_groups.entrypoints.http.envelope import write
from airflow_run_groups.entrypoints.http.query import read_query
from airflow_run_groups.entrypoints.http.schemas.dags import MeSchema
from airflow_run_groups.entrypoints.http.schemas.requests.request import NO_QUERY


class MeResource:
    """``/me``."""

    def __init__(self, auth: str, default_timezone: dt.tzinfo) -> None:
        """Tell callers that they identify themselves in this way, and that dates without an offset are read in this time zone."""
        self._service = {
            "auth": auth,
            "version": version("airflow-run-groups"),
            "default_timezone": str(default_timezone),
        }
        self._me = MeSchema()

    def on_get(self, req: Request, resp: Response) -> None:
        NO_QUERY.load(read_query(req))
        write(resp, {"me": self._me.dump({"name": req.context.caller.display_name, **self._service})})

    on_head = on_get
