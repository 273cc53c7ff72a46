"""gunicorn's settings, for ``gunicorn -c python:airflow_run_groups.entrypoints.gunicorn.configuration airflow_run_groups.entrypoints.wsgi:app``.

gunicorn's own options, on the command line or in ``GUNICORN_CMD_ARGS``, override every one of them.
"""

import gc
import ipaddress
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NoReturn

from gunicorn import util  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints import metrics
from airflow_run_groups.entrypoints.gunicorn import limits, shutdown
from airflow_run_groups.entrypoints.gunicorn.process import container
from airflow_run_groups.entrypoints.settings import MEMORY, Auth, Settings, SettingsError


def refuse(sentence: str) -> NoReturn:
    """End the process with a reason for the operator."""
    sys.stderr.write(f"airflow-groups: {sentence}\n")
    raise SystemExit(2)


try:
    _settings: Settings = container.settings()
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
graceful_timeout = limits.graceful_timeout(_settings)
keepalive = 5
http_parser = "python"  # gunicorn_h1c, if installed, refuses some requests with a 400 that are a 501 or 413 here
limit_request_line = 4094
limit_request_fields = 50
limit_request_field_size = 8190
control_socket_disable = True
if os.access("/dev/shm", os.W_OK):  # noqa: S108 - where there is one: gunicorn's heartbeat must not wait for a disk
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn opens them safely


def on_starting(server: Any) -> None:
    """Check gunicorn's own options, and have Ctrl-C finish the requests under way, as SIGTERM does after ``drain_delay``."""
    if _settings.backend == MEMORY and server.cfg.workers > 1:
        refuse(f"the memory backend lives in its process, so it has one worker, not {server.cfg.workers}")
    if server.cfg.protocol != "http" or "h2" in server.cfg.http_protocols:
        refuse("the service speaks HTTP/1.1 alone: leave gunicorn's protocol and http_protocols out")
    if sentence := limits.contradiction(_settings, graceful_timeout=server.cfg.graceful_timeout):
        refuse(sentence)
    sys.stderr.writelines(open_address_warnings(_settings.auth, server.cfg.address, is_tls=server.cfg.is_ssl))
    server.handle_int = server.handle_term
    server.handle_term = partial(_drain, server.handle_term)


def _drain(stop: Callable[[], None]) -> None:
    """Stop after a while in which the server is not ready, or at once at a second SIGTERM."""
    delay = 0 if _settings.backend == MEMORY else _settings.drain_delay
    if delay == 0 or shutdown.is_announced():
        stop()
    else:
        shutdown.announce()
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()


def when_ready(server: Any) -> None:
    metrics.share()


def pre_fork(server: Any, worker: Any) -> None:
    """Have Python search nothing of what the master has loaded for garbage: with Airflow that holds every request for 0.2 seconds."""
    gc.freeze()


def worker_exit(server: Any, worker: Any) -> None:
    """Have Python search nothing for garbage as a process ends that has Airflow loaded: that takes seconds."""
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    metrics.forget(worker.pid)


def on_exit(server: Any) -> None:
    metrics.unshare()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """Leave the master's database connections to the master."""
    if server.cfg.preload_app:
        container.backend().dispose_after_fork()


def post_worker_init(worker: Any) -> None:
    """Prepare a worker to serve.

    Ctrl-C is for the master alone: a terminal sends it to the workers too, which would drop the requests under way.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.receive_timeout = _settings.receive_timeout
    from airflow_run_groups.entrypoints.gunicorn.error_responses import write_error  # noqa: PLC0415 - for workers only

    util.write_error = write_error


def open_address_warnings(auth: Auth, addresses: Iterable[Any], *, is_tls: bool) -> list[str]:
    """Return what to warn of where other machines reach the server: nobody needs a token, or anyone on the way reads it.

    Neither ends the server. In a container it listens on all addresses, and TLS ends at the proxy before it.
    """
    if auth is Auth.NONE:
        danger = "no token is set, so anyone who reaches it may create runs. Set [airflow_api_plugin] airflow_api_auth"
    elif not is_tls:
        danger = "speaks plain HTTP, so anyone on the way reads the tokens. Let only a proxy with TLS reach it, or set --certfile"
    else:
        return []
    return [
        f"airflow-groups: warning: {address[0]}:{address[1]} is open to other machines and {danger}.\n"
        for address in addresses
        if not _is_local(address)
    ]


def _is_local(address: Any) -> bool:
    """Return whether only this machine reaches an address, which gunicorn gives as host and port, path or descriptor."""
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(address[0]).is_loopback
    except ValueError:
        return bool(address[0] == "localhost")
