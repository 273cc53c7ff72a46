"""The service inside Airflow's API server: a WSGI app below an ASGI mount.

a2wsgi, which Airflow brings, makes the environ. Its own middleware would go from the thread to the event loop and back for
the head of a response, for its body and for its end. Responses here are whole, so a thread returns once.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from a2wsgi.wsgi import Body, build_environ
from dependency_injector.providers import Object

from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.http.body import MAX_BYTES
from airflow_run_groups.entrypoints.http.security.same_origin import FORWARDED_HOST
from airflow_run_groups.entrypoints.settings import Auth, Settings

THREADS = 32
"""Requests that one worker of the API server handles at once, as many as under gunicorn. Eight of them have a database
connection; the others are writers that wait for their turn at a DAG, and must leave room for reads. No thread waits
for a client, but for a few that ask for the body: bodies are complete before they get one, and responses are handed
over whole."""
ASKING = 8
"""Requests that a thread asks for their body at once: those that say ``Expect: 100-continue``, which few clients do."""

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
        _log.warning("auth = none: anyone who reaches Airflow's API server may create runs below %s", mount)
    return MountedApp(container.app(), mount, receive_timeout=settings.receive_timeout)


class MountedApp:
    """The ASGI side of the WSGI app; ``receive_timeout`` is in seconds, for the body of a request."""

    def __init__(self, app: Wsgi, mount: str, *, receive_timeout: float) -> None:
        self._mount = mount
        self._receive_timeout = receive_timeout
        self._app = app
        self._threads = ThreadPoolExecutor(THREADS, "airflow-run-groups")
        self._asking = asyncio.Semaphore(ASKING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        headers = _unambiguous(scope["headers"])
        body = _Body(receive, _length(headers), self._receive_timeout)
        scope = {
            **scope,
            "path": _full_path(self._path(scope), scope["root_path"], self._mount),
            "query_string": _ascii(scope["query_string"]),
            "headers": headers,
        }
        if (b"expect", b"100-continue") in ((name, value.lower()) for name, value in headers):
            async with self._asking:
                await self._respond(scope, body.receive, body.closing(send))
        elif await body.is_complete():
            await self._respond(scope, body.receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a thread make the response, and send it."""
        loop = asyncio.get_running_loop()
        environ = {
            **build_environ(scope, Body(loop, receive)),  # type: ignore[arg-type]
            "wsgi.input_terminated": True,
            "RAW_URI": scope.get("raw_path", b"").decode("latin-1"),
        }
        work = partial(copy_context().run, _response, self._app, environ)
        start, body = await loop.run_in_executor(self._threads, work)
        await send(start)
        await send(body)

    def _path(self, scope: Scope) -> str:
        """Return the path, undecoded where the mount itself is spelled in another way: then there is nothing at it."""
        written = scope.get("raw_path", b"").decode("latin-1")
        path: str = scope["path"]
        return path if not written or f"{self._mount}/" in f"{written}/" else written


class _Gone(Exception):
    """The client has closed the connection."""


class _Body:
    """The body of a request, read when it is first needed: the server says "100 Continue" then.

    Where there is none, nothing waits for it: Airflow's middleware would start a task for that, at a third of a millisecond.
    Nor for one that is too long: the application refuses it unread.
    """

    def __init__(self, receive: Receive, length: int | None, receive_timeout: float) -> None:
        self._receive = receive
        self._receive_timeout = receive_timeout
        self._data: bytes | None = None if length is None or 0 < length <= MAX_BYTES else b""
        self._is_late = False

    async def is_complete(self) -> bool:
        """Read it. Return False if the client is gone; one that is too slow is the application's."""
        try:
            await self.receive()
        except _Gone:
            return False
        except TimeoutError:
            self._is_late = True
        return True

    async def receive(self) -> Any:
        if self._is_late:
            raise TimeoutError
        if self._data is None:
            try:
                self._data = await asyncio.wait_for(_read(self._receive), self._receive_timeout)
            except asyncio.TimeoutError:  # which is another one in Python 3.10
                raise TimeoutError from None
        return {"type": "http.request", "body": self._data, "more_body": False}

    def closing(self, send: Send) -> Send:
        """Have a response say that the connection closes, if the client got no "100 Continue", but may send the body all the same."""

        async def sends(message: Any) -> None:
            if message["type"] == "http.response.start" and not self._data:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        return sends


def _length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the length that a request announces for its body, None when it has one of unknown length (RFC 9112, 6.3)."""
    found = dict(headers)
    length = found.get(b"content-length", b"")
    if b"transfer-encoding" in found:
        return None
    return int(length) if length.isdigit() else 0


def _response(app: Wsgi, environ: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the messages of a response."""
    begun: list[Any] = []
    body = app(environ, lambda *head: begun.append(head))
    status, headers, *_ = begun[-1]
    head = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return (
        {"type": "http.response.start", "status": int(status[:3]), "headers": head},
        {"type": "http.response.body", "body": b"".join(body)},
    )


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


def _unambiguous(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Drop the hosts if there are several, the host that a proxy forwards, and the second authorization.

    Nobody here knows whether the proxy is trusted, and ``[api] base_url`` says the same. Airflow adds an authorization of
    its own with ``[core] simple_auth_manager_all_admins``, behind the caller's.
    """
    headers = [header for header in headers if header[0] != FORWARDED_HOST.lower().encode()]
    hosts = sum(name == b"host" for name, _ in headers)
    kept: list[tuple[bytes, bytes]] = []
    for header in headers:
        if header[0] == b"host" and hosts > 1:
            continue
        if header[0] != b"authorization" or all(name != b"authorization" for name, _ in kept):
            kept.append(header)
    return kept
