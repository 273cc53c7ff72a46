"""Deadlines for Airflow's own engine where an auth manager uses it for us: a connection lost in silence is given up."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from airflow_run_groups.adapters.airflow.database.deadlines import Deadline, Deadlines

CONNECT_TIMEOUT = 3
"""Seconds until PostgreSQL has taken a connection, or shown that an idle one still works, where Airflow sets no others."""


class Guard:
    """Limits each use of an engine, from checkout to checkin, by threads that are ``active``; others use it as ever."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._seconds = seconds
        self._deadlines = Deadlines()
        self._own = threading.local()
        self._used: dict[object, Deadline] = {}
        dialect: Any = engine.dialect
        self._ping = dialect.do_ping
        dialect.do_ping = self._ping_in_time  # the pool pings before it tells of a checkout
        event.listen(engine, "checkout", self._on_checkout)
        event.listen(engine, "checkin", self._on_checkin)
        if dialect.name == "postgresql":
            event.listen(engine, "do_connect", self._on_connect)

    @contextmanager
    def active(self) -> Iterator[None]:
        before = self._is_active
        self._own.active = True
        try:
            yield
        finally:
            self._own.active = before

    @property
    def _is_active(self) -> bool:
        return getattr(self._own, "active", False)

    def _ping_in_time(self, connection: Any) -> Any:
        if not self._is_active:
            return self._ping(connection)
        deadline = self._deadlines.start(CONNECT_TIMEOUT)
        deadline.attach(connection)
        try:
            return self._ping(connection)
        finally:
            self._deadlines.end(deadline)

    def _on_connect(self, _dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
        if self._is_active:
            parameters.setdefault("connect_timeout", CONNECT_TIMEOUT)

    def _on_checkout(self, connection: Any, record: Any, _proxy: object) -> None:
        self._end(record)
        if self._is_active:
            deadline = self._used[record] = self._deadlines.start(self._seconds)
            deadline.attach(connection)

    def _on_checkin(self, _connection: Any, record: Any) -> None:
        self._end(record)

    def _end(self, record: object) -> None:
        if (deadline := self._used.pop(record, None)) is not None:
            self._deadlines.end(deadline)


@cache
def guard_of(engine: Engine, *, seconds: float) -> Guard:
    """Return the guard of an engine, which has one in a process."""
    return Guard(engine, seconds)
