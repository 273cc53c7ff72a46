"""The WSGI application: routes, middleware, and one form for all errors."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import falcon

from airflow_run_groups.entrypoints.http.envelope import error_payload, write
from airflow_run_groups.entrypoints.http.errors import FRAMEWORK_REASONS, add_error_handlers
from airflow_run_groups.entrypoints.http.middleware import SecurityHeaders
from airflow_run_groups.entrypoints.http.security.denials import Denials

App: TypeAlias = "falcon.App[falcon.Request, falcon.Response]"  # as text, since Falcon 4.0 and 4.1 cannot subscript it
REASON = FRAMEWORK_REASONS[Exception]
_log = logging.getLogger(__name__)


def create_app(routes: Mapping[str, object], middleware: Iterable[Any], *, prefix: str, denials: Denials) -> App:
    """Build the application.

    :param routes: the resources by their URI templates.
    :param prefix: the path below which the endpoints lie, ``""`` where a server mounts the application below a path.
    """
    app: App = _App(request_type=_Request, middleware=[*middleware])
    app.req_options.strip_url_path_trailing_slash = True
    add_error_handlers(app, prefix, denials)
    for path, resource in routes.items():
        app.add_route(path, resource)
    return app


class _App(falcon.App):  # type: ignore[type-arg]  # see App
    """An application of which no request ends a server's thread, and with it the server.

    Falcon's error handlers see what is an Exception. In the main thread the others are how a process is ended.
    """

    def __call__(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            return super().__call__(env, start_response)
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            if threading.current_thread() is threading.main_thread():
                raise
            _log.exception("a request raised what would end the process")
            failure = falcon.Response()
            write(failure, error_payload(f"the service failed with {type(error).__name__}; its log says why", REASON))
            body = failure.data or b""
            headers = [("Content-Type", falcon.MEDIA_JSON), ("Content-Length", str(len(body)))]
            start_response(falcon.HTTP_500, [*headers, *SecurityHeaders.HEADERS])
            return [body]


class _Request(falcon.Request):
    """A request by any method. Falcon reserves a word that a client may send, and calls no middleware for that method."""

    def __init__(self, env: dict[str, Any], options: falcon.RequestOptions | None = None) -> None:
        super().__init__(env, options)
        if self.method == "WEBSOCKET":
            self.method = "websocket"
