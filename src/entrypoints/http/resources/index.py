"""The addresses of the server and of the API, which say where to go."""

import falcon
from falcon import Request, Response

from airflow_run_groups.entrypoints.http.envelope import write


def index_routes(prefix: str, *, has_ui: bool) -> dict[str, object]:
    """Return the paths of the index: that of the server, and where endpoints lie below a prefix, that of the prefix."""
    routes: dict[str, object] = {"/": IndexResource(f"{prefix}/".removeprefix("/"), has_ui=has_ui)}
    return {**routes, prefix: _IndexOfApi("", has_ui=has_ui)} if prefix else routes


def leads_to_slash(req: Request, resp: Response) -> bool:
    """Send a request on whose path has no slash at the end, from where relative addresses lead elsewhere."""
    if req.env["PATH_INFO"].endswith("/"):
        return False
    resp.status = falcon.HTTP_308
    resp.location = f"{req.path.rpartition('/')[2]}/"
    return True


class IndexResource:
    """The addresses of page, documents and API, relative to that of the index, so that they hold behind any proxy."""

    def __init__(self, below: str, *, has_ui: bool) -> None:
        """Tell the addresses, which lie below a relative path such as ``api/v1/``."""
        page = {"page": f"{below}ui/"} if has_ui else {}
        self._addresses = {**page, "docs": f"{below}docs", "openapi": f"{below}openapi.json", "api": below or "./"}

    def on_get(self, req: Request, resp: Response) -> None:
        """Tell programs the addresses, and send browsers on to the page, or to that on which to try requests."""
        resp.vary = ["Accept"]
        if "text/html" in req.accept.lower():
            resp.status = falcon.HTTP_303
            resp.location = self._addresses.get("page", self._addresses["docs"])
            return
        write(resp, self._addresses)

    on_head = on_get


class _IndexOfApi(IndexResource):
    may_end_in_slash = True

    def on_get(self, req: Request, resp: Response) -> None:
        if not leads_to_slash(req, resp):
            super().on_get(req, resp)

    on_head = on_get
