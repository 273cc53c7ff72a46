"""Measuring in turn, so that whatever else the machine does falls on all sides alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from statistics import median

from benchmarks.connection import Connection, count
from benchmarks.servers import Server

Work = Callable[[], float]
"""Does something once and returns what it measured."""


def in_turn(rounds: int, *works: Work) -> list[list[float]]:
    """Return what each of the works measured in each round: all of them once, then all of them again."""
    measured: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, values in zip(works, measured, strict=True):
            values.append(work())
    return measured


def gets(
    server: Server, paths: Sequence[str], *, repeats: int, items: tuple[int, tuple[str, ...]] | None = None
) -> Work:
    """Return the work of requesting these paths, one after the other, on one new connection; it measures their median.

    :param items: how many items the list below which keys of each response must have.
    """
    return partial(_get, server, paths, repeats, items)


def _get(server: Server, paths: Sequence[str], repeats: int, items: tuple[int, tuple[str, ...]] | None) -> float:
    with closing(server.connect()) as connection:
        for _ in range(2):
            body = connection.get(paths[0])[1]
        if items is not None:
            number, keys = items
            found = count(body, *keys)
            assert found == number, f"{paths[0]} has {found} items, not {number}"
        return median(connection.get(paths[number % len(paths)])[0] for number in range(repeats))


def alternating(requests: Sequence[tuple[Server, str]], *, times: int, seconds: float) -> list[list[float]]:
    """Return the seconds of each response when these paths are requested by turns, one request at a time.

    :param times: how often; fewer when that takes longer than ``seconds``.
    """
    with ExitStack() as stack:
        connections = [(stack.enter_context(closing(server.connect())), path) for server, path in requests]
        for connection, path in connections * 2:
            connection.get(path)
        measured: list[list[float]] = [[] for _ in requests]
        end = time.perf_counter() + seconds
        order = list(zip(connections, measured, strict=True))
        while len(measured[0]) < times and not (measured[0] and time.perf_counter() > end):
            for (connection, path), values in order:
                values.append(connection.get(path)[0])
            order.reverse()
        return measured


def throughput(server: Server, path: str, *, clients: int, seconds: float) -> float:
    """Return the responses per second to so many clients at once."""
    connections = [server.connect() for _ in range(clients)]
    for connection in connections:
        connection.get(path)
    responses = [0] * clients
    ready = threading.Barrier(clients + 1)
    stop = threading.Event()

    def repeat(client: int, connection: Connection) -> None:
        ready.wait()
        while not stop.is_set():
            connection.get(path)
            responses[client] += 1

    threads = [threading.Thread(target=repeat, args=pair) for pair in enumerate(connections)]
    for thread in threads:
        thread.start()
    ready.wait()
    begin = time.perf_counter()
    stop.wait(seconds)
    total = sum(responses)
    passed = time.perf_counter() - begin
    stop.set()
    for thread, connection in zip(threads, connections, strict=True):
        thread.join()
        connection.close()
    assert all(responses), f"a client got no response: {responses}"
    return total / passed
