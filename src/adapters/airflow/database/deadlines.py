"""Deadlines for work on the database that hold even when it has gone silent, which no driver notices by itself."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

TICK = 0.25
"""Seconds between two checks for work that is overdue."""


def margin(seconds: float) -> float:
    """Return how many seconds before the end of so many the database itself is to end a statement: it responds then."""
    return min(1.0, seconds / 10)


class Overdue(Exception):
    def __init__(self) -> None:
        super().__init__("it took longer than it may")


class Deadline:
    """Until when a thread's work may last, and the connection on which it may be waiting."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._margin = margin(seconds)
        self._limit: float | None = None
        # the garbage collector may check a connection in, and so come here again, while this thread is within
        self._waiting = threading.RLock()
        self._break_off: Callable[[], None] | None = None
        self._socket: int | None = None
        self._loan: Any = None

    @property
    def left(self) -> float:
        """The seconds that are left, negative when they are over."""
        return self._end - time.monotonic()

    def check(self) -> None:
        """Go on only when there is time left.

        :raises Overdue: when there is none.
        """
        if self.left <= 0:
            raise Overdue

    def limit_of_the_database(self) -> float:
        """Return after how many seconds the database itself should end each statement of a transaction that begins."""
        self._limit = max(self.left - self._margin, self._margin / 2)
        return self._limit

    def lower_limit_of_the_database(self) -> float | None:
        """Return a lower one for the statement that follows, None while the last one will do, or there is none."""
        if self._limit is None or self._limit <= max(self.left - self._margin / 2, self._margin / 2):
            return None
        return self.limit_of_the_database()

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Leave no more than these seconds to a part of the work."""
        end = self._end
        self._end = min(end, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._end = end

    def attach(self, connection: Any, loan: Any = None) -> None:
        """Break off this connection, of whatever driver, when the time is over.

        Its socket is duplicated: a number alone might be another client's socket by the time it is shut down.

        :param loan: what the pool has lent (SQLAlchemy's PoolProxiedConnection), for ``give_up``.
        """
        self.detach()
        with self._waiting:
            self._loan = loan
            if hasattr(connection, "fileno"):
                self._socket = os.dup(connection.fileno())
                self._break_off = self._shut_down
            else:
                self._break_off = getattr(connection, "interrupt", None)

    def detach(self) -> None:
        with self._waiting:
            loan, self._loan = self._loan, None  # the last to hold it checks the connection in, and so comes here again
            self._break_off = None
            if self._socket is not None:
                os.close(self._socket)
                self._socket = None
        del loan

    def give_up(self) -> None:
        """Close the connection and leave its place in the pool to others, though its thread does not come back."""
        with self._waiting:
            loan = self._loan
        self.detach()
        if loan is not None:
            loan.invalidate()

    def enforce(self) -> None:
        """Break off what the connection is waiting for, if the time is over."""
        with self._waiting:
            if self._break_off is not None and self.left <= 0:
                self._break_off()

    def _shut_down(self) -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(self._socket or -1)) as connection:
            connection.shutdown(socket.SHUT_RDWR)


class Deadlines:
    """The deadlines of all threads, each of which has at most one, and the thread that enforces them."""

    def __init__(self) -> None:
        """Leave the thread to the first deadline, and again in a forked process, which has none of its parent's."""
        self._own = threading.local()
        self._all: set[Deadline] = set()
        self._any = threading.Event()
        self._start = threading.Lock()
        self._enforcer = threading.Thread()

    @property
    def current(self) -> Deadline | None:
        """The one that this thread works under."""
        return getattr(self._own, "deadline", None)

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """Let this thread work for so long, whatever its deadline was before."""
        outer = self.current
        deadline = self._own.deadline = self.start(seconds)
        try:
            yield deadline
        finally:
            self.end(deadline)
            self._own.deadline = outer

    def start(self, seconds: float) -> Deadline:
        """Return a deadline of no thread, which is enforced from now on."""
        deadline = Deadline(seconds)
        self._all.add(deadline)
        self._any.set()
        if not self._enforcer.is_alive():
            self._start_enforcer()
        return deadline

    def end(self, deadline: Deadline) -> None:
        self._all.discard(deadline)
        deadline.detach()

    def _start_enforcer(self) -> None:
        with self._start:
            if not self._enforcer.is_alive():
                self._enforcer = threading.Thread(target=self._enforce, name="database-deadlines", daemon=True)
                self._enforcer.start()

    def _enforce(self) -> None:
        while self._any.wait():
            time.sleep(TICK)
            self._any.clear()
            running = self._all.copy()
            if running:
                self._any.set()
            for deadline in running:
                deadline.enforce()
