"""Metrics of the work on the database: the seconds of each statement, and the connections in use."""

import threading
import time
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

READ = "read"
WRITE = "write"
_CONTEXT = 4
"""Which argument of an event about a statement is its context."""


class DatabaseMeter(Protocol):
    """Where the metrics go."""

    def statement(self, *, work: str, seconds: float) -> None:
        """Record a statement, failed or not; ``work`` is read or write, which is each statement of a transaction that writes."""

    def pool(self, *, in_use: int, size: int) -> None:
        """Record how many connections are in use, of how many."""


def instrument(engine: Engine, meter: DatabaseMeter, *, pool_size: int) -> None:
    """Measure the work of this engine from now on."""
    instrumentation = _Instrumentation(meter, pool_size)
    event.listen(engine, "before_cursor_execute", instrumentation.on_execute)
    event.listen(engine, "after_cursor_execute", instrumentation.on_executed)
    event.listen(engine, "handle_error", instrumentation.on_error)
    event.listen(engine, "checkout", instrumentation.on_checkout)
    event.listen(engine, "checkin", instrumentation.on_checkin)


class _Instrumentation:
    def __init__(self, meter: DatabaseMeter, pool_size: int) -> None:
        self._meter = meter
        self._pool_size = pool_size
        self._lock = threading.Lock()
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
            self._meter.pool(in_use=len(self._in_use), size=self._pool_size)

    def on_checkin(self, _connection: object, record: object) -> None:
        with self._lock:
            self._in_use.discard(id(record))
            self._meter.pool(in_use=len(self._in_use), size=self._pool_size)

    def _record(self, connection: Connection, context: Any) -> None:
        began = context.__dict__.pop("airflow_run_groups_began", None)
        if began is not None:
            options = connection.get_execution_options()
            reads = not options or options.get("isolation_level") == "AUTOCOMMIT"
            self._meter.statement(work=READ if reads else WRITE, seconds=time.perf_counter() - began)
