"""A DAG whose task fails as long as it is told to, and does not run before it has succeeded in the run before."""

import os
from pathlib import Path

import pendulum
from airflow.sdk import DAG, task

FLAG = Path(os.environ["AIRFLOW_HOME"]) / "fail_dependent"

with DAG(
    "dependent",
    schedule="0 0 * * *",
    start_date=pendulum.datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=2,
    is_paused_upon_creation=False,
):

    @task(depends_on_past=True)
    def work():
        if FLAG.exists():
            raise ValueError

    work()
