"""The plugin that Airflow loads: in each of its components, so this module imports nothing that only the API server needs."""

import asyncio
import json
import logging
import sys
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from airflow_run_groups import __version__

MOUNT = "/api/v1"
SECTION = "airflow_api_plugin"
REASON = "cannot_start"
"""The reason of the 503 while the app cannot be built, in docs/operations.md with those of the service."""
RETRY_AFTER = 30
"""Seconds after which an app that could not be built is tried again: a secrets backend may have been away."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger(__name__)


class LazyApp:
    """The service as an ASGI app that is built when the first request comes, and no sooner.

    If the service cannot be built, the log has the reason and its paths are a 503. Airflow itself goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._app: Asgi | None = None
        self._failed_at: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; the first one builds the app, on a thread, so that Airflow's other requests go on."""
        app = self._app
        if app is None:
            app = await asyncio.to_thread(self._built)
        await app(scope, receive, send)

    def _built(self) -> Asgi:
        with self._lock:
            if self._app is None and (self._failed_at is None or time.monotonic() > self._failed_at + RETRY_AFTER):
                try:
                    from airflow_run_groups.entrypoints.airflow.mount import mounted  # noqa: PLC0415 - see the module's docstring

                    self._app = mounted(MOUNT)
                except Exception as error:  # noqa: BLE001 - Airflow must go on, whatever it is
                    from airflow_run_groups.adapters.tracebacks import without_locals  # noqa: PLC0415 - as above

                    self._failed_at = time.monotonic()
                    _log.error(
                        "The plugin airflow_run_groups answers 503 at %s, as it cannot start: %s",
                        MOUNT,
                        error,
                        exc_info=without_locals(error),
                    )
            return self._app or _cannot_start


async def _cannot_start(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    from airflow_run_groups.entrypoints.http.security.headers import SECURITY_HEADERS  # noqa: PLC0415 - as above

    error = "the service cannot start with its present configuration; the log of Airflow's API server says why"
    body = json.dumps({"response": {"error": error, "reason": REASON}}, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS]
    headers.append((b"retry-after", str(RETRY_AFTER).encode()))
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _apps() -> list[dict[str, Any]]:
    """Return what Airflow's API server mounts.

    Only ``mount_in_airflow = false`` leaves the service out. Any other value mounts it, and the service says what is wrong.
    """
    if _is_off("mount_in_airflow"):
        return []
    return [{"app": LazyApp(), "url_prefix": MOUNT, "name": "airflow-run-groups"}]


def _listeners() -> list[Any]:
    """Return our listener where it is switched on, and this process is one that ends runs.

    Only there: as long as any listener is registered, Airflow does not import DAGs with ``end_from_trigger`` (dagbag.py, 3.0
    to 3.3).
    """
    if str(conf.get(SECTION, "listener", fallback="false")).strip().lower() != "true":
        return []
    from airflow_run_groups.entrypoints.airflow.listener import listener_of  # noqa: PLC0415 - where it is switched on

    listener = listener_of(sys.argv)
    return [] if listener is None else [listener]


def _pages() -> list[dict[str, Any]]:
    """Return what Airflow's own UI shows: the page of groups in its navigation, and as a tab of each DAG.

    Airflow 3.0 has no such pages. All are of kinds that 3.1 knows: one that a version does not know removes the plugin
    from its UI. The name is that of the function which the bundle defines. The path has the version, since a browser
    imports each address once; the service leads on from it.
    """
    if _is_off("mount_in_airflow") or _is_off("ui") or not hasattr(AirflowPlugin, "react_apps"):
        return []
    below = urlsplit(str(conf.get("api", "base_url", fallback=None) or "")).path.rstrip("/")
    files = f"{below}{MOUNT}/ui/{__version__}"
    page = {
        "name": "Groups",
        "bundle_url": f"{files}/groups.js",
        "icon": f"{files}/icon.svg",
        "icon_dark_mode": f"{files}/icon-dark.svg",
        "nav_top_level": True,  # honoured from 3.3 on
    }
    # routes of all plugins are one namespace, whatever the destination
    return [
        {**page, "destination": destination, "url_route": route}
        for destination, route in (("nav", "run-groups"), ("dag", "dag-run-groups"))
    ]


def _is_off(option: str) -> bool:
    return str(conf.get(SECTION, option, fallback="true")).strip().lower() == "false"


class RunGroupsPlugin(AirflowPlugin):
    name = "airflow_run_groups"
    fastapi_apps = _apps()
    react_apps = _pages()
    listeners = _listeners()
