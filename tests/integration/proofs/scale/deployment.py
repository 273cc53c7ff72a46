"""A small production: two schedulers, two Celery workers behind a Redis, three replicas of the service behind HAProxy."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx

from tests.integration.airflow.processes import Process, Server, free_port, wait_until

P = TypeVar("P", bound=Process)

REPLICAS = 3
SCHEDULERS = 2
WORKERS = 2
TASKS_AT_A_TIME = 2
"""Of a Celery worker."""
PROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option redispatch
    retries 3
frontend service
    bind 127.0.0.1:{port}
    default_backend replicas
frontend statistics
    bind 127.0.0.1:{statistics}
    stats enable
    stats uri /
backend replicas
    balance roundrobin
    option httpchk GET /health/ready
    default-server check inter 1s fall 2 rise 1
{replicas}
"""


def needed(command: str, package: str) -> str:
    """Return the path of a command; the error says which of Debian's packages has it."""
    path = shutil.which(command, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert path is not None, f"{command} was not found: on Debian, apt-get install --no-install-recommends {package}"
    return path


@contextmanager
def deployed(folder: Path, database_url: str) -> "Iterator[Deployment]":
    """Start everything, and end it with the block."""
    deployment = Deployment(folder, database_url)
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.stop()


class Deployment:
    """All processes, as children of the test."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self._redis_port, self._statistics_port = free_port(), free_port()
        self._redis_server, self._haproxy = needed("redis-server", "redis-server"), needed("haproxy", "haproxy")
        api_port = free_port()
        results = database_url.replace("postgresql+psycopg2://", "db+postgresql+psycopg2://")
        self._environment = {
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(api_port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{api_port}",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_ISSUER": "airflow",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret that the components of this test share, of at least sixty-four bytes",
            "AIRFLOW__CELERY__BROKER_URL": f"redis://127.0.0.1:{self._redis_port}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": results,
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(TASKS_AT_A_TIME),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api_port}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            # of a scheduler: a task must not wait in the Redis for as long as the queued timeout below
            "AIRFLOW__CORE__PARALLELISM": str(2 * WORKERS * TASKS_AT_A_TIME),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            # how soon another scheduler takes over from one that died, and a task whose message was lost is sent again
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30",
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        }
        self._api_port = api_port
        self._alive: list[Process] = []

    def start(self) -> None:
        self.redis = self._start_redis()
        airflow = (sys.executable, "-m", "airflow")
        api = Server(
            *airflow, "api-server", port=self._api_port, log=self._log("api-server"), environment=self._environment
        )
        self._ends(api)
        self._process("dag-processor", *airflow, "dag-processor")
        self.schedulers = [self._process(f"scheduler-{n}", *airflow, "scheduler") for n in range(SCHEDULERS)]
        worker = (*airflow, "celery", "worker", "--skip-serve-logs", "--without-mingle", "--without-gossip")
        for n in range(WORKERS):
            name = f"worker-{n}"
            pid = ("--pid", str(self._folder / f"{name}.pid"))
            self._process(name, *worker, "--celery-hostname", f"{name}@localhost", *pid)
        self.replicas = [self._replica(n) for n in range(REPLICAS)]
        for replica in self.replicas:
            replica.wait("/health/ready")
        api.wait("/api/v2/monitor/health")
        self.proxy = self._start_proxy()

    def stop(self) -> None:
        """End all that are alive."""
        for process in self._alive:
            process.terminate()
        for process in self._alive:
            with suppress(AssertionError):
                process.stop(20)

    def kill(self, process: Process) -> None:
        """Kill a process with its children; nothing takes its place."""
        self._alive.remove(process)
        if isinstance(process, Server):
            process.client.close()
        process.kill()

    def kill_redis(self) -> None:
        """Kill it, and start another on its files, as its supervisor would."""
        self.kill(self.redis)
        self.redis = self._start_redis()

    def requests(self) -> list[int]:
        """Return how many requests each replica was given."""
        page = httpx.get(f"http://127.0.0.1:{self._statistics_port}/;csv").text.removeprefix("# ")
        rows = [row for row in csv.DictReader(page.splitlines()) if row["pxname"] == "replicas"]
        return [int(row["stot"]) for row in rows if row["svname"].startswith("replica_")]

    def check(self) -> None:
        """Fail when one has ended that nobody killed."""
        for process in self._alive:
            process.check()

    def _process(self, name: str, *command: str) -> Process:
        return self._ends(Process(*command, log=self._log(name), environment=self._environment))

    def _replica(self, number: int) -> Server:
        port = free_port()
        command = (str(Path(sys.executable).with_name("airflow-groups")), "serve", "--workers", "1")
        return self._ends(
            Server(
                *command,
                "--bind",
                f"127.0.0.1:{port}",
                port=port,
                log=self._log(f"replica-{number}"),
                environment=self._environment,
            )
        )

    def _start_redis(self) -> Process:
        options = ("--port", str(self._redis_port), "--bind", "127.0.0.1", "--dir", str(self._folder))
        durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
        redis = self._ends(Process(self._redis_server, *options, *durable, log=self._log("redis")))
        ping = [needed("redis-cli", "redis-tools"), "-p", str(self._redis_port), "ping"]
        wait_until(lambda: subprocess.run(ping, capture_output=True, check=False).stdout == b"PONG\n", what="Redis")
        return redis

    def _start_proxy(self) -> Server:
        port = free_port()
        replicas = "\n".join(f"    server replica_{n} 127.0.0.1:{one.port}" for n, one in enumerate(self.replicas))
        file = self._folder / "haproxy.cfg"
        file.write_text(PROXY.format(port=port, statistics=self._statistics_port, replicas=replicas))
        proxy = self._ends(Server(self._haproxy, "-db", "-f", str(file), port=port, log=self._log("haproxy")))
        proxy.wait("/health/ready")
        return proxy

    def _ends(self, process: P) -> P:
        self._alive.append(process)
        return process

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"
