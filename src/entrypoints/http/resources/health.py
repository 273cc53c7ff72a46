"""The health checks."""

from collections.abc import Callable

from falcon import Request, Response

from airflow_run_groups.domain import DagRepository, Unavailable
from airflow_run_groups.entrypoints.http.envelope import write
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile


class TokenFileUnusable(Unavailable):
    """The file of tokens cannot be used. Its tokens are accepted for a few seconds more, and then none is."""

    reason = "token_file_unusable"

    def __init__(self) -> None:
        super().__init__("the file of tokens cannot be used: the log says why")


class LiveResource:
    """``/health/live``: whether this process responds."""

    def on_get(self, req: Request, resp: Response) -> None:
        write(resp, {"status": "live"})

    on_head = on_get


class ReadyResource:
    """``/health/ready``: whether the server goes on, the backend responds, and the file of tokens, if there is one, can be used."""

    def __init__(
        self, dags: DagRepository, is_stopping: Callable[[], bool], token_file: TokenFile | None = None
    ) -> None:
        self._dags = dags
        self._is_stopping = is_stopping
        self._token_file = token_file

    def on_get(self, req: Request, resp: Response) -> None:
        if self._is_stopping():
            msg = "the service is stopping"
            raise Unavailable(msg)
        if self._token_file is not None and not self._token_file.is_usable():
            raise TokenFileUnusable
        self._dags.ping()
        write(resp, {"status": "ready"})

    on_head = on_get
