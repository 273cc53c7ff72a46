"""Metrics of the work on the database: the seconds of each statement, and the connections in use."""

import threading
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from airflow_run_groups.adapters.metrics import (
    DATABASE_CONNECTIONS_IN_USE,
    DATABASE_CONNECTIONS_MAX,
    DATABASE_STATEMENT_DURATION,
    Meter,
)

READ = "read"
WRITE = "write"
_CONTEXT = 4
"""Which argument of an event about a statement is its context."""


def instrument(engine: Engine, meter: Meter, *, pool_size: int) -> None:
    instrumentation = _Instrumentation(meter, pool_size)
    event.listen(engine, "before_cursor_execute", instrumentation.on_execute)
    event.listen(engine, "after_cursor_execute", instrumentation.on_executed)
    event.listen(engine, "handle_error", instrumentation.on_error)
    event.listen(engine, "checkout", instrumentation.on_checkout)
    event.listen(engine, "checkin", instrumentation.on_checkin)


class _Instrumentation:
    def __init__(self, meter: Meter, pool_size: int) -> None:
        self._meter = meter
        self._pool_size = pool_size
        self._lock = threading.RLock()  # the garbage collector may check a connection in while this thread holds it
        self._in_use: set[int] = set()
        """The connections' records. A set, as a connection that breaks may be checked in without a checkout."""

    def on_execute(self, *arguments: Any) -> None:
        arguments[_CONTEXT].airflow_run_groups_began = time.perf_counter()

    def on_executed(self, *arguments: Any) -> None:
        self._record(arguments[0], arguments[_CONTEXT])

    def on_error(self, context: Any) -> None:
        if context.connection is not None and context.execution_context is not None:
            self._record(context.connection, context.execution_context)

    def on_checkout(self, _connection: object, record: object, _proxy: object) -> None:
        with self._lock:
            self._in_use.add(id(record))
            self._measure_connections()

    def on_checkin(self, _connection: object, record: object) -> None:
        with self._lock:
            self._in_use.discard(id(record))
            self._measure_connections()

    def _measure_connections(self) -> None:
        self._meter.set(DATABASE_CONNECTIONS_IN_USE, len(self._in_use))
        self._meter.set(DATABASE_CONNECTIONS_MAX, self._pool_size)

    def _record(self, connection: Connection, context: Any) -> None:
        began = context.__dict__.pop("airflow_run_groups_began", None)
        if began is not None:
            options = connection.get_execution_options()
            reads = not options or options.get("isolation_level") == "AUTOCOMMIT"
            seconds = time.perf_counter() - began
            self._meter.observe(DATABASE_STATEMENT_DURATION, seconds, operation=READ if reads else WRITE)
