"""The health checks."""

from collections.abc import Callable

from falcon import Request, Response

from airflow_run_groups.domain import DagRepository, Unavailable
from airflow_run_groups.entrypoints.http.envelope import write


class LiveResource:
    """``/health/live``: whether this process responds."""

    def on_get(self, req: Request, resp: Response) -> None:
        write(resp, {"status": "live"})

    on_head = on_get


class ReadyResource:
    """``/health/ready``: whether the server goes on, and the backend responds."""

    def __init__(self, dags: DagRepository, is_stopping: Callable[[], bool]) -> None:
        self._dags = dags
        self._is_stopping = is_stopping

    def on_get(self, req: Request, resp: Response) -> None:
        if self._is_stopping():
            msg = "the service is stopping"
            raise Unavailable(msg)
        self._dags.ping()
        write(resp, {"status": "ready"})

    on_head = on_get
