"""A task that takes no time, in a DAG whose runs are started as fast as their group's control allows."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG(
    "governed",
    schedule="0 0 * * *",
    start_date=pendulum.datetime(2024, 1, 1),
    catchup=False,
    is_paused_upon_creation=False,
):
    EmptyOperator(task_id="a")
