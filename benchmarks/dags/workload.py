"""The DAGs that are measured: daily ones with 1, 10 and 100 tasks in a row, one more with 10 that has runs already, and hourly ones with 1 and 10."""

from __future__ import annotations

import datetime as dt

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

START = dt.datetime(2005, 1, 1, tzinfo=dt.timezone.utc)

DAYS = [
    (dag_id, tasks, "0 0 * * *")
    for dag_id, tasks in (("tasks_1", 1), ("tasks_10", 10), ("tasks_100", 100), ("busy", 10))
]

HOURS = [("hourly", 1, "0 * * * *"), ("hourly_10", 10, "0 * * * *")]

for dag_id, tasks, schedule in (*DAYS, *HOURS):
    with DAG(dag_id, schedule=schedule, start_date=START, catchup=False, is_paused_upon_creation=False):
        chain(*(EmptyOperator(task_id=f"task_{number:03}") for number in range(tasks)))
