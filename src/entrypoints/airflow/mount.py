"""The service inside Airflow's API server: a WSGI app below an ASGI mount, by means of a2wsgi, which Airflow brings."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware
from dependency_injector.providers import Object

from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.http.body import MAX_BYTES
from airflow_run_groups.entrypoints.http.security.same_origin import FORWARDED_HOST
from airflow_run_groups.entrypoints.settings import Auth, Settings

THREADS = 32
"""Requests that one worker of the API server handles at once, as many as under gunicorn. Eight of them have a database
connection; the others are writers that wait for their turn at a DAG, and must leave room for reads. No thread waits
for a client: bodies are complete before they get one, and responses are handed over whole."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_log = logging.getLogger(__name__)


def mounted(mount: str) -> MountedApp:
    """Build the service for a mount at this path.

    :raises SettingsError: when the configuration is wrong.
    """
    container = Container(mounted=Object(True), prefix=Object(""))  # noqa: FBT003 - the name says what it is
    settings: Settings = container.settings()
    if settings.auth is Auth.NONE:
        _log.warning("auth = none: whoever reaches Airflow's API server may create runs below %s", mount)
    return MountedApp(container.app(), mount, receive_timeout=settings.receive_timeout)


class MountedApp:
    """The ASGI side of the WSGI app; ``receive_timeout`` is in seconds, for the body of a request."""

    def __init__(self, app: Wsgi, mount: str, *, receive_timeout: float) -> None:
        self._mount = mount
        self._receive_timeout = receive_timeout
        self._wsgi = WSGIMiddleware(_with_what_asgi_says(app), workers=THREADS)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                body = await asyncio.wait_for(_read(receive), self._receive_timeout)
            except _Gone:
                return
            except asyncio.TimeoutError:
                body = None

            async def receive() -> Any:
                if body is None:
                    raise TimeoutError
                return {"type": "http.request", "body": body, "more_body": False}

            scope = {
                **scope,
                "path": _full_path(self._path(scope), scope["root_path"], self._mount),
                "query_string": _ascii(scope["query_string"]),
                "headers": _without_second_authorization(_of_the_request_itself(scope["headers"])),
            }
        await self._wsgi(scope, receive, send)  # type: ignore[arg-type]

    def _path(self, scope: Scope) -> str:
        """Return the path, undecoded where the mount itself is spelled in another way: then there is nothing at it."""
        written = scope.get("raw_path", b"").decode("latin-1")
        path: str = scope["path"]
        return path if not written or f"{self._mount}/" in f"{written}/" else written


class _Gone(Exception):
    """The client has closed the connection."""


def _with_what_asgi_says(app: Wsgi) -> Wsgi:
    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input_terminated"] = True
        environ["RAW_URI"] = environ["asgi.scope"].get("raw_path", b"").decode("latin-1")
        return app(environ, start_response)

    return wrapped


async def _read(receive: Receive) -> bytes | None:
    """Read the body, or as much of it as shows that it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if not message.get("more_body", False) or len(body) > MAX_BYTES:
            return bytes(body[: MAX_BYTES + 1])


def _full_path(path: str, root_path: str, mount: str) -> str:
    """Return the path with all that the app is mounted below: a proxy may have taken ``[api] base_url``'s part away."""
    return path if path.startswith(root_path) else root_path + path.removeprefix(mount)


def _ascii(query: bytes) -> bytes:
    """Escape what a2wsgi does not expect in a query."""
    return re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], query)


def _of_the_request_itself(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Drop the host that a proxy forwards: nobody here knows whether the proxy is trusted, and ``[api] base_url`` says it."""
    return (header for header in headers if header[0] != FORWARDED_HOST.lower().encode())


def _without_second_authorization(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Drop the header that Airflow adds of its own with ``[core] simple_auth_manager_all_admins``, if the caller sent one."""
    kept: list[tuple[bytes, bytes]] = []
    for header in headers:
        if header[0] != b"authorization" or all(name != b"authorization" for name, _ in kept):
            kept.append(header)
    return kept
