"""The SQL that counts the unfinished runs of groups, of one DAG or of one caller."""

from typing import Any

from airflow.models.dagrun import DagRun
from sqlalchemy import Integer, bindparam, cast, func, select
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.groups.membership import IS_LINKED
from airflow_run_groups.adapters.airflow.queries.groups.progress import is_of_group
from airflow_run_groups.domain.model import DagRunState

_RUN = DagRun.__table__
_LOCK = 0x41524731
"""The number by which our advisory locks differ from others of the same database."""


def _count(*conditions: Any) -> Select[Any]:
    """Count in either state by itself: each has an index of its own, which one condition for both would not use."""
    counts = [
        select(func.count())
        .where(_RUN.c.state == state.value, *conditions, is_of_group(_RUN.c.run_id) | IS_LINKED)
        .scalar_subquery()
        for state in (DagRunState.QUEUED, DagRunState.RUNNING)
    ]
    return select(counts[0] + counts[1])


OF_DAG = _count(_RUN.c.dag_id == bindparam("dag_id"))


def of_caller(name: str | None) -> Select[Any]:
    """Return the query for one caller, or for all who have no name. Airflow knows creators from 3.1 on."""
    creator = _RUN.c.triggering_user_name
    return _count(creator.is_(None) if name is None else creator == name)


LOCK_CALLER = select(func.pg_advisory_xact_lock(cast(_LOCK, Integer), func.hashtext(bindparam("caller"))))
"""Let this transaction be the only one, until it ends, that counts the runs of ``caller`` (PostgreSQL). SQLite has one writer."""
