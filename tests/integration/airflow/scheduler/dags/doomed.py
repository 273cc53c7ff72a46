"""A DAG whose runs all fail, by the scheduler's clock alone: no pool of this name ever gives its task a slot."""

import datetime as dt

import pendulum
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

with DAG(
    "doomed",
    schedule="0 0 * * *",
    start_date=pendulum.datetime(2024, 1, 1),
    catchup=False,
    dagrun_timeout=dt.timedelta(seconds=1),
    is_paused_upon_creation=False,
):
    PythonOperator(task_id="a", python_callable=print, pool="none")
