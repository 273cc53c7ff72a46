"""How many runs of a group have succeeded and failed, as far as a rule to stop needs to know."""

import datetime as dt
from typing import Any

from airflow.models.dagrun import DagRun
from sqlalchemy import bindparam, func, literal, select
from sqlalchemy.engine import Connection

from airflow_run_groups.adapters.airflow.queries.cancelled import CANCELLED
from airflow_run_groups.adapters.airflow.queries.groups import in_group
from airflow_run_groups.domain.control import NOTHING_ENDED, Outcomes
from airflow_run_groups.domain.model import DagRunState
from airflow_run_groups.domain.stop_after import EndedRuns, StopAfter

_RUN = DagRun.__table__


def outcomes(
    dag_id: str, prefix: str, rule: StopAfter, *, since: dt.datetime | None, connection: Connection
) -> Outcomes:
    """Return what decides whether this rule is reached, counted no further than it matters.

    A listener looks at each run that fails, so it takes no more than the index of the DAG's runs by their state for the failed
    ones, which are few, and for as many of the others.
    """
    is_of_group, values = in_group(dag_id, prefix, connection)

    def count(state: DagRunState, at_most: int) -> int:
        query = select(literal(1)).where(is_of_group, _RUN.c.state == state.value).limit(bindparam("at_most"))
        if state is not DagRunState.QUEUED:
            query = query.where(~CANCELLED)
            if since is not None:
                query = query.where(_RUN.c.end_date > since)
        counted: Any = select(func.count()).select_from(query.subquery())
        return int(connection.execute(counted, {**values, "at_most": at_most}).scalar() or 0)

    failed = count(DagRunState.FAILED, rule.failed or _ALL)
    others = rule.successes_to_count(failed)
    ended = EndedRuns(success=count(DagRunState.SUCCESS, others) if others else 0, failed=failed)
    if not rule.is_reached(ended):
        return NOTHING_ENDED._replace(ended=ended)
    return Outcomes(ended, has_queued=count(DagRunState.QUEUED, 1) > 0)


_ALL = 2**31 - 1
