"""The SQL that lists DAGs."""

import datetime as dt
from functools import cache
from typing import Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import func, select, type_coerce
from sqlalchemy.sql.expression import ColumnElement, Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.columns import DATE

_DAG = DagModel.__table__
_RUN = DagRun.__table__
_WINDOWS = (dt.timedelta(hours=1), dt.timedelta(days=2))
"""How long before its next scheduled date a DAG's latest date is searched first."""


@cache
def dags(*, bounded: bool) -> Select[Any]:
    """Return the query that lists the DAGs that are not stale: dag_id, is_paused, fileloc, largest logical date.

    The date comes from the index (dag_id, logical_date), with one search for each DAG.

    :param bounded: whether the database, as PostgreSQL, compares a whole page of the index to find its last entry. The dates
        around the next scheduled one are searched first then, and all only where there are none.
    """
    latest = select(func.max(type_coerce(_RUN.c.logical_date, DATE))).where(_RUN.c.dag_id == _DAG.c.dag_id)
    last: ColumnElement[Any] = latest.scalar_subquery()
    if bounded:
        bounds = [type_coerce(_DAG.c.next_dagrun, DATE) - before for before in _WINDOWS]
        windows = [latest.where(type_coerce(_RUN.c.logical_date, DATE) >= bound).scalar_subquery() for bound in bounds]
        last = func.coalesce(*windows, last)
    return select(_DAG.c.dag_id, _DAG.c.is_paused, _DAG.c.fileloc, last).where(~_DAG.c.is_stale).order_by(_DAG.c.dag_id)


IDS = select(_DAG.c.dag_id)
"""The ids of all DAGs."""
