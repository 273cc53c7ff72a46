"""What the examples create runs of, and a sensor that is deferred while its group waits; the test sets the flags."""

import datetime as dt
import os
import time
from pathlib import Path

from airflow.sdk import DAG, task

from airflow_run_groups.operators import CreateRunGroupOperator, RunGroupSensor

FLAGS = Path(os.environ["AIRFLOW_HOME"]) / "flags"
START = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)


@task
def work(ds=None):
    if (FLAGS / f"fail_{ds}").exists():
        msg = f"the flag of {ds} is set"
        raise RuntimeError(msg)
    while (FLAGS / "hold").exists():
        time.sleep(0.2)


with DAG("example_daily", schedule="0 0 * * *", start_date=START, catchup=False, max_active_runs=16):
    work()

with DAG("wait_in_triggerer", schedule=None, start_date=START, params={"prefix": "deferred", "month": "2020-05"}):
    group = {"dag_id": "example_daily", "prefix": "{{ params.prefix }}"}
    dates = [f"{{{{ params.month }}}}-0{day}" for day in (1, 2, 3)]
    create = CreateRunGroupOperator(task_id="create", **group, dates=dates)
    wait = RunGroupSensor(task_id="wait", **group, deferrable=True, poke_interval=1, timeout=600)
    create >> wait
