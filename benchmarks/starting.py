"""How soon the first response comes, and how much memory the workers take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from benchmarks.console import log
from benchmarks.line import Line, megabytes, within
from benchmarks.postgresql import Database
from benchmarks.rounds import in_turn
from benchmarks.servers import Home, Server
from benchmarks.size import PAGE

_DEMOS = 5
_CONNECTIONS = 16
"""Connections on which requests are sent before memory is measured, so that every worker has worked."""


def demo(home: Home) -> list[Line]:
    """Measure the in-memory backend from its command to its first answer."""
    log("starting the in-memory backend")

    def start() -> float:
        server = home.ours(None, 1)
        try:
            return server.wait("/api/v1/dags")
        finally:
            server.stop()

    (seconds,) = in_turn(_DEMOS, start)
    return [within("first answer of the in-memory backend, from the command", seconds, 1)]


def workers(home: Home, database: Database, rounds: int) -> list[Line]:
    """Measure this service on Airflow with one worker and with two."""
    log("starting this service with one worker and with two")
    memory: dict[int, list[float]] = {1: [], 2: []}
    seconds = in_turn(rounds, *(_starting(home, database, number, memory[number]) for number in memory))
    lines = []
    for (number, values), spent in zip(memory.items(), seconds, strict=True):
        name = "one worker" if number == 1 else "two workers"
        lines += [
            within(f"start of {name} on Airflow, from the command to ready", spent),
            within(f"memory of {name} on Airflow (PSS, with the master)", values, shown=megabytes),
        ]
    return lines


def airflow(server: Server, seconds: float) -> list[Line]:
    """Show what Airflow's API server takes, which was started once."""
    return [
        within("for comparison: start of Airflow's API server with two workers", [seconds]),
        within("for comparison: its memory (PSS)", [server.memory()], shown=megabytes),
    ]


def _starting(home: Home, database: Database, number: int, memory: list[float]) -> Callable[[], float]:
    def start() -> float:
        server = home.ours(database, number)
        try:
            seconds = server.wait("/health/ready")
            for _ in range(_CONNECTIONS):
                with closing(server.connect()) as connection:
                    connection.get(f"/api/v1/dag_runs?limit={PAGE}")
            memory.append(server.memory())
        finally:
            server.stop()
        return seconds

    return start
