"""Airflow's API server and this service, each as its own command starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from benchmarks.connection import Connection, Failed
from benchmarks.postgresql import Database

TOKEN = "a token as long as tokens are"  # noqa: S105 - it guards nothing
_OPTIONS = "AIRFLOW__AIRFLOW_API_PLUGIN__"
_LIMIT = 180.0
"""Seconds until a server has to respond."""


class Home:
    """A folder for all that Airflow writes beside its database, and the configuration that both servers get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def environment(self, database: Database | None) -> dict[str, str]:
        """Return the environment of every process that works on this database: no setting from outside comes in."""
        foreign = ("AIRFLOW", "_AIRFLOW", "GUNICORN", "WEB_CONCURRENCY")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        own = {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__API_AUTH__JWT_ISSUER": "benchmark",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret that all workers of this benchmark share, long enough for it",
            "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH": TOKEN,
            "NO_PROXY": "*",
            "no_proxy": "*",
        }
        if database is not None:
            own["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database.url
        return kept | own

    def airflow(self, database: Database, workers: int) -> Server:
        """Start Airflow's API server, in which this service is mounted and takes Airflow's own tokens."""
        port = _free_port()
        command = ("airflow", "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers))
        return self._start(f"airflow-{database.name}", command, port, _for_airflow_users(self.environment(database)))

    def ours(
        self, database: Database | None, workers: int, *, airflow_users: bool = False, max_limit: int | None = None
    ) -> Server:
        """Start this service, on the in-memory backend when there is no database.

        With ``airflow_users`` it takes Airflow's own tokens, else the one of this benchmark. With ``max_limit`` it takes
        requests for so many runs, and as long for a write as that takes on a busy machine.
        """
        port = _free_port()
        backend = "memory" if database is None else "airflow"
        command = (
            "airflow-groups",
            "serve",
            "--backend",
            backend,
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            str(workers),
        )
        name = backend if database is None else database.name
        environment = self.environment(database)
        if max_limit is not None:
            environment[f"{_OPTIONS}MAX_LIMIT"] = str(max_limit)
            environment |= {f"{_OPTIONS}WRITE_TIMEOUT": "300", f"{_OPTIONS}READ_TIMEOUT": "60"}
        if airflow_users:
            return self._start(f"ours-{name}-airflow-users", command, port, _for_airflow_users(environment))
        return self._start(f"ours-{name}", command, port, environment)

    def _start(self, name: str, command: tuple[str, ...], port: int, environment: Mapping[str, str]) -> Server:
        return Server(command, port=port, log=self.folder / f"{name}.log", environment=environment)


class Server:
    """A running server."""

    def __init__(self, command: tuple[str, ...], *, port: int, log: Path, environment: Mapping[str, str]) -> None:
        """Start it; the command is one of those installed beside the running Python."""
        self.port = port
        self.token = TOKEN
        self._log = log
        self._begin = time.perf_counter()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [Path(sys.executable).parent / command[0], *command[1:]],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, path: str) -> float:
        """Return the seconds from the command to the first good response to this path.

        :raises Failed: when it does not come.
        """
        while True:
            try:
                with contextlib.closing(self.connect()) as connection:
                    connection.get(path)
            except (Failed, OSError) as error:  # noqa: PERF203 - the loop waits for something
                if self._process.poll() is not None or time.perf_counter() - self._begin > _LIMIT:
                    tail = self._log.read_text(errors="replace")[-3000:]
                    msg = f"{self._process.args!r} does not respond ({error}). The end of its log:\n{tail}"
                    raise Failed(msg) from error
                time.sleep(0.005)
            else:
                return time.perf_counter() - self._begin

    def wait_for_airflow(self) -> float:
        """Do as ``wait`` does for Airflow's API server, and get a token of it."""
        seconds = self.wait("/api/v2/monitor/health")
        with contextlib.closing(self.connect()) as connection:
            self.token = json.loads(connection.get("/auth/token")[1])["access_token"]
        return seconds

    def connect(self) -> Connection:
        return Connection(self.port, self.token)

    def memory(self) -> float:
        """Return the megabytes that all its processes take, each shared page counted once (PSS)."""
        master = psutil.Process(self._process.pid)
        return sum(process.memory_full_info().pss for process in (master, *master.children(recursive=True))) / 1e6

    def forget_peak(self) -> float:
        """Begin to look for the highest memory of its workers, and return the megabytes that they have now together (Linux)."""
        for worker in self._workers():
            Path(f"/proc/{worker.pid}/clear_refs").write_text("5", encoding="ascii")
        return sum(worker.memory_info().rss for worker in self._workers()) / 1e6

    def peak(self) -> float:
        """Return the megabytes that its workers had together at the highest of each since then."""
        lines = [
            line
            for worker in self._workers()
            for line in Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii").splitlines()
        ]
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6

    def _workers(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children()

    def stop(self) -> None:
        """End it with all its workers."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)


def _for_airflow_users(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        **{name: value for name, value in environment.items() if name != f"{_OPTIONS}AIRFLOW_API_AUTH"},
        f"{_OPTIONS}AUTH": "airflow",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
