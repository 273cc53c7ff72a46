"""Whether the database is one that the installed Airflow knows to fill: another Airflow may have migrated it since."""

import logging
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import airflow
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import column, inspect, select, table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ProgrammingError

from airflow_run_groups.adapters.airflow.compat import DynamicRegion
from airflow_run_groups.domain.errors import SchemaUnknown

REVISIONS = {
    "29ce7909c52b": "3.0.0",
    "fe199e1abd77": "3.0.3",
    "cc92b33c6709": "3.1.0",
    "509b94a1042d": "3.1.8",
    "1d6611b6ab7c": "3.2.0",
    "d2f4e1b3c5a7": "3.3.0",
    "9cffe90fa0c0": "3.4.0",
}
"""The revisions of the schema that this service has been tried with, and the version of Airflow that each came with."""
WRITTEN = tuple(model.__table__ for model in (DagRun, TaskInstance, DynamicRegion) if model is not None)
"""The tables whose rows are copied."""
CHECK_AGAIN = 60.0
"""Seconds for which a schema that was known is taken to be the same."""

_REVISION = select(table("alembic_version", column("version_num"), schema=DagRun.__table__.schema).c.version_num)
_log = logging.getLogger(__name__)


class Schema:
    """The schema of one database, which is looked at now and then: Airflow may be upgraded under a running service."""

    def __init__(self, *, allow_unknown: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a revision that is not known for a good one, or not, as long as its columns can be filled."""
        self._allow_unknown = allow_unknown
        self._clock = clock
        self._known_until = -1.0
        self._last_problem: str | None = None

    def require_known(self, connection: Connection) -> None:
        """Go on only when runs and task instances can be written; what was wrong the last time is looked at again.

        :raises SchemaUnknown: saying why not.
        """
        if self._clock() < self._known_until:
            return
        wrong = (None if self._allow_unknown else _unknown_revision(connection)) or _unmatched_columns(connection)
        if wrong is not None:
            if wrong != self._last_problem:
                _log.error("no runs are created: %s", wrong)
            self._last_problem = wrong
            raise SchemaUnknown(wrong)
        self._last_problem = None
        self._known_until = self._clock() + CHECK_AGAIN


def _unknown_revision(connection: Connection) -> str | None:
    try:
        revisions = list(connection.scalars(_REVISION))
    except ProgrammingError as error:
        _log.warning("the table alembic_version cannot be read: %s", error.orig)
        revisions = []
    if revisions and all(revision in REVISIONS or has_migration(revision) for revision in revisions):
        return None
    return (
        f"the database has the schema revision {', '.join(revisions) or '(none)'}, which neither this service nor Airflow "
        f"{airflow.__version__}, which is installed here, knows. Run this service with the Airflow version that migrated "
        "the database, or set [airflow_api_plugin] allow_unknown_schema = true"
    )


def has_migration(revision: str) -> bool:
    """Tell whether the installed Airflow has a migration to this revision, as patch releases sometimes have a new one."""
    line = re.compile(rf"^revision = [\"']{re.escape(revision)}[\"']", re.MULTILINE)
    folder = Path(airflow.__file__).parent / "migrations" / "versions"
    return any(line.search(file.read_text(encoding="utf-8")) for file in folder.glob("*.py"))


def _unmatched_columns(connection: Connection) -> str | None:
    more, fewer = [], []
    for mapped in WRITTEN:
        there = inspect(connection)
        if not there.has_table(mapped.name, schema=mapped.schema):
            return f"the database lacks the table {mapped.name}. Migrate it (airflow db migrate)"
        columns = there.get_columns(mapped.name, schema=mapped.schema)
        more += [f"{mapped.name}.{name}" for name in left_empty(mapped.c.keys(), columns)]
        fewer += [f"{mapped.name}.{name}" for name in set(mapped.c.keys()) - {one["name"] for one in columns}]
    if more:
        return (
            f"the database requires values that Airflow {airflow.__version__}, which is installed here, does not know: "
            f"{', '.join(more)}. Run this service with the Airflow version that migrated the database"
        )
    if fewer:
        return (
            f"the database lacks columns that Airflow {airflow.__version__}, which is installed here, writes: "
            f"{', '.join(sorted(fewer))}. Migrate it (airflow db migrate), or run this service with the Airflow version "
            "that did"
        )
    return None


def left_empty(mapped: Collection[str], columns: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the columns that need a value which neither the models nor the database give.

    :param columns: as SQLAlchemy's inspector describes them.
    """
    filled_by_the_database = ("default", "computed", "identity")
    return [
        one["name"]
        for one in columns
        if one["name"] not in mapped
        and not one["nullable"]
        and not any(one.get(means) is not None for means in filled_by_the_database)
    ]
