"""Letting whole runs run again that a request for a group names, by Airflow's own clear, in our transaction."""

import datetime as dt
import time
from collections.abc import Sequence

from airflow.models.dagrun import DagRun
from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.compat import DagsOfRuns, require_proved, version_argument
from airflow_run_groups.adapters.airflow.database.session import ConcurrentWrite
from airflow_run_groups.adapters.airflow.policies import naming_policies
from airflow_run_groups.adapters.airflow.queries.existing_runs import AS_IT_WAS
from airflow_run_groups.adapters.airflow.writing.actions.group_actions import annotate, dag_of
from airflow_run_groups.adapters.airflow.writing.audit import entry
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.planning.runs import CreatedRuns, RerunDagRun

_RUN = DagRun.__table__
_TICK = dt.timedelta(microseconds=1)


def run_again(created: CreatedRuns, session: Session, *, seconds: float) -> CreatedRuns:
    """Let the runs run again as part of the session's transaction, and return what there is before the first that is left.

    All of them are locked first, by their ids, as the scheduler locks runs before what controls them. Airflow clears task by
    task, with some statements for each: after so many seconds no run begins but the first.

    :raises ConcurrentWrite: when one is not as it was when the request was decided.
    :raises UnsupportedAirflowVersion: when this was not tried with the installed Airflow.
    :raises DagUnreadable: when Airflow cannot read the DAG of a run.
    """
    require_proved("clear")
    end = time.monotonic() + seconds
    runs = _lock(created.reruns, session)
    version = version_argument(None, created.dag_id, session)
    dags = DagsOfRuns(session)
    queued_at = utc_now() if created.now is None else max(utc_now(), created.now + _TICK)
    done = 0
    for rerun in created.reruns:
        if done and time.monotonic() > end:
            break
        run = runs[rerun.existing.id]
        with naming_policies(rerun.run_id):
            if not dag_of(run, dags=dags).clear(run_id=rerun.run_id, session=session, **version):
                raise ConcurrentWrite
        run.run_after = rerun.run_after
        run.queued_at = queued_at  # later than the plan by which it was done, whatever the clocks of servers say
        if rerun.conf is not None:
            run.conf = dict(rerun.conf)
        if created.note is not None:
            annotate(run, created.note)
        done += 1
    session.flush()
    result = created.up_to(done)
    session.add(
        entry(
            "clear_dag_run",
            dag_id=created.dag_id,
            caller=created.requested_by,
            display_name=created.created_by,
            prefix=created.prefix,
            dag_runs=done,
            first_run_id=result.reruns[0].run_id,
            last_run_id=result.reruns[-1].run_id,
            only_failed=False,
        )
    )
    return result


def _lock(reruns: Sequence[RerunDagRun], session: Session) -> dict[int, DagRun]:
    expected = {
        one.existing.id: (one.existing.state, one.existing.queued_at, one.existing.start_date) for one in reruns
    }
    rows = session.execute(
        select(*AS_IT_WAS).where(_RUN.c.id.in_(list(expected))).order_by(_RUN.c.id).with_for_update(of=_RUN)
    )
    if {row.id: (row.state, row.queued_at, row.start_date) for row in rows} != expected:
        raise ConcurrentWrite
    query = select(DagRun).where(_RUN.c.id.in_(list(expected))).execution_options(populate_existing=True)
    return {run.id: run for run in session.scalars(query)}
