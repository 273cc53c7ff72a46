"""A DAG that is paused, one whose task fails, and one whose task goes on until it is told to end."""

import os
import time
from pathlib import Path

import pendulum
from airflow.sdk import DAG, setup, task, teardown

HOME = Path(os.environ["AIRFLOW_HOME"])

for dag_id, paused in (("waiting", True), ("failing", False), ("long", False)):
    with DAG(
        dag_id,
        schedule="0 0 * * *",
        start_date=pendulum.datetime(2024, 1, 1),
        catchup=False,
        max_active_runs=2,
        is_paused_upon_creation=paused,
    ):

        @setup
        def prepare():
            return None

        @task
        def work(dag=None):
            if dag.dag_id == "failing" and (HOME / "fail").exists():
                raise ValueError
            while dag.dag_id == "long" and (HOME / "sleep").exists():
                time.sleep(0.5)

        @task
        def report():
            return None

        @teardown
        def clean_up():
            return None

        if dag_id == "waiting":
            prepare() >> work() >> report() >> clean_up()
        else:
            work() >> report()
