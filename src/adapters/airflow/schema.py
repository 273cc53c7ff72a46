"""Whether the database is one that the installed Airflow knows to fill: another Airflow may have migrated it since."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from weakref import WeakSet

from airflow import __version__
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import inspect
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from airflow_api_plugin.domain.errors import Unavailable


def require_known_schema(session: Session) -> None:
    """Look once, before the first write, whether runs and task instances have columns that nobody here would fill.

    :raises Unavailable: naming them.
    """
    connection = session.connection()
    if connection.engine in _KNOWN:
        return
    unknown = [
        f"{table.name}.{name}"
        for table in (DagRun.__table__, TaskInstance.__table__)
        for name in left_empty(table.c.keys(), inspect(connection).get_columns(table.name, schema=table.schema))
    ]
    if unknown:
        msg = (
            f"the database requires values that Airflow {__version__}, which is installed here, does not know: "
            f"{', '.join(unknown)}. Run this service with the Airflow version that migrated the database"
        )
        raise Unavailable(msg)
    _KNOWN.add(connection.engine)


def left_empty(mapped: Collection[str], columns: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the columns that need a value which neither the models nor the database give.

    :param columns: as SQLAlchemy's inspector describes them.
    """
    filled_by_the_database = ("default", "computed", "identity")
    return [
        column["name"]
        for column in columns
        if column["name"] not in mapped
        and not column["nullable"]
        and not any(column.get(means) is not None for means in filled_by_the_database)
    ]


_KNOWN: WeakSet[Engine] = WeakSet()
