"""Requests to our WSGI application without HTTP, in a process that has Airflow's environment."""

from __future__ import annotations

import gc
import io
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, cast


def bodies() -> Callable[[str, str, str, bytes], bytes]:
    """Return what sends a request, given its method, path, query and body, and returns the body of the response."""
    from airflow_run_groups.entrypoints.logs import configure
    from airflow_run_groups.entrypoints.wsgi import app

    configure(sys.stderr, logging.INFO)  # as under gunicorn, and so is what follows
    gc.freeze()

    def send(method: str, path: str, query: str, body: bytes) -> bytes:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_AUTHORIZATION": os.environ["AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH"],
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
        }
        return b"".join(cast("Any", app)(environ, lambda *_: None))

    return send


def responses() -> Callable[[str, str, str, Any], Any]:
    """Return what sends a request with a body as JSON, and returns what lies below ``response``, which is no error."""
    import orjson

    send = bodies()

    def response(method: str, path: str, query: str, body: object) -> Any:
        found = orjson.loads(send(method, path, query, b"" if body is None else orjson.dumps(body)))["response"]
        assert "error" not in found, found
        return found

    return response
