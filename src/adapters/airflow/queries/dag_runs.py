"""The SQL that finds DAG runs: just the columns that a caller sees, built once for each combination of filters."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import bindparam, case, func, literal, select, true, type_coerce
from sqlalchemy.engine import Connection
from sqlalchemy.sql.expression import ColumnElement, Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.columns import DATE
from airflow_run_groups.adapters.airflow.queries.prefixes import begins, bounds, is_ranged, values_of
from airflow_run_groups.domain.groups.estimate import RECENT_RUNS
from airflow_run_groups.domain.model import DagRunFilter, DagRunState, DagRunType

_DAG = DagModel.__table__
_RUN = DagRun.__table__
_EXTERNAL = [kind.value for kind in DagRunType if kind.externally_triggered]


def _columns(run: Any) -> list[Any]:
    """Return the fields of a ``DagRun`` of the domain, in their order."""
    return [
        run.c.id,
        run.c.dag_id,
        run.c.run_id,
        run.c.state,
        run.c.run_type,
        type_coerce(run.c.logical_date, DATE),
        type_coerce(run.c.start_date, DATE),
        type_coerce(run.c.end_date, DATE),
        run.c.triggered_by == DagRunTriggeredByType.REST_API,
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PageShape:
    """Which filters a page has; their values are bound when it is read."""

    from_run_id: bool
    dag_id: bool
    state: bool
    external_trigger: bool | None
    prefix: bool
    ranged: bool
    readable: bool


def page(where: DagRunFilter, connection: Connection) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query of a list's page, and its values. It yields one run more than the page holds, if there is one."""
    prefix = values_of(where.prefix, bounds(where.prefix), connection) if where.prefix else {}
    shape = _PageShape(
        from_run_id=isinstance(where.start, str),
        dag_id=where.dag_id is not None,
        state=where.state is not None,
        external_trigger=where.external_trigger,
        prefix=bool(prefix),
        ranged=is_ranged(prefix),
        readable=where.readable is not None,
    )
    values: dict[str, Any] = {"start": where.start, "rows": where.limit + 1, **prefix}
    if where.dag_id is not None:
        values["dag_id"] = where.dag_id
    if where.state is not None:
        values["state"] = where.state.value
    if where.readable is not None:
        values["readable"] = sorted(where.readable)
    return _page(shape), values


@cache
def _page(shape: _PageShape) -> Select[Any]:
    start: ColumnElement[Any] = bindparam("start")
    if shape.from_run_id:
        found = _RUN.alias("found")
        named = select(case((func.count() == 1, func.min(found.c.id)))).where(found.c.run_id == start)
        start = _scoped(named, found, dag_id=shape.dag_id, readable=shape.readable).scalar_subquery()
    query = _scoped(
        select(*_columns(_RUN)).where(_RUN.c.id > start), _RUN, dag_id=shape.dag_id, readable=shape.readable
    )
    if shape.state:
        query = query.where(_RUN.c.state == bindparam("state"))
    if shape.external_trigger is not None:
        is_ours = (_RUN.c.run_type == DagRunType.BACKFILL.value) & (
            _RUN.c.triggered_by == DagRunTriggeredByType.REST_API
        )
        external = _RUN.c.run_type.in_(_EXTERNAL) | is_ours
        query = query.where(external if shape.external_trigger else ~external)
    if shape.prefix:
        query = query.where(begins(_RUN.c.run_id, ranged=shape.ranged))
    return query.order_by(_RUN.c.id).limit(bindparam("rows"))


def _scoped(query: Select[Any], run: Any, *, dag_id: bool, readable: bool) -> Select[Any]:
    if dag_id:
        query = query.where(run.c.dag_id == bindparam("dag_id"))
    if readable:
        query = query.where(run.c.dag_id.in_(bindparam("readable", expanding=True)))
    return query


@cache
def one_run(*, dag_id: bool, readable: bool, lateral: bool) -> Select[Any]:
    """Return the query that finds the runs with the id ``run_id``.

    Without a ``dag_id`` it searches each DAG in the index (dag_id, run_id): the run id alone would mean to read every run.

    :param lateral: whether the database needs a lateral join for that.
    """
    if dag_id:
        query = select(*_columns(_RUN)).where(_RUN.c.run_id == bindparam("run_id"))
        return _scoped(query, _RUN, dag_id=True, readable=readable)
    same = (_RUN.c.dag_id == _DAG.c.dag_id, _RUN.c.run_id == bindparam("run_id"))
    if lateral:
        run = select(_RUN).where(*same).limit(1).lateral("run")
        query = select(*_columns(run)).select_from(_DAG.join(run, true()))
    else:
        run = _RUN
        query = select(*_columns(run)).where(*same)
    return _scoped(query, run, dag_id=False, readable=readable)


_LAST = (
    select(
        _RUN.c.logical_date,
        _RUN.c.state,
        type_coerce(_RUN.c.start_date, DATE).label("start_date"),
        type_coerce(_RUN.c.end_date, DATE).label("end_date"),
    )
    .where(_RUN.c.dag_id == bindparam("dag_id"), _RUN.c.logical_date.is_not(None))
    .order_by(_RUN.c.logical_date.desc())  # found in the index (dag_id, logical_date)
    .limit(RECENT_RUNS)
    .subquery()
)
RECENT = (
    select(_LAST.c.start_date, _LAST.c.end_date)
    .where(
        _LAST.c.state.in_([DagRunState.SUCCESS.value, DagRunState.FAILED.value]),
        _LAST.c.start_date.is_not(None),
        _LAST.c.end_date.is_not(None),
    )
    .order_by(_LAST.c.logical_date.desc())
    .limit(bindparam("rows"))
)
"""When the last ``rows`` runs of the DAG ``dag_id`` that have ended started and ended, by their logical date."""


def _in_state(state: DagRunState) -> Any:
    """Return the runs of a DAG in a state, but for Airflow's own backfills; each of these states has an index of its own."""
    found = (
        select(literal(1).label("one"))
        .where(
            _RUN.c.dag_id == bindparam("dag_id"),
            _RUN.c.state == state.value,
            _RUN.c.run_type != DagRunType.BACKFILL.value,
        )
        .limit(bindparam("rows"))
        .subquery()
    )
    return select(func.count()).select_from(found).scalar_subquery()


UNFINISHED = select(_in_state(DagRunState.QUEUED) + _in_state(DagRunState.RUNNING))
"""How many runs of the DAG ``dag_id`` count for its ``max_active_runs`` (DagRun.active_runs_of_dags, 3.0 to 3.4), of either
state at most ``rows``."""
