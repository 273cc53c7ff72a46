"""What is measured of the work on the database: the seconds of each statement, and the connections that are lent."""

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
    """Who is told."""

    def statement(self, *, work: str, seconds: float) -> None:
        """Hear of a statement, whether it has failed or not; ``work`` is read or write, as is all of a transaction that writes."""

    def pool(self, *, in_use: int, size: int) -> None:
        """Hear how many connections are lent, of how many."""


def watch(engine: Engine, meter: DatabaseMeter, *, pool_size: int) -> None:
    """Tell the meter, from now on, what goes on in this engine."""
    watcher = _Watcher(meter, pool_size)
    event.listen(engine, "before_cursor_execute", watcher.before)
    event.listen(engine, "after_cursor_execute", watcher.after)
    event.listen(engine, "handle_error", watcher.failed)
    event.listen(engine, "checkout", watcher.lent)
    event.listen(engine, "checkin", watcher.given_back)


class _Watcher:
    def __init__(self, meter: DatabaseMeter, pool_size: int) -> None:
        self._meter = meter
        self._pool_size = pool_size
        self._lock = threading.Lock()
        self._lent: set[int] = set()
        """The connections' records. A set, as a connection that breaks may be given back without having been lent."""

    def before(self, *facts: Any) -> None:
        facts[_CONTEXT].airflow_run_groups_began = time.perf_counter()

    def after(self, *facts: Any) -> None:
        self._tell(facts[0], facts[_CONTEXT])

    def failed(self, context: Any) -> None:
        if context.connection is not None and context.execution_context is not None:
            self._tell(context.connection, context.execution_context)

    def _tell(self, connection: Connection, context: Any) -> None:
        began = context.__dict__.pop("airflow_run_groups_began", None)
        if began is not None:
            options = connection.get_execution_options()
            reads = not options or options.get("isolation_level") == "AUTOCOMMIT"
            work = READ if reads else WRITE
            self._meter.statement(work=work, seconds=time.perf_counter() - began)

    def lent(self, _connection: object, record: object, _proxy: object) -> None:
        with self._lock:
            self._lent.add(id(record))
            self._meter.pool(in_use=len(self._lent), size=self._pool_size)

    def given_back(self, _connection: object, record: object) -> None:
        with self._lock:
            self._lent.discard(id(record))
            self._meter.pool(in_use=len(self._lent), size=self._pool_size)
