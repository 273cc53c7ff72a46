"""Groups beside a scheduler that listens, and runs of them that end as in Airflow's scheduler."""

import datetime as dt

from airflow.models.dagrun import DagRun
from sqlalchemy import select

from airflow_run_groups.adapters.airflow.notifications.events import EndedRun
from airflow_run_groups.adapters.scheduler_mark import MARK
from airflow_run_groups.domain import CreateRuns, GroupRequest
from tests.contracts.names import Everyone
from tests.contracts.world import NOW, date, group_run


def with_dag(world):
    """Let there be the DAG ``a``."""
    world.dag("a", max_active_runs=16)
    return world


def create_runs(world, *days, prefix="g", **wishes):
    request = GroupRequest(dag_id="a", prefix=prefix, dates=tuple(map(date, days)), **wishes)
    known = [] if (notify := wishes.get("notify")) is None else [notify.notifier]
    with world.scheduler(MARK):
        return CreateRuns(world.runs, lambda: NOW, notifiers=known).create(request, Everyone())


def end(world, *numbers, state="success", prefix="g"):
    """End runs as Airflow's scheduler does: their state, then its listeners, then the commit; return them."""
    with world.sessions.begin() as session:
        runs = []
        for number in numbers:
            run = session.scalars(select(DagRun).where(DagRun.run_id == group_run(prefix, number, number))).one()
            run.set_state(state)
            session.flush()
            run.notify_dagrun_state_changed(msg="it has ended")
            runs.append(EndedRun(run.id, run.dag_id, run.run_id))
    return runs


def end_date(world, number, prefix="g"):
    with world.sessions() as session:
        ended = session.scalar(select(DagRun.end_date).where(DagRun.run_id == group_run(prefix, number, number)))
    return ended.astimezone(dt.timezone.utc).isoformat()
