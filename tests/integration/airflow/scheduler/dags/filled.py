"""A DAG whose task fails on odd days as long as a file is there."""

import os
from pathlib import Path

import pendulum
from airflow.sdk import DAG, task

HOME = Path(os.environ["AIRFLOW_HOME"])

with DAG(
    "filled",
    schedule="0 0 * * *",
    start_date=pendulum.datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=4,
    is_paused_upon_creation=False,
):

    @task(retries=0)
    def work(logical_date=None):
        if logical_date.day % 2 and (HOME / "fail_odd").exists():
            raise ValueError

    work()
