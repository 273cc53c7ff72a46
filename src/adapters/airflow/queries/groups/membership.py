"""Which runs are in a group: those with its ids, and those that were run again by it, which a row of its record links.

A group's record is one row of Airflow's ``backfill`` table, complete from the start. The rows of ``backfill_dag_run`` that
belong to it link the runs that the group controls, which have its ids, and those that it has run again, whatever their ids.
A run is linked to one record of ours at most: that of the group that ran it again last, else that of its own group.
"""

from functools import cache
from typing import Any

from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from sqlalchemy import JSON, Integer, String, bindparam, func, select, type_coerce, union_all
from sqlalchemy.engine import Connection
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.prefixes import begins, bounds_of_numbered, is_ranged, values_of
from airflow_run_groups.domain.run_id import NUMBER_AND_DATE

KEY = "airflow_run_groups"
"""The key of a row's ``dag_run_conf`` under which our facts stand. No run gets this conf: we create none with the row."""

_BACKFILL = Backfill.__table__
_LINK = BackfillDagRun.__table__
_RUN = DagRun.__table__
FACTS = type_coerce(_BACKFILL.c.dag_run_conf, JSON)
PREFIX = FACTS[(KEY, "prefix")].as_string()
IS_OURS = (_BACKFILL.c.completed_at <= _BACKFILL.c.created_at) & PREFIX.is_not(None)
"""Airflow completes a backfill of its own later than it creates it, whatever conf somebody has given it."""
IS_OF_RECORD = (_BACKFILL.c.dag_id == bindparam("dag_id")) & IS_OURS & (bindparam("group", type_=String) == PREFIX)
"""Whether a row is the record of the group ``group`` of the DAG ``dag_id``."""
NUMBER = select(_BACKFILL.c.id).where(IS_OF_RECORD).order_by(_BACKFILL.c.id).limit(1)
"""The row of the record of the group ``group`` of the DAG ``dag_id``."""
UNREAD: Any = object()
"""Where the record of a group is not known yet."""
IS_LINKED = _RUN.c.id.in_(
    select(_LINK.c.dag_run_id).where(_LINK.c.backfill_id.in_(select(_BACKFILL.c.id).where(IS_OURS)))
)
"""Whether a group controls the run, or has run it again."""


def in_group(
    dag_id: str, prefix: str, connection: Connection, *, number: int | None = UNREAD, ranged: bool = True
) -> tuple[Any, dict[str, Any]]:
    """Return the condition that a run is in the group of this prefix, and its values.

    :param number: the row of the group's record, None without one; it is read where it is not given.
    :param ranged: whether an index of run ids may find the runs, where there is one.
    """
    values = values_of_group(dag_id, prefix, connection, number=number)
    shape = shape_of(values)
    return is_in_group(ranged=ranged and shape["ranged"], recorded=shape["recorded"]), values


def values_of_group(dag_id: str, prefix: str, connection: Connection, *, number: int | None = UNREAD) -> dict[str, Any]:
    """Return the values of ``is_in_group``; the row of the group's record is among them where it has one."""
    start = f"{prefix}_"
    values = {"dag_id": dag_id, "length": len(start), **values_of(start, bounds_of_numbered(start), connection)}
    if number is UNREAD:
        number = connection.execute(NUMBER, {"dag_id": dag_id, "group": prefix}).scalar()
    return values if number is None else {**values, "record": number}


def shape_of(values: dict[str, Any]) -> dict[str, bool]:
    """Return the arguments of ``is_in_group`` for these values."""
    return {"ranged": is_ranged(values), "recorded": "record" in values}


@cache
def is_in_group(*, ranged: bool, recorded: bool) -> Any:
    """Return the condition for values of this shape.

    Linked runs are found by the record's rows, and added to those that the ids give: one condition for both would use no index.
    """
    has_id = is_of_id(ranged=ranged)
    if not recorded:
        return has_id
    run = _RUN.alias("member")
    linked = select(_LINK.c.dag_run_id).where(
        _LINK.c.backfill_id == bindparam("record", type_=Integer), _LINK.c.dag_run_id.is_not(None)
    )
    members = union_all(select(run.c.id).where(is_of_id(ranged=ranged, run=run)), linked).subquery()
    return (_RUN.c.dag_id == bindparam("dag_id")) & _RUN.c.id.in_(select(members.c.id))


def is_of_id(*, ranged: bool, run: Any = _RUN) -> Any:
    """Return the condition that the id of a run is one of the group's."""
    return (
        (run.c.dag_id == bindparam("dag_id"))
        & begins(run.c.run_id, ranged=ranged)
        & func.substr(run.c.run_id, bindparam("length", type_=Integer) + 1).regexp_match(rf"\A{NUMBER_AND_DATE}\Z")
    )


@cache
def run_again(*, of_dag: bool) -> Select[Any]:
    """Return the query of the ``rows`` groups, of the DAG ``dag_id`` or of all, that last ran again runs of other ids."""
    query = (
        select(_BACKFILL.c.id, _BACKFILL.c.dag_id, PREFIX.label("prefix"))
        .select_from(
            _BACKFILL.join(_LINK, _LINK.c.backfill_id == _BACKFILL.c.id).join(_RUN, _RUN.c.id == _LINK.c.dag_run_id)
        )
        .where(IS_OURS, func.substr(_RUN.c.run_id, 1, func.length(PREFIX) + 1) != PREFIX + "_")
        .distinct()
        .order_by(_BACKFILL.c.id.desc())
        .limit(bindparam("rows"))
    )
    return query.where(_BACKFILL.c.dag_id == bindparam("dag_id")) if of_dag else query
