"""The SQL that searches for groups: in the newest runs, in those that have not ended, and in the order of run ids."""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

from airflow.models.dagrun import DagRun, DagRunNote
from sqlalchemy import (
    Integer,
    bindparam,
    case,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.engine import Connection
from sqlalchemy.sql.expression import CompoundSelect, Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.groups.progress import COUNTS, CREATOR, is_of_group, start_of
from airflow_run_groups.adapters.airflow.queries.prefixes import bounds_of_numbered, is_ranged, values_of
from airflow_run_groups.domain.model import DagRunState
from airflow_run_groups.domain.run_id import RESERVED_STARTS

_NOTE = DagRunNote.__table__
_RUN = DagRun.__table__


class GroupName(NamedTuple):
    dag_id: str
    prefix: str


@cache
def newest_runs(*, of_dag: bool) -> CompoundSelect[Any]:
    """Return the query of the groups of the newest ``rows`` runs whose id is below ``below``, of the DAG ``dag_id`` or of all.

    Each has its newest run among them as ``newest``. The last row is about all of these runs, in whichever group: the lowest
    id, and how many there are as ``start``.
    """
    runs = select(_RUN.c.id, _RUN.c.dag_id, _RUN.c.run_id).where(_RUN.c.id < bindparam("below"))
    if of_dag:
        runs = runs.where(_RUN.c.dag_id == bindparam("dag_id"))
    window = runs.order_by(_RUN.c.id.desc()).limit(bindparam("rows")).cte("newest_runs")
    start = start_of(window.c.run_id)
    groups = (
        select(window.c.dag_id, start.label("start"), func.max(window.c.id).label("newest"), null().label("runs"))
        .where(is_of_group(window.c.run_id))
        .group_by(window.c.dag_id, start)
    )
    whole = select(null(), null(), func.min(window.c.id), func.count()).select_from(window)
    return union_all(groups, whole)


@cache
def unfinished_groups(*, of_dag: bool) -> CompoundSelect[Any]:
    """Return the query of the groups that have queued or running runs, each at most twice, of the DAG ``dag_id`` or of all.

    Each state has an index of its own, which one condition for both would not use, nor would a value that is bound.
    """
    start = start_of(_RUN.c.run_id)
    each = []
    for state in (DagRunState.QUEUED, DagRunState.RUNNING):
        query = select(_RUN.c.dag_id, start.label("start")).where(
            _RUN.c.state == literal_column(f"'{state.value}'"), is_of_group(_RUN.c.run_id)
        )
        if of_dag:
            query = query.where(_RUN.c.dag_id == bindparam("dag_id"))
        each.append(query.group_by(_RUN.c.dag_id, start))
    return union_all(*each)


def _walk() -> Select[Any]:
    dag_id: Any = bindparam("dag_id")
    steps = bindparam("steps", type_=Integer)
    of_dag = select(_RUN.c.run_id).where(_RUN.c.dag_id == dag_id).order_by(_RUN.c.run_id.desc()).limit(1)
    walk = select(of_dag.scalar_subquery().label("run_id"), literal(1).label("step")).cte("walk", recursive=True)
    before = of_dag.where(_RUN.c.run_id < _first_of_its_kind(walk.c.run_id)).scalar_subquery()
    walk = walk.union_all(select(before, walk.c.step + 1).where(walk.c.run_id.is_not(None), walk.c.step < steps))
    number = select(_RUN.c.id).where(_RUN.c.dag_id == dag_id, _RUN.c.run_id == walk.c.run_id).scalar_subquery()
    return select(
        walk.c.step,
        walk.c.run_id,
        case((is_of_group(walk.c.run_id), start_of(walk.c.run_id))).label("start"),
        case((is_of_group(walk.c.run_id), number)).label("newest"),
    )


def _first_of_its_kind(run_id: Any) -> Any:
    """Return the text before which no run id is of the same group, or of the same of Airflow's own types with a date in it.

    Such a type's name begins no prefix but the one that is the name alone, whose numbers begin with 0.
    """
    dated: list[tuple[Any, Any]] = [
        (
            (func.substr(run_id, 1, len(start)) == start) & func.substr(run_id, len(start) + 1, 1).between("1", "9"),
            f"{start}1",
        )
        for start in RESERVED_STARTS
    ]
    return case((is_of_group(run_id), start_of(run_id).concat("0")), *dated, else_=run_id)


WALK = _walk()
"""The groups of the DAG ``dag_id`` in descending order of run ids, from one to the next in the index, with at most ``steps``.

A step without a run is the end. Each run in no group, and of none of Airflow's own types, is a step. The run of a group with
the highest number is its ``newest``. It holds where texts are ordered by code points. A group whose prefix is that of another
one, an underscore, and more zeros than that one's numbers have, as ``a_0000001`` beside ``a``, is passed over.
"""


def some_groups(names: Iterable[GroupName], connection: Connection) -> Select[Any]:
    """Return the query of what lists show of these groups, and maybe of others.

    Where no index finds a prefix all runs of its DAG are read.
    """
    return _GROUPS.where(or_(false(), *(_may_be_in(name, connection) for name in names)))


def _may_be_in(name: GroupName, connection: Connection) -> Any:
    start = f"{name.prefix}_"
    values = values_of(start, bounds_of_numbered(start), connection)
    if not is_ranged(values):
        return (_RUN.c.dag_id == name.dag_id) & (start_of(_RUN.c.run_id) == start)
    return (
        (_RUN.c.dag_id == name.dag_id)
        & (_RUN.c.run_id >= values["prefix_from"])
        & (_RUN.c.run_id < values["prefix_below"])
    )


_GROUPS = (
    select(_RUN.c.dag_id, start_of(_RUN.c.run_id).label("start"), *COUNTS)
    .where(is_of_group(_RUN.c.run_id))
    .group_by(_RUN.c.dag_id, start_of(_RUN.c.run_id))
)


def creators_and_notes(numbers: Collection[int]) -> Select[Any]:
    """Return the query of the creators of these runs, and of the notes on them."""
    return (
        select(_RUN.c.id, CREATOR.label("creator"), _NOTE.c.content.label("note"))
        .select_from(_RUN.outerjoin(_NOTE, _NOTE.c.dag_run_id == _RUN.c.id))
        .where(_RUN.c.id.in_(numbers))
    )
