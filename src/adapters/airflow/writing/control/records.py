"""The rows of a group's record: the one in ``backfill``, and those in ``backfill_dag_run`` that link runs to it."""

import datetime as dt
from typing import Any

from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from sqlalchemy import Integer, delete, func, literal, null, select, true, update
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.configuration import max_active_runs_per_dag
from airflow_run_groups.adapters.airflow.queries.groups.controls import Record, facts_of
from airflow_run_groups.adapters.airflow.queries.groups.membership import is_of_id, shape_of, values_of_group
from airflow_run_groups.domain.about import NOTHING, About
from airflow_run_groups.domain.control.control import Control

_BACKFILL = Backfill.__table__
_LINK = BackfillDagRun.__table__
_RUN = DagRun.__table__
_FIRST = 2
"""The first ``sort_ordinal``: with 1, Airflow waives ``depends_on_past`` (PrevDagrunDep, 3.0 to 3.3)."""
LINK_COLUMNS = ["backfill_id", "dag_run_id", "logical_date", "sort_ordinal"]


def links_of(number: int, runs: Any) -> Any:
    """Return the rows that link those of these runs that are not linked to the record yet, in their order, behind the others."""
    last = select(func.coalesce(func.max(_LINK.c.sort_ordinal), _FIRST - 1)).where(_LINK.c.backfill_id == number)
    is_linked = select(_LINK.c.id).where(_LINK.c.backfill_id == number, _LINK.c.dag_run_id == _RUN.c.id).exists()
    place = func.row_number().over(order_by=(_RUN.c.run_after, _RUN.c.id))
    return select(literal(number, Integer), _RUN.c.id, _RUN.c.logical_date, last.scalar_subquery() + place).where(
        runs, ~is_linked
    )


def insert_record(  # noqa: PLR0913 - a group, and what its row says
    dag_id: str, prefix: str, control: Control | None, about: About, session: Session, *, now: dt.datetime
) -> Record:
    row = Backfill(
        dag_id=dag_id,
        from_date=now,
        to_date=now,
        dag_run_conf=facts_of(control, prefix, about),
        is_paused=control is not None and control.paused,
        max_active_runs=max_active_runs_per_dag() if control is None else control.max_active_runs,
        reprocess_behavior="none",
        created_at=now,
        completed_at=now,
    )
    if control is not None and control.paused_by is not None and "triggering_user_name" in _BACKFILL.c:
        row.triggering_user_name = control.paused_by[: _BACKFILL.c.triggering_user_name.type.length]
    session.add(row)
    session.flush()
    return Record(id=row.id, control=control, about=about)


def release_record(dag_id: str, prefix: str, number: int, session: Session) -> None:
    """Let a record control no run, and say nothing, any more. It stays where it links runs that the group has run again."""
    unlink_own_runs(dag_id, prefix, number, session)
    if session.execute(select(_LINK.c.id).where(_LINK.c.backfill_id == number).limit(1)).first() is None:
        session.execute(delete(_BACKFILL).where(_BACKFILL.c.id == number))
        return
    values = {"dag_run_conf": facts_of(None, prefix, NOTHING), "is_paused": False}
    session.execute(update(_BACKFILL).where(_BACKFILL.c.id == number).values(**values))


def unlink_own_runs(dag_id: str, prefix: str, number: int, session: Session) -> None:
    """Let a record control no run any more. Its links to runs that the group has run again stay."""
    values = values_of_group(dag_id, prefix, session.connection())
    has_id = select(_RUN.c.id).where(is_of_id(ranged=shape_of(values)["ranged"])).params(values)
    _unlink(dag_id, number, _LINK.c.dag_run_id.is_(None) | _LINK.c.dag_run_id.in_(has_id), session)


def delete_record(dag_id: str, number: int, session: Session) -> None:
    _unlink(dag_id, number, true(), session)
    session.execute(delete(_BACKFILL).where(_BACKFILL.c.id == number))


def _unlink(dag_id: str, number: int, links: Any, session: Session) -> None:
    """Delete these links of the record, and let it control none of its runs."""
    is_linked = (_RUN.c.dag_id == dag_id) & (_RUN.c.backfill_id == number)
    session.execute(select(_RUN.c.id).where(is_linked).order_by(_RUN.c.id).with_for_update())
    session.execute(update(_RUN).where(is_linked).values(backfill_id=null()))
    session.execute(delete(_LINK).where(_LINK.c.backfill_id == number, links))
