"""Mapped tasks, of a DAG that runs and of one that is paused."""

import pendulum
from airflow.sdk import DAG, task

for dag_id, paused in (("executed", False), ("paused", True)):
    with DAG(
        dag_id,
        schedule="0 0 * * *",
        start_date=pendulum.datetime(2024, 1, 1),
        catchup=False,
        max_active_runs=4,
        is_paused_upon_creation=paused,
    ):

        @task
        def double(number, logical_date=None):
            return number * logical_date.day

        @task
        def add(numbers):
            return sum(numbers)

        add(double.expand(number=[1, 2]))
