"""The WSGI application: routes, middleware, and one form for all errors."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import falcon

from airflow_run_groups.entrypoints.http.errors import add_error_handlers
from airflow_run_groups.entrypoints.http.security.denials import Denials

App: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"  # as text, since Falcon 4.0 and 4.1 cannot subscript it


def create_app(routes: Mapping[str, object], middleware: Iterable[Any], *, prefix: str, denials: Denials) -> App:
    """Build the application.

    :param routes: the resources by their URI templates.
    :param prefix: the path below which the endpoints lie, ``""`` where a server mounts the application below a path.
    """
    app: App = falcon.App(request_type=_Request, middleware=[*middleware])
    app.req_options.strip_url_path_trailing_slash = True
    add_error_handlers(app, prefix, denials)
    for path, resource in routes.items():
        app.add_route(path, resource)
    return app


class _Request(falcon.Request):
    """A request by any method. Falcon reserves a word that a client may send, and calls no middleware for that method."""

    def __init__(self, env: dict[str, Any], options: falcon.RequestOptions | None = None) -> None:
        super().__init__(env, options)
        if self.method == "WEBSOCKET":
            self.method = "websocket"
