"""A DAG whose runs end at once."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("quick", schedule="0 0 * * *", start_date=pendulum.datetime(2024, 1, 1), catchup=False):
    EmptyOperator(task_id="nothing")
