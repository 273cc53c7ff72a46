"""The DAGs that are measured: daily ones with 1, 10 and 100 tasks in a row, and one more with 10 that has runs already."""

from __future__ import annotations

import datetime as dt

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, chain

START = dt.datetime(2005, 1, 1, tzinfo=dt.timezone.utc)

for dag_id, tasks in (("tasks_1", 1), ("tasks_10", 10), ("tasks_100", 100), ("busy", 10)):
    with DAG(dag_id, schedule="0 0 * * *", start_date=START, catchup=False, is_paused_upon_creation=False):
        chain(*(EmptyOperator(task_id=f"task_{number:03}") for number in range(tasks)))
