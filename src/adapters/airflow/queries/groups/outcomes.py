"""How many runs of a group have succeeded and failed, as far as a rule to stop needs to know."""

from functools import cache
from typing import Any

from airflow.models.dagrun import DagRun
from sqlalchemy import bindparam, func, literal, select
from sqlalchemy.engine import Connection
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.groups.cancelled import CANCELLED
from airflow_run_groups.adapters.airflow.queries.groups.controls import Record
from airflow_run_groups.adapters.airflow.queries.groups.membership import in_group
from airflow_run_groups.domain.control.control import NOTHING_ENDED, Outcomes
from airflow_run_groups.domain.control.stop_after import EndedRuns, StopAfter
from airflow_run_groups.domain.model import DagRunState

_RUN = DagRun.__table__


def outcomes(dag_id: str, prefix: str, rule: StopAfter, *, record: Record | None, connection: Connection) -> Outcomes:
    """Return what decides whether this rule is reached, counted no further than it matters.

    A listener looks at each run that ends. So failed runs, which are few, are found by the index of the DAG's runs by state:
    PostgreSQL chooses it by its statistics, and SQLite, which has none, as there is no other.
    """
    since = None if record is None or record.control is None else record.control.counted_since
    number = None if record is None else record.id
    is_sqlite = connection.dialect.name == "sqlite"

    def count(state: DagRunState, at_most: int) -> int:
        ranged = state is DagRunState.SUCCESS or not is_sqlite
        is_of_group, values = in_group(dag_id, prefix, connection, number=number, ranged=ranged)
        query = _count(is_of_group, state, has_since=since is not None)
        found = connection.execute(query, {**values, "at_most": at_most, "since": since}).scalar()
        return int(found or 0)

    failed = count(DagRunState.FAILED, rule.failed or _ALL)
    others = rule.successes_to_count(failed)
    ended = EndedRuns(success=count(DagRunState.SUCCESS, others) if others else 0, failed=failed)
    if not rule.is_reached(ended):
        return NOTHING_ENDED._replace(ended=ended)
    return Outcomes(ended, has_queued=count(DagRunState.QUEUED, 1) > 0)


@cache
def _count(is_of_group: Any, state: DagRunState, *, has_since: bool) -> Select[Any]:
    query = select(literal(1)).where(_RUN.c.state == state.value).limit(bindparam("at_most"))
    if state is not DagRunState.QUEUED:
        query = query.where(~CANCELLED)
        if has_since:
            query = query.where(_RUN.c.end_date > bindparam("since", type_=_RUN.c.end_date.type))
    return select(func.count()).select_from(query.where(is_of_group).subquery())


_ALL = 2**31 - 1
