"""The SQL that finds the runs of a DAG by their dates, with what decides whether they run again."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import null, select
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.compat import IS_CURRENT
from airflow_run_groups.adapters.airflow.queries.groups.progress import COUNTED_STATE
from airflow_run_groups.domain.planning.runs import ExistingRun
from airflow_run_groups.domain.run_id import GroupRunId

_BACKFILL = Backfill.__table__
_LINK = BackfillDagRun.__table__
_RUN = DagRun.__table__
_TASK = TaskInstance.__table__
_CREATOR = _RUN.c.triggering_user_name if "triggering_user_name" in _RUN.c else null()
_HAS_TASKS = (
    select(_TASK.c.run_id).where(_TASK.c.dag_id == _RUN.c.dag_id, _TASK.c.run_id == _RUN.c.run_id, IS_CURRENT).exists()
)
_IS_HELD = (
    select(_BACKFILL.c.id).where(_BACKFILL.c.id == _RUN.c.backfill_id, _BACKFILL.c.completed_at.is_(None)).exists()
)
AS_IT_WAS = (_RUN.c.id, COUNTED_STATE.label("state"), _RUN.c.queued_at, _RUN.c.start_date)
"""The columns of a run that stay the same until it runs again, or goes on."""
_COLUMNS = (
    *AS_IT_WAS,
    _RUN.c.logical_date,
    _RUN.c.run_id,
    _RUN.c.run_type,
    _CREATOR.label("created_by"),
    _RUN.c.run_after,
    _HAS_TASKS.label("has_tasks"),
    _IS_HELD.label("is_held"),
)


def existing_runs(dag_id: str, dates: Collection[dt.datetime] | None, *, record: int | None) -> Select[Any]:
    """Return the query of the DAG's runs that have a logical date, or of those at these dates, by that date.

    :param record: the row of the request's group, None where it has none.
    """
    number = 0 if record is None else record
    is_linked = select(_LINK.c.id).where(_LINK.c.dag_run_id == _RUN.c.id, _LINK.c.backfill_id == number).exists()
    query = (
        select(*_COLUMNS, is_linked.label("is_linked"))
        .where(_RUN.c.dag_id == dag_id, _RUN.c.logical_date.is_not(None))
        .order_by(_RUN.c.logical_date)
    )
    return query if dates is None else query.where(_RUN.c.logical_date.in_(dates))


def existing_run(row: Any, group: str) -> ExistingRun:
    """Return a row of the query as a run, for a request of this group."""
    parsed = GroupRunId.parse(row.run_id)
    return ExistingRun(
        logical_date=row.logical_date,
        run_id=row.run_id,
        state=row.state,
        run_type=row.run_type,
        created_by=row.created_by,
        id=row.id,
        run_after=row.run_after,
        queued_at=row.queued_at,
        start_date=row.start_date,
        in_group=bool(row.is_linked) or (parsed is not None and parsed.prefix == group),
        has_tasks=bool(row.has_tasks),
        is_held=bool(row.is_held),
    )
