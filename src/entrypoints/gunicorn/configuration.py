"""gunicorn's settings, for ``gunicorn -c python:airflow_run_groups.entrypoints.gunicorn.configuration airflow_run_groups.entrypoints.wsgi:app``.

gunicorn's own options, on the command line or in ``GUNICORN_CMD_ARGS``, override every one of them.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, NoReturn
from uuid import uuid4

import orjson
from gunicorn import util  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints import metrics
from airflow_run_groups.entrypoints.gunicorn import shutdown as stopping
from airflow_run_groups.entrypoints.http.access_log import log_server_error
from airflow_run_groups.entrypoints.http.middleware import SecurityHeaders
from airflow_run_groups.entrypoints.logs import log_request
from airflow_run_groups.entrypoints.settings import MEMORY, Auth, SettingsError, read_settings


def refuse(sentence: str) -> NoReturn:
    """End the process, telling the operator why it cannot start."""
    sys.stderr.write(f"airflow-groups: {sentence}\n")
    raise SystemExit(2)


try:
    _settings = read_settings(os.environ)
except SettingsError as _error:
    refuse(str(_error))

bind = "127.0.0.1:8000"
worker_class = "airflow_run_groups.entrypoints.gunicorn.worker.Worker"
logger_class = "airflow_run_groups.entrypoints.gunicorn.logger.Logger"
# The memory backend lives in its process: a second worker would show other runs.
workers = 1 if _settings.backend == MEMORY else int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 32
preload_app = True
timeout = 30
graceful_timeout = 30
keepalive = 5
limit_request_line = 4094
limit_request_fields = 50
limit_request_field_size = 8190
control_socket_disable = True
if os.access("/dev/shm", os.W_OK):  # noqa: S108 - where there is one: gunicorn's heartbeat must not wait for a disk
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn opens them safely


def on_starting(server: Any) -> None:
    """Check what the command line may have changed, and have Ctrl-C finish the requests under way, as SIGTERM does.

    SIGTERM lets load balancers know before it does.
    """
    if _settings.backend == MEMORY and server.cfg.workers > 1:
        refuse(f"the memory backend lives in its process, so it has one worker, not {server.cfg.workers}")
    for address in server.cfg.address:
        if _settings.auth is Auth.NONE and not _is_local(address):
            sys.stderr.write(
                f"airflow-groups: warning: {address[0]}:{address[1]} is open to other machines and no token is set, so "
                "whoever reaches it may create runs. Set [airflow_api_plugin] airflow_api_auth.\n"
            )
    server.handle_int = server.handle_term
    server.handle_term = partial(_drain, server.handle_term)


def _drain(stop: Callable[[], None]) -> None:
    """Say for a while that the server is not ready, and stop after it; a second SIGTERM is not made to wait."""
    delay = 0 if _settings.backend == MEMORY else _settings.server.drain_delay
    if delay == 0 or stopping.is_announced():
        stop()
    else:
        stopping.announce()
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()


def when_ready(server: Any) -> None:
    """Make a place for the numbers of the workers, before there is one."""
    metrics.share()


def child_exit(server: Any, worker: Any) -> None:
    """Let go of what a worker had in use."""
    metrics.forget(worker.pid)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    metrics.unshare()


def post_fork(server: Any, worker: Any) -> None:
    """Let go of the database connections that belong to the master."""
    if server.cfg.preload_app:
        from airflow_run_groups.entrypoints.wsgi import container  # noqa: PLC0415 - not before gunicorn loads it

        container.backend().dispose_after_fork()


def post_worker_init(worker: Any) -> None:
    """Leave Ctrl-C to the master: a terminal sends it to the workers too, which would drop the requests under way."""
    worker.limits = _settings.server
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def write_error(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """Give our form to the answers of gunicorn itself. Fixed texts, as its own can hold what the client sent."""
    from airflow_run_groups.entrypoints.wsgi import container  # noqa: PLC0415 - not before gunicorn loads it

    request_id = uuid4().hex
    log_server_error(log_request, container.meter(), request_id=request_id, status=status_int)
    phrase = HTTPStatus(status_int).phrase
    body = orjson.dumps({"response": {"error": _TEXTS.get(status_int, phrase)}})
    head = (
        f"HTTP/1.1 {status_int} {phrase}\r\n"
        f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in SecurityHeaders.HEADERS)
    )
    util.write_nonblock(sock, head.encode() + b"\r\n" + body)


_TEXTS = {
    400: "the request is not well-formed HTTP",
    408: f"the request was not complete within {_settings.server.receive_timeout:g} seconds",
    414: "the request line is longer than the server allows",
    417: "the server cannot do what the Expect header asks for",
    431: "the request has more headers, or longer ones, than the server allows",
    500: "the service failed; its log says why",
    501: "the server does not know this Transfer-Encoding",
}
util.write_error = write_error


def _is_local(address: Any) -> bool:
    """Tell whether only this machine reaches an address, which gunicorn gives as host and port, path or descriptor."""
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return bool(address[0] == "localhost")
