"""Looks through the database for what no fault may leave behind."""

import re
from collections import defaultdict

from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, select, text

GROUP_RUN = re.compile(r"(.+)_(\d{7})_\d{4}-.*")


def audit(world) -> list[str]:
    """Return what is wrong: runs without all of their tasks, tasks without a run, gaps, doubles, idle transactions."""
    with world.sessions() as session:
        runs = session.execute(select(DagRun.dag_id, DagRun.run_id, DagRun.logical_date, DagRun.run_type)).all()
        tasks = dict(
            session.execute(
                select(TaskInstance.dag_id + "/" + TaskInstance.run_id, func.count()).group_by(
                    TaskInstance.dag_id, TaskInstance.run_id
                )
            ).all()
        )
        expected = {
            dag_id: len(SerializedDagModel.get(dag_id, session=session).dag.tasks)
            for dag_id in {r.dag_id for r in runs}
        }
        idle = _idle_transactions(session)
    numbers = defaultdict(list)
    dates = defaultdict(list)
    wrong = [f"{one} has been in a transaction for long" for one in idle]
    for run in runs:
        found = tasks.pop(f"{run.dag_id}/{run.run_id}", 0)
        if found != expected[run.dag_id]:
            wrong.append(f"{run.dag_id}/{run.run_id} has {found} tasks, not {expected[run.dag_id]}")
        dates[run.dag_id, run.logical_date].append(run.run_id)
        if match := GROUP_RUN.fullmatch(run.run_id):
            numbers[run.dag_id, match[1]].append(int(match[2]))
    wrong += [f"{name} has tasks, and is no run" for name in tasks]
    wrong += [f"{key} is the date of {ids}" for key, ids in dates.items() if key[1] is not None and len(ids) > 1]
    for group, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            wrong.append(f"the numbers of {group} are {sorted(found)}")
    return wrong


def _idle_transactions(session) -> list[str]:
    if session.get_bind().dialect.name != "postgresql":
        return []
    query = (
        "SELECT application_name || ' ' || pid || ': ' || query FROM pg_stat_activity "
        "WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '10 s' AND pid <> pg_backend_pid()"
    )
    return list(session.scalars(text(query)))
