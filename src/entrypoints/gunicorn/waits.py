"""The connections that wait for their clients: in the poller, without a thread, and each until a deadline."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import selectors

    from airflow_run_groups.entrypoints.gunicorn.connection import Connection


Step = Callable[["Connection"], None]


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """The event for which a connection waits; ``deadline`` is a time of ``time.monotonic``. ``kept``: between two requests."""

    events: int
    deadline: float
    ready: Step
    late: Step
    kept: bool = False


class Waits:
    def __init__(self, poller: selectors.BaseSelector, go_on: Callable[[Connection, Step], None]) -> None:
        """Have ``go_on`` take the steps."""
        self._poller = poller
        self._go_on = go_on
        self._waits: dict[Connection, Wait] = {}
        self._deadlines: list[tuple[float, int, Connection, Wait]] = []  # a heap, with waits that are over
        self._number = itertools.count()

    def add(self, conn: Connection, wait: Wait) -> None:
        """Have the step ``ready`` or ``late`` taken, one of them, once."""
        self._waits[conn] = wait
        self._push(conn, wait, wait.deadline)
        self._poller.register(conn.socket, wait.events, partial(self._ready, conn, wait))

    def expire(self, now: float) -> None:
        """Have those go on whose deadline has passed."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, conn, wait = heapq.heappop(self._deadlines)
            if self._end(conn, wait):
                self._go_on(conn, wait.late)

    def next_deadline(self) -> float | None:
        return self._deadlines[0][0] if self._deadlines else None

    def hasten_kept(self, deadline: float) -> None:
        """Let connections between two requests wait no longer than this."""
        for conn, wait in self._waits.items():
            if wait.kept:
                self._push(conn, wait, deadline)

    def take_next(self, *, but: Connection | None = None) -> Connection | None:
        """Return the connection whose time ends first, ``but`` for this one, and which waits no more."""
        spared = []
        found = None
        while self._deadlines and found is None:
            entry = heapq.heappop(self._deadlines)
            _, _, conn, wait = entry
            if conn is but:
                spared.append(entry)
            elif self._end(conn, wait):
                found = conn
        for entry in spared:
            heapq.heappush(self._deadlines, entry)
        return found

    def _push(self, conn: Connection, wait: Wait, deadline: float) -> None:
        heapq.heappush(self._deadlines, (deadline, next(self._number), conn, wait))

    def _ready(self, conn: Connection, wait: Wait, _file: object) -> None:
        if self._end(conn, wait):
            self._go_on(conn, wait.ready)

    def _end(self, conn: Connection, wait: Wait) -> bool:
        """End the wait; return False where it is over, as after an event of the same moment."""
        if self._waits.get(conn) is not wait:
            return False
        del self._waits[conn]
        self._poller.unregister(conn.socket)
        return True
