"""Servers and Airflow components that a test starts, waits for and ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

SWALLOWED_EXIT = re.compile(r"^SystemExit: \d+$", re.MULTILINE)
"""What Python writes of an exit that it does not carry out."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition: Callable[[], bool], *, seconds: float = 60, what: str = "the condition") -> None:
    """Return when it holds; the test fails when it does not within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(0.1)


class Process:
    """A child process with its own process group; its output goes to a file."""

    def __init__(self, *command: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        self.environment = dict(environment or {})
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self._times_asked_to_end = 0

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def check(self) -> None:
        assert self.popen.poll() is None, f"{self.popen.args} ended:\n{self.output[-4000:]}"

    def terminate(self) -> None:
        """Ask the process to end, once: at a second time a scheduler does not wait for its tasks."""
        if not self._times_asked_to_end:
            self._ask_to_end()

    def stop(self, seconds: float = 30) -> int:
        """Ask the process to end, make the rest of its group end, and return its exit code.

        Python swallows the SystemExit of Airflow's handler when the signal meets a callback of the collector: a process
        in which that happened is asked again.
        """
        self.terminate()
        deadline = time.monotonic() + seconds
        try:
            while self.popen.poll() is None:
                assert time.monotonic() < deadline, (
                    f"{self.popen.args} did not end within {seconds} s:\n{self.output[-4000:]}"
                )
                with suppress(subprocess.TimeoutExpired):
                    self.popen.wait(min(1, seconds))
                if len(SWALLOWED_EXIT.findall(self.output)) >= self._times_asked_to_end:
                    self._ask_to_end()
            return self.popen.returncode
        finally:
            self.kill()

    def _ask_to_end(self) -> None:
        self.popen.terminate()
        self._times_asked_to_end += 1

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(10)


class Server(Process):
    """A process that answers HTTP on a free port of 127.0.0.1, and a client for it."""

    def __init__(self, *command: str, port: int, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # a connection that is kept may be closed, by the server or by another thread, as a request is sent on it
        self.client = httpx.Client(
            base_url=self.url, timeout=60, limits=httpx.Limits(max_connections=100, max_keepalive_connections=0)
        )
        super().__init__(*command, log=log, environment=environment)

    def stop(self, seconds: float = 30) -> int:
        self.client.close()
        return super().stop(seconds)

    def answers(self, path: str) -> bool:
        self.check()
        try:
            return self.client.get(path).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def wait(self, path: str, seconds: float = 240) -> None:
        wait_until(lambda: self.answers(path), seconds=seconds, what=f"{self.url}{path}")


def stop(*processes: Process) -> None:
    """End all of them, at the same time."""
    with ExitStack() as stack:
        for process in processes:
            process.terminate()
            stack.callback(process.stop, 60)


@contextmanager
def service(log: Path, *options: str, environment: Mapping[str, str] | None = None, port: int | None = None):
    """Start our service on the Airflow backend of this test's environment, ready to answer."""
    port = port or free_port()
    command = (str(Path(sys.executable).with_name("airflow-groups")), "serve", "--bind", f"127.0.0.1:{port}")
    server = Server(*command, *options, port=port, log=log, environment=environment)
    try:
        server.wait("/health/ready")
        yield server
    finally:
        server.stop()


@contextmanager
def airflow(log_folder: Path, environment: Mapping[str, str] | None = None):
    """Start API server, scheduler and DAG processor, as an Airflow that executes runs needs them."""
    port = free_port()
    environment = {
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_ISSUER": "airflow",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret that the components of this test share, long enough for it",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",  # a file that changes counts at once
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",  # unless it changes
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "86400",  # 3.0 takes a DAG for gone when it has run its callback
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        **(environment or {}),
    }
    module = (sys.executable, "-m", "airflow")
    api = Server(*module, "api-server", port=port, log=log_folder / "api-server.log", environment=environment)
    others = [
        Process(*module, component, log=log_folder / f"{component}.log", environment=environment)
        for component in ("scheduler", "dag-processor")
    ]
    try:
        api.wait("/api/v2/monitor/health")
        yield api
        for process in others:
            process.check()
    finally:
        with ExitStack() as at_last:
            at_last.callback(api.stop)  # the scheduler waits for tasks that run, and they for the API server
            stop(*others)
