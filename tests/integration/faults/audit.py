"""Looks through the database for what no fault may leave behind."""

import re
from collections import Counter, defaultdict
from itertools import groupby
from operator import attrgetter

from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, select, text

from airflow_run_groups.adapters.airflow.database.engine import APPLICATION

GROUP_RUN = re.compile(r"(.+)_(\d{7})_\d{4}-.*")


def audit(world) -> list[str]:
    """Return what is wrong: runs without all of their tasks, tasks without a run, gaps, doubles, idle transactions."""
    with world.sessions() as session:
        runs = session.execute(select(DagRun.dag_id, DagRun.run_id, DagRun.logical_date)).all()
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
    wrong = [f"{one} is idle in a transaction" for one in idle]
    for dag_id, dag_runs in groupby(sorted(runs, key=attrgetter("dag_id")), key=attrgetter("dag_id")):
        of_dag = list(dag_runs)
        for run in of_dag:
            found = tasks.pop(f"{dag_id}/{run.run_id}", 0)
            if found != expected[dag_id]:
                wrong.append(f"{dag_id}/{run.run_id} has {found} tasks, not {expected[dag_id]}")
        wrong += double_dates((run.run_id, run.logical_date) for run in of_dag)
        wrong += number_gaps(run.run_id for run in of_dag)
    return wrong + [f"{name} has tasks, and is no run" for name in tasks]


def double_dates(runs) -> list[str]:
    """Return what is wrong with the logical dates of one DAG's runs, given as run id and date."""
    counted = Counter(date for _, date in runs if date is not None)
    return [f"{number} runs have the date {date}" for date, number in counted.items() if number > 1]


def number_gaps(run_ids) -> list[str]:
    """Return what is wrong with the numbers of one DAG's groups."""
    groups = defaultdict(list)
    for match in filter(None, map(GROUP_RUN.fullmatch, run_ids)):
        groups[match[1]].append(int(match[2]))
    return [
        f"the numbers of {prefix} are {sorted(numbers)}"
        for prefix, numbers in groups.items()
        if sorted(numbers) != list(range(1, len(numbers) + 1))
    ]


def _idle_transactions(session) -> list[str]:
    if session.get_bind().dialect.name != "postgresql":
        return []
    query = (
        "SELECT pid || ': ' || query FROM pg_stat_activity "
        f"WHERE application_name = '{APPLICATION}' AND state LIKE 'idle in transaction%'"
    )
    return list(session.scalars(text(query)))
