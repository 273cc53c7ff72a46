"""Connections to Airflow's metadata database: reads without a transaction, and one writer of a DAG at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from airflow.configuration import conf
from airflow.utils.orm_event_handlers import setup_event_handlers
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from airflow_api_plugin.domain.errors import Refused, Unavailable

POOL_SIZE = 8
"""Connections of one process. Writers of one DAG queue up before they take one, so a burst of them needs few."""
POOL_TIMEOUT = 3
"""Seconds to wait for a connection of the pool."""
CONNECT_TIMEOUT = 3
"""Seconds to wait for the database to accept a connection."""
LOCK_TIMEOUT = 10
"""Seconds to wait for another process that writes the same DAG (SQLite: that writes at all)."""
QUEUE_TIMEOUT = 25
"""Seconds to wait for other requests of this process that write the same DAG (SQLite: that write at all)."""
QUEUES = 64
"""Queues of writers in one process; DAGs share them by chance, so that no client can make them grow. SQLite has one."""
STATEMENT_TIMEOUT = 20
"""Seconds that one statement of a write may take."""

T = TypeVar("T")
_SQLITE_WRITE = "airflow_api_plugin_write"


class LostRace(Exception):
    """Somebody else wrote what this transaction was about to write."""


class Database:
    """Airflow's metadata database, on a pool of our own: Airflow's is sized and tuned for Airflow's components."""

    def __init__(self, url: str) -> None:
        """Use the database at this SQLAlchemy URL; nothing connects before it has to."""
        self.engine = _engine(url)
        self._sessions = sessionmaker(autoflush=False, expire_on_commit=False)
        self._queues = [threading.Lock() for _ in range(1 if self.engine.dialect.name == "sqlite" else QUEUES)]

    def dispose_after_fork(self) -> None:
        """Forget the parent's connections without closing them."""
        self.engine.dispose(close=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection on which every statement stands for itself.

        :raises Unavailable: when the database does not answer.
        """
        with _translated(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def write(self, dag_id: str, work: Callable[[Session], T]) -> T:
        """Do the work in one transaction and commit it; once more from the start when another writer got in its way.

        :raises Unavailable: when the database does not answer, or is busy for too long.
        """
        with self._queue(dag_id), _translated():
            try:
                return self._transaction(work)
            except (LostRace, IntegrityError):
                pass
            except DBAPIError as error:
                if getattr(error.orig, "pgcode", None) not in _TRY_AGAIN:
                    raise
            try:
                return self._transaction(work)
            except (LostRace, IntegrityError) as error:
                msg = f"others are writing runs of DAG {dag_id!r} at the same moment: try again"
                raise Unavailable(msg) from error

    def _transaction(self, work: Callable[[Session], T]) -> T:
        with self.engine.connect() as connection:
            connection = connection.execution_options(**{_SQLITE_WRITE: True})  # noqa: PLW2901 - the same connection
            with self._sessions(bind=connection) as session, session.begin():
                if self.engine.dialect.name == "postgresql":
                    session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
                    session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}s'"))
                return work(session)

    @contextmanager
    def _queue(self, dag_id: str) -> Iterator[None]:
        """Let one request of this process after the other write a DAG, without a connection in hand while they wait."""
        queue = self._queues[hash(dag_id) % len(self._queues)]
        if not queue.acquire(timeout=QUEUE_TIMEOUT):
            msg = f"other requests are still creating runs of DAG {dag_id!r}: try again"
            raise Unavailable(msg)
        try:
            yield
        finally:
            queue.release()


_TRY_AGAIN = {"40001", "40P01"}
"""PostgreSQL's codes for a failed serialisation and a deadlock: nothing was written, and a second try may do it."""


def _engine(url: str) -> Engine:
    sqlite = url.startswith("sqlite")
    connect_args: dict[str, Any] = {}
    if conf.has_option("database", "sql_alchemy_connect_args"):
        connect_args.update(conf.getimport("database", "sql_alchemy_connect_args"))
    if sqlite:
        connect_args.update(check_same_thread=False, timeout=LOCK_TIMEOUT)
    elif url.startswith("postgresql"):
        connect_args = {"connect_timeout": CONNECT_TIMEOUT, **connect_args}
    engine = create_engine(
        url,
        connect_args=connect_args,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        pool_pre_ping=True,
        pool_recycle=300,
    )
    setup_event_handlers(engine)  # type: ignore[no-untyped-call]
    if sqlite:
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin)
    return engine


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock before the first look, so that what was seen still holds when it is written."""
    if connection.get_execution_options().get(_SQLITE_WRITE):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        msg = "the database does not take a value of the request"
        raise Refused(msg) from error
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        msg = "the metadata database does not answer, or is too busy: try again"
        raise Unavailable(msg) from error
