"""The SQLAlchemy engine, its pool, and its events: connect, checkout, execute and checkin."""

import logging
import math
import re
import select
import time
from contextlib import closing, suppress
from typing import Any

from airflow.configuration import conf
from airflow.utils.orm_event_handlers import setup_event_handlers
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import InvalidatePoolError

from airflow_run_groups.adapters.airflow.compat import ENGINE_OPTIONS
from airflow_run_groups.adapters.airflow.database import redaction
from airflow_run_groups.adapters.airflow.database.deadlines import Deadlines, margin
from airflow_run_groups.adapters.airflow.queries.prefixes import learn_order
from airflow_run_groups.adapters.database_limits import DatabaseLimits

APPLICATION = "airflow-run-groups"
"""How PostgreSQL's pg_stat_activity names our connections, unless the operator does."""
RECYCLE = 300
"""Seconds of life of a connection: firewalls forget older ones that are idle, and a new one finds a new main server."""
TRUSTED = 1.0
"""Seconds for which a connection that has worked is believed to work, if nothing came in on it since."""

_WRITE_LIMITS = "airflow_run_groups_write_limits"
_LAST_USED = "airflow_run_groups_last_used"
_log = logging.getLogger(__name__)


def create(url: str, limits: DatabaseLimits, deadlines: Deadlines) -> Engine:
    """Make an engine, with Airflow's own handlers and its ``sql_alchemy_connect_args``; nothing connects yet."""
    dialect = make_url(url).get_backend_name()
    connect_args: dict[str, Any] = {}
    if conf.has_option("database", "sql_alchemy_connect_args"):
        connect_args.update(conf.getimport("database", "sql_alchemy_connect_args"))
    if dialect == "sqlite":
        connect_args.update(check_same_thread=False, timeout=_sqlite_timeout(limits))
    elif dialect == "postgresql":
        own = str(connect_args.get("options") or make_url(url).query.get("options", ""))
        # a read has no transaction for which a limit could be set, and a limit that stayed would be another client's
        # behind a pooler; what the operator sets comes last, and so prevails
        options = f"-c statement_timeout={1000 * (limits.read_timeout - margin(limits.read_timeout)):.0f} {own}".strip()
        connect_args = {
            "connect_timeout": max(2, round(limits.connect_timeout)),
            "fallback_application_name": APPLICATION,
            **connect_args,
            "options": options,
        }
    engine = create_engine(
        url,
        connect_args=connect_args,
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=limits.pool_timeout,
        pool_recycle=RECYCLE,
        hide_parameters=True,
        **(
            {} if dialect == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        ),  # set here, it is not set at every checkout
        **ENGINE_OPTIONS,
    )
    setup_event_handlers(engine)  # type: ignore[no-untyped-call]
    events = _PoolEvents(engine, limits, deadlines)
    event.listen(engine, "connect", events.on_connect, insert=True)
    event.listen(engine, "checkout", events.on_checkout)
    event.listen(engine, "checkin", events.on_checkin)
    event.listen(engine, "before_cursor_execute", events.on_execute)
    event.listen(engine, "handle_error", redaction.on_error)
    if dialect == "postgresql":
        event.listen(engine, "do_connect", events.connect)
        event.listen(engine, "connect", learn_order)
    elif dialect == "sqlite":
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", events.on_begin_in_sqlite)
    return engine


def begin_to_write(connection: Connection, limits: DatabaseLimits) -> None:
    """Make what follows on a connection one transaction; on others, each statement is its own."""
    if connection.dialect.name == "sqlite":
        connection.execution_options(**{_WRITE_LIMITS: limits})
    else:
        connection.execution_options(isolation_level="READ COMMITTED")


class _PoolEvents:
    """Puts connections under the deadline of the thread that uses them, and lets none that is broken be checked out."""

    def __init__(self, engine: Engine, limits: DatabaseLimits, deadlines: Deadlines) -> None:
        self._dialect: Any = engine.dialect
        self._limits = limits
        self._deadlines = deadlines
        self._url = engine.url
        self._takes_no_options_until = -math.inf
        self._has_warned = False

    def connect(self, dialect: Any, _record: object, args: Any, parameters: dict[str, Any]) -> Any:
        """Connect, through a pooler, too, that refuses options; the database then limits reads as it is set up to do."""
        try:
            return self._connect(dialect, args, parameters)
        except dialect.dbapi.Error as error:
            redaction.hide_secrets(error, self._url, parameters)
            raise

    def _connect(self, dialect: Any, args: Any, parameters: dict[str, Any]) -> Any:
        without = {name: value for name, value in parameters.items() if name != "options"}
        if time.monotonic() < self._takes_no_options_until:
            return dialect.connect(*args, **without)
        try:
            return dialect.connect(*args, **parameters)
        except dialect.dbapi.OperationalError as error:
            refusal = refusal_of_options(str(error))
            if refusal is None:
                raise
            connection = dialect.connect(*args, **without)
            self._takes_no_options_until = time.monotonic() + RECYCLE
            if not self._has_warned:
                _log.warning("the database takes no options (%s): its own statement_timeout limits reads", refusal)
            self._has_warned = True
            return connection

    def on_connect(self, connection: Any, _record: object) -> None:
        if deadline := self._deadlines.current:
            deadline.attach(connection)

    def on_checkout(self, connection: Any, record: Any, loan: object) -> None:
        deadline = self._deadlines.current
        if deadline is None:
            return
        deadline.attach(connection, loan)
        last_used = record.info.get(_LAST_USED)
        if last_used is None or (time.monotonic() - last_used < TRUSTED and _is_quiet(connection)):
            return
        with deadline.at_most(self._limits.connect_timeout):
            try:
                works = self._dialect.do_ping(connection)
            except self._dialect.dbapi.Error:
                works = False
        if not works:
            raise InvalidatePoolError  # the pool makes a new connection, and trusts none of the old ones

    def on_checkin(self, _connection: Any, record: Any) -> None:
        record.info[_LAST_USED] = time.monotonic()
        if deadline := self._deadlines.current:
            deadline.detach()

    def on_execute(self, _connection: object, cursor: Any, *_: object) -> None:
        """Go on only when there is time left; for what PostgreSQL then does in a transaction, it keeps that time itself."""
        deadline = self._deadlines.current
        if deadline is None:
            return
        deadline.check()
        seconds = deadline.lower_limit_of_the_database()
        if seconds is not None:
            # a transaction that has failed takes only its own end
            with suppress(self._dialect.dbapi.Error), closing(cursor.connection.cursor()) as own:
                own.execute(f"SET LOCAL statement_timeout = {1000 * seconds:.0f}")
            deadline.check()  # which may have ended meanwhile, and the connection with it

    def on_begin_in_sqlite(self, connection: Connection) -> None:
        """Take SQLite's write lock before the first read, so that what was read still holds when it is written."""
        limits = connection.get_execution_options().get(_WRITE_LIMITS)
        milliseconds = 1000 * _sqlite_timeout(limits or self._limits)
        connection.connection.execute(f"PRAGMA busy_timeout = {milliseconds:.0f}")
        if limits is not None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def refusal_of_options(text: str) -> str | None:
    """Return what a pooler says that takes no options of a client, None when an error of a connection is another one.

    The server's own words count, and no name in them: hosts, users and databases are called as their owners like.
    """
    found = _SERVER_SAYS.search(text)
    if found is None or not _ABOUT_OPTIONS.search(_QUOTED.sub("", found[1])):
        return None
    return found[1].strip()


_SERVER_SAYS = re.compile(r"\b(?:FATAL|ERROR):(.*)")
_QUOTED = re.compile(r'"[^"]*"')
_ABOUT_OPTIONS = re.compile(r"unsupported startup parameter|(command[ -]line|startup) options?\b", re.IGNORECASE)
"""As PgBouncer, and others such as Amazon RDS Proxy, say it."""


def _is_quiet(connection: Any) -> bool:
    """Tell whether nothing has come in on an idle connection: a server that ends says so."""
    if not hasattr(connection, "fileno"):
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _sqlite_timeout(limits: DatabaseLimits) -> float:
    """Return how many seconds SQLite waits for its lock: a write on other databases waits as long in two attempts."""
    return 2 * limits.lock_timeout
