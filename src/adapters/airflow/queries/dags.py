"""The SQL that lists DAGs."""

import datetime as dt
from functools import cache
from typing import Any

from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from sqlalchemy import bindparam, case, false, func, select, type_coerce
from sqlalchemy.sql.expression import ColumnElement, Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.columns import DATE

_DAG = DagModel.__table__
_RUN = DagRun.__table__
_TAG = DagTag.__table__
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


@cache
def some_dags(*, bounded: bool) -> Select[Any]:
    """Return the same of the DAGs ``dag_ids``, with their ``schedule``, ``max_active_runs`` and ``allows_range``."""
    summary = _DAG.c.timetable_summary
    schedule = case((summary != _NO_SCHEDULE, summary)).label("schedule")
    columns = (schedule, _DAG.c.max_active_runs, _ALLOWS_RANGE.label("allows_range"))
    return dags(bounded=bounded).add_columns(*columns).where(_DAG.c.dag_id.in_(bindparam("dag_ids", expanding=True)))


_NO_SCHEDULE = "None"
"""How Airflow sums up that a DAG has no schedule (NullTimetable.summary, 3.0 to 3.4)."""
_WITHOUT_DATES = (_NO_SCHEDULE, "@once", "@continuous", "Asset")
"""The same of all of Airflow's own timetables that are not periodic, until 3.2, which does not store whether one is."""
_PERIODIC: ColumnElement[bool] = (
    _DAG.c.timetable_periodic if "timetable_periodic" in _DAG.c else _DAG.c.timetable_summary.not_in(_WITHOUT_DATES)
)
_ALLOWS_RANGE: ColumnElement[bool] = func.coalesce(
    _PERIODIC & ~_DAG.c.timetable_partitioned if "timetable_partitioned" in _DAG.c else _PERIODIC, false()
)

IDS = select(_DAG.c.dag_id)
"""The ids of all DAGs."""
LIVE_IDS = IDS.where(~_DAG.c.is_stale)
"""The ids of those that are not stale."""
_OF_TAG = select(_TAG.c.dag_id).where(bindparam("tag") == _TAG.c.name)
LIVE_IDS_OF_TAG = LIVE_IDS.where(_DAG.c.dag_id.in_(_OF_TAG))
"""The ids of those that have the tag ``tag``."""
