"""The caller, as the service knows them."""

import datetime as dt
from importlib.metadata import version

from falcon import Request, Response

from airflow_run_groups.domain import MAX_LIMIT
from airflow_run_groups.entrypoints.http.envelope import write
from airflow_run_groups.entrypoints.http.query import read_query
from airflow_run_groups.entrypoints.http.schemas.dags import MeSchema
from airflow_run_groups.entrypoints.http.schemas.requests.request import NO_QUERY


class MeResource:
    """``/me``."""

    def __init__(self, auth: str, default_timezone: dt.tzinfo, max_limit: int = MAX_LIMIT) -> None:
        """Tell callers how they identify themselves, where dates without an offset are read, and the runs of one request."""
        self._service = {
            "auth": auth,
            "version": version("airflow-run-groups"),
            "default_timezone": str(default_timezone),
            "max_limit": max_limit,
        }
        self._me = MeSchema()

    def on_get(self, req: Request, resp: Response) -> None:
        NO_QUERY.load(read_query(req))
        write(resp, {"me": self._me.dump({"name": req.context.caller.display_name, **self._service})})

    on_head = on_get
