"""Connections to Airflow's metadata database: reads without a transaction, and one writer of a DAG at a time."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    TimeoutError as PoolTimeout,
)
from sqlalchemy.orm import Session, sessionmaker

from airflow_run_groups.adapters.airflow import custom_code
from airflow_run_groups.adapters.airflow.compat import SESSION_OPTIONS
from airflow_run_groups.adapters.airflow.database.deadlines import Deadline, Deadlines, Overdue, margin
from airflow_run_groups.adapters.airflow.database.engine import begin_to_write, create
from airflow_run_groups.adapters.airflow.database.queues import NoTurn, Queues
from airflow_run_groups.adapters.airflow.database.refusals import refusal_of
from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.domain.errors import (
    DagBusy,
    DeadlineExceeded,
    DomainError,
    OutcomeUnknown,
    Refused,
    Unavailable,
)

SQLITE_GAP = 0.15
"""Seconds, at most, that a process leaves between two writes on SQLite: a waiting writer checks its lock each tenth of a
second, and would hardly ever find the lock free where one write follows on the other."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class ConcurrentWrite(Exception):
    """Another writer was first to write what this transaction was about to write."""


class Database:
    """Airflow's metadata database, on a pool of our own: Airflow's is sized and tuned for Airflow's components."""

    def __init__(self, url: str, limits: DatabaseLimits) -> None:
        """Use the database at this SQLAlchemy URL; nothing connects before it has to."""
        self.limits = limits
        self._deadlines = Deadlines()
        self.engine = create(url, limits, self._deadlines)
        self._sessions = sessionmaker(autoflush=False, expire_on_commit=False, **SESSION_OPTIONS)
        self._next_on_sqlite = 0.0
        self._queues = Queues()

    def dispose_after_fork(self) -> None:
        """Forget the parent's connections without closing them."""
        self.engine.dispose(close=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection on which each statement is its own transaction.

        :raises Unavailable: when the database does not respond.
        :raises DeadlineExceeded: when it does, and the statements take too long.
        """
        with self._within_read_timeout(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def reading_objects(self) -> Iterator[Session]:
        """Lend a session on such a connection, which writes nothing.

        :raises Unavailable: when the database does not respond.
        """
        with self.reading() as connection, self._sessions(bind=connection) as session:
            yield session

    @contextmanager
    def reading_in_parts(self) -> Iterator[Session]:
        """Lend such a session that holds a connection from its first statement to its next ``commit`` only.

        :raises Unavailable: when the database does not respond.
        """
        with self._within_read_timeout(), self._sessions(bind=self.engine) as session:
            yield session

    def write(self, dag_id: str | None, work: Callable[[Session], T], limits: DatabaseLimits | None = None) -> T:
        """Do the work in one transaction and commit it; once more from the start when another writer was first.

        :param dag_id: the DAG whose writers in this process wait for each other, None for work that waits for none.
        :param limits: in place of the database's own, but for those of its connections.
        :raises Unavailable: when the database does not respond, or is busy for too long; nothing was written.
        :raises DeadlineExceeded: when it responds, and the work takes too long.
        :raises OutcomeUnknown: when nobody knows whether it was written; such work is not done once more.
        """
        limits = limits or self.limits
        too_slow = (
            f"it could not be done within {limits.write_timeout:g} seconds, so nothing was: request fewer at a time, "
            "with limit and partial"
        )
        with (
            self._within(limits.write_timeout, too_slow) as deadline,
            nullcontext() if dag_id is None else self._queue(dag_id, deadline),
        ):
            try:
                return self._transaction(work, deadline, limits)
            except (ConcurrentWrite, DBAPIError) as error:
                if not _may_succeed_next_time(error):
                    raise
            try:
                return self._transaction(work, deadline, limits)
            except (ConcurrentWrite, IntegrityError) as error:
                msg = f"other requests are writing runs of DAG {dag_id!r} at the same moment: try again"
                raise DagBusy(msg) from error

    def seconds_for_a_step(self) -> float:
        """Return after how many seconds this thread, as it writes, should come to its end for those who wait for its locks.

        Half of the time for which they wait, or which it has left itself, so that what it has begun by then fits in, too.
        """
        deadline = self._deadlines.current
        left = math.inf if deadline is None else deadline.left
        return min(self.limits.lock_timeout, left) / 2

    def check_time(self) -> None:
        """Go on only when this thread has time left.

        :raises Overdue: when it has none.
        """
        if (deadline := self._deadlines.current) is not None:
            deadline.check()

    def _transaction(self, work: Callable[[Session], T], deadline: Deadline, limits: DatabaseLimits) -> T:
        with self.engine.connect() as connection:
            begin_to_write(connection, limits)
            with self._sessions(bind=connection) as session:
                if self.engine.dialect.name == "sqlite":
                    return self._with_sqlites_lock(work, session, deadline, limits)
                transaction_id = _limit(session, deadline, limits)
                result = work(session)
                session.flush()
                custom_code.finishing()
                try:
                    session.commit()
                except DBAPIError as error:
                    if _is_rolled_back(error) or not self._has_committed(transaction_id):
                        raise
                return result

    def _with_sqlites_lock(
        self, work: Callable[[Session], T], session: Session, deadline: Deadline, limits: DatabaseLimits
    ) -> T:
        time.sleep(max(0, self._next_on_sqlite - time.monotonic()))
        session.connection()  # waits for the lock
        began = time.monotonic()
        seconds = min(limits.sqlite_write_timeout, deadline.left)
        try:
            with deadline.at_most(seconds):
                result = work(session)
                session.flush()
                custom_code.finishing()
                _commit_in_sqlite(session)
        except (Overdue, OperationalError) as error:
            if not _is_overdue(error):
                raise
            msg = (
                f"the runs could not be recorded within {seconds:g} seconds, and for longer Airflow's other components "
                "cannot wait on SQLite: request fewer at a time, with limit and partial"
            )
            raise DeadlineExceeded(msg) from error
        finally:
            now = time.monotonic()
            self._next_on_sqlite = now + min(now - began, SQLITE_GAP)
        return result

    def _has_committed(self, transaction_id: str | None) -> bool:
        """Ask what became of a transaction whose COMMIT got no answer, again and again while nobody answers that, either.

        :raises OutcomeUnknown: when that cannot be known.
        """
        driver: Any = self.engine.dialect.dbapi
        with self._deadlines.within(self.limits.connect_timeout) as deadline:
            while transaction_id is not None and deadline.left > 0:
                with (
                    suppress(DBAPIError, PoolTimeout, Overdue, driver.Error),
                    self.engine.connect() as connection,
                ):
                    status = connection.execute(_STATUS, {"id": transaction_id}).scalar()
                    if (
                        status in _FATES
                    ):  # else the server has not noticed yet that the connection is lost, or has forgotten
                        return _FATES[status]
                time.sleep(0.1)
        raise OutcomeUnknown

    @contextmanager
    def _queue(self, dag_id: str, deadline: Deadline) -> Iterator[None]:
        """Let one request of this process after the other write a DAG, without a connection in hand while they wait."""
        name, others = dag_id, f"runs of DAG {dag_id!r}"
        if self.engine.dialect.name == "sqlite":  # which has one writer
            name, others = "", "to the database"
        try:
            with (
                self._queues.turn(name, seconds=min(self.limits.queue_timeout, deadline.left)) as release,
                custom_code.on_giving_up(release),
            ):
                yield
        except NoTurn:
            msg = f"other requests are still writing {others}: try again"
            raise DagBusy(msg) from None

    def _within_read_timeout(self) -> AbstractContextManager[Deadline]:
        seconds = self.limits.read_timeout
        too_slow = f"the metadata database took longer than {seconds:g} seconds: ask for less at a time, or try again"
        return self._within(seconds, too_slow)

    @contextmanager
    def _within(self, seconds: float, too_slow: str) -> Iterator[Deadline]:
        """Let this thread work for so long, and raise what goes wrong with the database as errors of the domain."""
        driver: Any = self.engine.dialect.dbapi  # its own errors come from where SQLAlchemy sets a connection up
        try:
            with self._deadlines.within(seconds) as deadline, custom_code.on_giving_up(deadline.give_up):
                yield deadline
        except DataError as error:
            msg = "the database rejected a value of the request"
            raise Refused(msg) from error
        except (DBAPIError, PoolTimeout, Overdue, driver.OperationalError, driver.InterfaceError) as error:
            first = _first(error)
            if isinstance(first, DomainError):
                raise first from None
            refusal = refusal_of(error) if isinstance(error, DBAPIError) else None
            if refusal is None and isinstance(error, DBAPIError) and not _is_the_databases(error):
                raise
            cause = error.orig if isinstance(error, DBAPIError) else error
            if first is not None or (_is_overdue(error) and deadline.left <= 2 * margin(seconds)):
                _log.warning("work on the metadata database was broken off after %g seconds: %s", seconds, cause)
                raise DeadlineExceeded(too_slow) from error
            _log.warning("the metadata database failed: %s: %s", type(cause).__name__, cause)
            msg = "the metadata database does not respond, is too busy or takes no writes: try again"
            raise refusal or Unavailable(msg) from error


def _first(error: BaseException) -> DomainError | Overdue | None:
    """Return the error that ended the work, None when it was the database's.

    A connection that cannot even be rolled back after it raises an error of its own.
    """
    first: BaseException | None = error
    while first is not None and not isinstance(first, DomainError | Overdue):
        first = first.__context__
    return first


def _limit(session: Session, deadline: Deadline, limits: DatabaseLimits) -> str | None:
    """Have the database itself keep this transaction short, and return the transaction's id.

    For this transaction alone: behind a pooler such as PgBouncer, the connection may be another client's after it.
    """
    if session.get_bind().dialect.name != "postgresql":
        return None
    seconds = {
        "idle_in_transaction_session_timeout": limits.idle_in_transaction_timeout,
        "lock_timeout": limits.lock_timeout,
        "statement_timeout": deadline.limit_of_the_database(),
    }
    texts = {name: f"{1000 * limit:.0f}ms" for name, limit in seconds.items()}
    return str(session.execute(_LIMIT, texts).scalar())


_LIMIT = text(
    "SELECT CAST(txid_current() AS varchar)"
    ", set_config('idle_in_transaction_session_timeout', :idle_in_transaction_session_timeout, true)"
    ", set_config('lock_timeout', :lock_timeout, true)"
    ", set_config('statement_timeout', :statement_timeout, true)"
)
_STATUS = text("SELECT txid_status(CAST(:id AS bigint))")
_FATES = {"committed": True, "aborted": False}

_TRY_AGAIN = {"40001", "40P01", "55P03"}
"""PostgreSQL's codes for a failed serialisation, a deadlock and a lock that others held for too long."""


def _is_overdue(error: Exception) -> bool:
    """Tell whether the work was broken off while the database responded: by our own deadline, if little time was left.

    PostgreSQL ends a statement that takes too long shortly before we do, and SQLite runs in this process. A PostgreSQL that
    does not even say that much does not respond.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, Overdue)
    return _code(error) == _CANCELED or (isinstance(error, OperationalError) and str(error.orig) == _INTERRUPTED)


_CANCELED = "57014"
"""PostgreSQL's code for a statement that was ended, as by its ``statement_timeout``."""
_INTERRUPTED = "interrupted"
"""SQLite's words for the same."""


def _is_rolled_back(error: DBAPIError) -> bool:
    """Tell whether PostgreSQL itself says that a COMMIT has failed: with a constraint, or so that it can be tried again."""
    code = _code(error) or ""
    return not error.connection_invalidated and code.startswith(("23", "40")) and code != _COMPLETION_UNKNOWN


_COMPLETION_UNKNOWN = "40003"
_LEFT_OPEN_BY_SQLITE = ("locked", "full", "readonly", "interrupted")
"""In the messages of errors after which a COMMIT can only be rolled back (sqlite.org/lang_transaction.html). After others,
such as one of the disk, its last pages may have been written or not."""


def _commit_in_sqlite(session: Session) -> None:
    """Commit.

    :raises OutcomeUnknown: when the disk failed in the midst of it.
    """
    try:
        session.commit()
    except IntegrityError:
        raise
    except DBAPIError as error:
        if any(word in str(error.orig) for word in _LEFT_OPEN_BY_SQLITE):
            raise
        raise OutcomeUnknown from error


def _may_succeed_next_time(error: ConcurrentWrite | DBAPIError) -> bool:
    """Tell whether nothing was written because of another writer, whom a second try may not meet."""
    return isinstance(error, (ConcurrentWrite, IntegrityError)) or _code(error) in _TRY_AGAIN


def _is_the_databases(error: DBAPIError) -> bool:
    """Tell whether the database failed, and not the statement."""
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def _code(error: DBAPIError) -> str | None:
    """Return PostgreSQL's code for the error, which psycopg2 and psycopg name differently."""
    return getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None)
