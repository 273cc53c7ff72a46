"""A page of a DAG's groups: from its newest runs where they suffice, else from all of its runs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from airflow_run_groups.adapters.airflow.queries.groups import group_page, newest_runs, some_groups
from airflow_run_groups.domain.run_id import GroupRunId, has_address

WINDOWS = (1_000, 8_000)
"""Newest runs that are looked at, in one attempt after the other, before all runs of the DAG are."""


def rows_of_newest(connection: Connection, dag_id: str, *, start: int | None, limit: int) -> Sequence[Any] | None:
    """Return the first rows, one more than ``limit`` if there are as many, None when the newest runs do not tell them.

    The newest groups are those of the newest runs. A group of a run before ``start`` that has runs after it as well is on a
    page before.
    """
    for window in WINDOWS:
        query, values = newest_runs(dag_id, start=start, rows=window)
        run_ids = connection.scalars(query, values).all()
        prefixes = _prefixes(run_ids)
        looked_up = prefixes[: 2 * (limit + 1)]
        found = some_groups(dag_id, looked_up, connection)
        if found is None:
            return None
        names = {f"{prefix}_" for prefix in looked_up}
        rows = [
            row for row in connection.execute(*found) if row.start in names and (start is None or row.last_id < start)
        ]
        rows.sort(key=lambda row: -int(row.last_id))
        if len(rows) > limit or (len(run_ids) < window and len(looked_up) == len(prefixes)):
            return rows[: limit + 1]
    return None


def rows_of_all(connection: Connection, dag_id: str, *, start: int | None, limit: int) -> Sequence[Any]:
    """Return the same from all runs of the DAG, which takes as long as it has many."""
    return connection.execute(*group_page(dag_id, start=start, limit=limit)).all()


def _prefixes(run_ids: Sequence[str]) -> list[str]:
    """Return the prefixes of groups in these run ids, each once, in their order."""
    parsed = map(GroupRunId.parse, run_ids)
    return list(dict.fromkeys(one.prefix for one in parsed if one is not None and has_address(one.prefix)))
