"""A database that responds, and does not let this service do its work: read-only, without a permission, not migrated."""

import sqlite3
from functools import cache
from typing import Any

import airflow
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, literal_column, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.domain.errors import DatabaseReadOnly, InsufficientPrivilege, SchemaUnknown, Unavailable

_NEEDED = (
    ("INSERT", DagRun.__table__),
    ("INSERT", TaskInstance.__table__),
    ("INSERT", Log.__table__),
    ("UPDATE", DagModel.__table__),  # to lock a DAG
)
"""The statements of each creation of runs; the rest of docs/deployment.md's role is for some DAGs, and for actions on groups."""
_NUMBERED = (DagRun.__table__, Log.__table__)
"""The tables among them whose ids come from a sequence."""
_READ_ONLY = "25006"
"""PostgreSQL's code for a write on a server that only reads, as one does that has been the main server until now."""
_NOT_PERMITTED = "42501"
_UNDEFINED = frozenset({"42P01", "42703", "3F000"})
"""PostgreSQL's codes for a table, a column and a schema that are not there."""


def refusal_of(error: DBAPIError) -> Unavailable | None:
    """Return what an error says about the database as a whole, None when it says nothing of the kind."""
    code = getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None)
    words = str(error.orig) if isinstance(error.orig, sqlite3.Error) else ""
    if code == _READ_ONLY or "readonly database" in words:
        return DatabaseReadOnly()
    if code == _NOT_PERMITTED:
        return InsufficientPrivilege()
    if code in _UNDEFINED or words.startswith(("no such table", "no such column")):
        return SchemaUnknown(
            f"the database lacks a table or column that Airflow {airflow.__version__}, which is installed here, has: migrate "
            "it (airflow db migrate), or run this service with the Airflow version that did"
        )
    return None


def require_writable(connection: Connection) -> None:
    """Go on only when runs could be created, as far as the database can tell without a write.

    :raises DatabaseReadOnly: when it is a standby, or set to be read-only.
    :raises InsufficientPrivilege: when the role of this service may not, saying what.
    """
    if connection.dialect.name == "postgresql":
        _require_writable_postgresql(connection)
    elif connection.dialect.name == "sqlite":
        _require_writable_sqlite(connection)


def _require_writable_postgresql(connection: Connection) -> None:
    setting, *granted = connection.execute(_privileges()).one()
    if setting == "on":
        raise DatabaseReadOnly
    wanted = [f"{privilege} on {table.fullname}" for privilege, table in _NEEDED]
    wanted += [f"USAGE on the sequence of {table.fullname}" for table in _NUMBERED]
    missing = [name for name, is_granted in zip(wanted, granted, strict=True) if is_granted is False]
    if missing:
        raise InsufficientPrivilege(missing)


@cache
def _privileges() -> Select[Any]:
    tables = [
        func.has_any_column_privilege(func.to_regclass(table.fullname), literal_column(f"'{privilege}'"))
        for privilege, table in _NEEDED
    ]
    sequences = [
        func.has_sequence_privilege(func.pg_get_serial_sequence(table.fullname, "id"), "USAGE") for table in _NUMBERED
    ]
    return select(func.current_setting("transaction_read_only"), *tables, *sequences)


def _require_writable_sqlite(connection: Connection) -> None:
    """Take the lock for a moment. Where another writer has it, the database can be written to."""
    if connection.exec_driver_sql("PRAGMA query_only").scalar():
        raise DatabaseReadOnly
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        driver.execute("BEGIN IMMEDIATE")
        driver.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "readonly" in str(error):
            raise DatabaseReadOnly from error
