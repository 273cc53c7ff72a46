"""How far a group is, and its runs, which are known by their ids alone, as ``GroupRunId.parse`` reads them."""

import datetime as dt
from functools import cache
from typing import Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState
from sqlalchemy import Integer, bindparam, case, func, literal, null, select, true, type_coerce
from sqlalchemy.engine import Connection
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.compat import IS_CURRENT
from airflow_run_groups.adapters.airflow.queries.columns import DATE
from airflow_run_groups.adapters.airflow.queries.groups.cancelled import CANCELLED
from airflow_run_groups.adapters.airflow.queries.groups.membership import is_in_group, shape_of, values_of_group
from airflow_run_groups.domain.groups.group import GroupRunFilter
from airflow_run_groups.domain.model import DagRunState
from airflow_run_groups.domain.run_id import DATE_LENGTH, DIGITS, FRACTION_LENGTH, NUMBER_AND_DATE

_DAG = DagModel.__table__
_NOTE = DagRunNote.__table__
_RUN = DagRun.__table__
_SERIALIZED = SerializedDagModel.__table__
_TASK = TaskInstance.__table__
_DONE = _TASK.c.state.in_([TaskInstanceState.SUCCESS.value, TaskInstanceState.SKIPPED.value])
_ID = _RUN.c.run_id
_TAIL = DIGITS + 1 + DATE_LENGTH
"""Characters after a group's prefix and its underscore, where the number is no longer than it has to be."""
_DIGITS = "0123456789"
"""The other characters of a longer number."""


def start_of(run_id: Any) -> Any:
    """Return a group's prefix and its underscore, for the id of one of its runs."""
    has_fraction = func.substr(run_id, func.length(run_id) - FRACTION_LENGTH + 1, 1) == "."
    tail = case((has_fraction, _TAIL + FRACTION_LENGTH), else_=_TAIL)
    return func.rtrim(func.substr(run_id, 1, func.length(run_id) - tail), _DIGITS)


def is_of_group(run_id: Any) -> Any:
    """Return whether this is the id of a group's run.

    It is tried in the order of the costs: most ids of other runs fail the first, and most of groups pass the second.
    """
    ends_plainly = func.substr(run_id, func.length(run_id) - _TAIL - 1).regexp_match(rf"\A(.|\n)_{NUMBER_AND_DATE}\Z")
    return case(
        (
            run_id.like("%T__:__:__") | run_id.like("%T__:__:__.______"),
            case((ends_plainly, true()), else_=run_id.regexp_match(rf"(.|\n)_{NUMBER_AND_DATE}\Z")),
        )
    )


CREATOR: Any = _RUN.c.triggering_user_name if "triggering_user_name" in _RUN.c else null()
"""The name of a run's creator; Airflow 3.0 does not keep it."""
CREATED_AT: Any = type_coerce(
    func.coalesce(*(_RUN.c[name] for name in ("created_at", "queued_at", "start_date") if name in _RUN.c)), DATE
)
"""When a run was created, as far as it is known: before Airflow 3.3 when it was queued the last time."""
COUNTED_STATE: Any = case((CANCELLED, DagRunState.FAILED.value), else_=_RUN.c.state)
"""The state in which a group counts a run."""
COUNTS: tuple[Any, ...] = (
    func.count().label("runs"),
    *(func.count(case((literal(state.value) == COUNTED_STATE, 1))).label(state.value) for state in DagRunState),
    func.min(type_coerce(_RUN.c.logical_date, DATE)).label("first_logical_date"),
    func.max(type_coerce(_RUN.c.logical_date, DATE)).label("last_logical_date"),
    func.max(_RUN.c.id).label("last_id"),
    func.count(case((CANCELLED, 1))).label("cancelled"),
    func.min(_RUN.c.id).label("first_id"),
    func.min(CREATED_AT).label("created_at"),
)


_QUEUED = _RUN.c.state == DagRunState.QUEUED.value
_QUEUED_AT = func.coalesce(_RUN.c.queued_at, _RUN.c.run_after)
_COULD_START = case((_RUN.c.run_after > _QUEUED_AT, _RUN.c.run_after), else_=_QUEUED_AT)
_RECENTLY_ENDED = (
    _RUN.c.state.in_([DagRunState.SUCCESS.value, DagRunState.FAILED.value])
    & _RUN.c.start_date.is_not(None)
    & (_RUN.c.end_date > bindparam("since"))
)


def one_group(
    dag_id: str, prefix: str, *, since: dt.datetime, number: int | None, connection: Connection
) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query of one row about a group, of no runs when there is none, and its values.

    Runs that have ended after ``since`` have ended recently; runs that never started, as they were cancelled, do not count.

    :param number: the row of the group's record, None without one.
    """
    values = values_of_group(dag_id, prefix, connection, number=number)
    return _one_group(**shape_of(values)), {**values, "since": since}


@cache
def _one_group(*, ranged: bool, recorded: bool) -> Select[Any]:
    return select(
        *COUNTS,
        func.min(type_coerce(case((_QUEUED, _COULD_START)), DATE)).label("waiting_since"),
        func.max(type_coerce(case((_QUEUED, _RUN.c.run_after)), DATE)).label("last_run_after"),
        func.count(case((_RECENTLY_ENDED, 1))).label("recently_ended"),
        func.min(type_coerce(case((_RECENTLY_ENDED, _RUN.c.start_date)), DATE)).label("recently_started"),
    ).where(is_in_group(ranged=ranged, recorded=recorded))


def run_page(
    dag_id: str, prefix: str, where: GroupRunFilter, connection: Connection
) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query of a page of a group's runs, and its values. It yields one more than the page holds, if there is one."""
    values = {**values_of_group(dag_id, prefix, connection), "after": where.start, "rows": where.limit + 1}
    if where.state is not None:
        values["state"] = where.state.value
    return _run_page(**shape_of(values), has_state=where.state is not None, has_conf=where.conf), values


@cache
def _run_page(*, ranged: bool, recorded: bool, has_state: bool, has_conf: bool) -> Select[Any]:
    query = (
        select(
            _RUN.c.id,
            _RUN.c.run_id,
            type_coerce(_RUN.c.logical_date, DATE).label("logical_date"),
            _RUN.c.run_type,
            COUNTED_STATE.label("state"),
            CANCELLED.label("cancelled"),
            type_coerce(_RUN.c.start_date, DATE).label("start_date"),
            type_coerce(_RUN.c.end_date, DATE).label("end_date"),
            _NOTE.c.content.label("note"),
        )
        .select_from(_RUN.outerjoin(_NOTE, _NOTE.c.dag_run_id == _RUN.c.id))
        .where(is_in_group(ranged=ranged, recorded=recorded), _RUN.c.id > bindparam("after"))
    )
    if has_state:
        query = query.where(bindparam("state") == COUNTED_STATE)
    if has_conf:
        query = query.add_columns(_RUN.c.conf)
    return query.order_by(_RUN.c.id).limit(bindparam("rows"))


FAILED_TASKS = (
    select(_TASK.c.run_id, _TASK.c.task_id)
    .where(
        _TASK.c.dag_id == bindparam("dag_id"),
        _TASK.c.run_id.in_(bindparam("run_ids", expanding=True)),
        IS_CURRENT,
        _TASK.c.state == TaskInstanceState.FAILED.value,
    )
    .distinct()
    .order_by(_TASK.c.run_id, _TASK.c.task_id)
)
"""The tasks of the runs ``run_ids`` that have an instance that failed, each once."""


def creators(
    dag_id: str, prefix: str, connection: Connection, *, number: int | None
) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query of each creator of a group's runs, with when the first of them was created, and its values."""
    values = values_of_group(dag_id, prefix, connection, number=number)
    return _creators(**shape_of(values)), values


@cache
def _creators(*, ranged: bool, recorded: bool) -> Select[Any]:
    creator, created_at = CREATOR.label("creator"), func.min(CREATED_AT)
    return select(creator, created_at).where(is_in_group(ranged=ranged, recorded=recorded)).group_by("creator")


DAG = select(_DAG.c.is_paused, _DAG.c.is_stale, _DAG.c.max_active_runs).where(_DAG.c.dag_id == bindparam("dag_id"))

RUNNING_RUNS = 20
"""Running runs of a DAG that are looked at in detail, the earliest ones."""
_HAS_PLACE = _RUN.c.backfill_id.is_not_distinct_from(bindparam("backfill_id", type_=Integer))
RUNNING = (
    select(
        _RUN.c.id,
        _RUN.c.run_id,
        _RUN.c.bundle_version,
        _RUN.c.created_dag_version_id,
        _HAS_PLACE.label("has_place"),
        func.count().over().label("running"),
        func.count(case((_HAS_PLACE, 1))).over().label("active"),
    )
    .where(_RUN.c.dag_id == bindparam("dag_id"), _RUN.c.state == DagRunState.RUNNING.value)
    .order_by(_RUN.c.logical_date, _RUN.c.id)
    .limit(RUNNING_RUNS)
)
"""The first running runs of the DAG ``dag_id``, and how many there are: all, and those that count together.

Airflow counts the runs of each row of ``backfill`` by themselves, and all others of the DAG together, for which
``backfill_id`` is None (DagRun.get_queued_dag_runs_to_set_running, 3.0 to 3.4).
"""
LATEST_VERSION = (
    select(_SERIALIZED.c.dag_version_id, _SERIALIZED.c.dag_hash)
    .where(_SERIALIZED.c.dag_id == bindparam("dag_id"))
    .order_by(_SERIALIZED.c.created_at.desc())
    .limit(1)
)
"""The identity of the latest version of the DAG ``dag_id``."""
TASKS = (
    select(_TASK.c.task_id, func.count(case((_DONE, 1))).label("done"), func.count().label("instances"))
    .where(_TASK.c.dag_id == bindparam("dag_id"), _TASK.c.run_id == bindparam("run_id"), IS_CURRENT)
    .group_by(_TASK.c.task_id)
)
"""The tasks of one run, each with how many instances it has, and how many of them succeeded or were skipped."""
