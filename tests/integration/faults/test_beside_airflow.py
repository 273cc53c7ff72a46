"""Batches while Airflow's scheduler creates runs of the same DAG, and its DAG processor finds it changed."""

import datetime as dt
import itertools
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, select

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import Process, wait_until
from tests.integration.faults.audit import double_dates, number_gaps
from tests.integration.faults.client import send

SECONDS = 14
DAG_FILE = """
import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG(
    "busy",
    schedule="*/10 * * * *",
    start_date=pendulum.datetime(2024, 1, 1),
    catchup=True,
    max_active_runs=5000,
    is_paused_upon_creation=False,
):
    EmptyOperator(task_id="task_of_version_{version}")
"""
ENVIRONMENT = {
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
    "AIRFLOW__CORE__PARALLELISM": "1",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
}


def write_dag(version):
    new = HOME / "dags" / "busy.new"
    new.write_text(DAG_FILE.replace("{version}", str(version)))
    new.rename(HOME / "dags" / "busy.py")


@pytest.fixture
def components(dags, tmp_path):
    """Start a scheduler and a DAG processor; they need no API server, as there is nothing for an executor to do."""
    write_dag(0)
    components = [
        Process(*(sys.executable, "-m", "airflow", name), log=tmp_path / f"{name}.log", environment=ENVIRONMENT)
        for name in ("dag-processor", "scheduler")
    ]
    yield components
    (HOME / "dags" / "busy.py").unlink()
    for component in components:
        component.kill()
    dags.clear()


@contextmanager
def new_versions():
    """Change the DAG's file again and again.

    Not more often: with each reading, the scheduler goes back to its last run, and skips the dates that have one of ours.
    """
    stop = threading.Event()

    def change():
        for version in itertools.count(1):
            if stop.wait(4):
                return
            write_dag(version)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def frontier(world):
    """Return the date that the scheduler comes to next, None before it has come to any."""
    with world.sessions() as session:
        # other DAGs get a run of last midnight in the first hours of a day (CronTriggerTimetable._calc_first_run, 3.3)
        of_the_scheduler = (DagRun.dag_id == "busy", DagRun.run_type == "scheduled")
        last = session.scalar(select(func.max(DagRun.logical_date)).where(*of_the_scheduler))
    return last and last + dt.timedelta(minutes=10)


def test_no_date_is_doubled_no_group_straddles_two_versions_and_nobody_gets_stuck(first, dags, components):
    wait_until(lambda: frontier(dags), seconds=120, what="the first scheduled run")

    def post(prefix):
        """Ask for the dates that the scheduler is about to come to."""
        answers = []
        while time.monotonic() < end:
            start = frontier(dags)
            dates = {"start_date": start.isoformat(), "end_date": (start + dt.timedelta(minutes=10)).isoformat()}
            answers.append(send(first, "POST", "/api/v1/dag_runs", {"dag_id": "busy", "prefix": prefix, **dates}))
            time.sleep(0.5)
        return answers

    before = frontier(dags)
    end = time.monotonic() + SECONDS
    with new_versions(), ThreadPoolExecutor(4) as threads:
        answers = [answer for some in threads.map(post, "abcd") for answer in some]
    wait_until(lambda: frontier(dags) > before, what="more scheduled runs")
    for component in components:
        component.check()
        assert "deadlock detected" not in component.output
        assert "IntegrityError" not in component.output
    assert {status for status, _ in answers} == {200}
    groups = [answer["dag_run_ids"] for _, answer in answers]
    assert max(map(len, groups)) > 1
    with dags.sessions() as session:
        facts = select(DagRun.run_id, DagRun.logical_date, DagRun.created_dag_version_id)
        runs = session.execute(facts.where(DagRun.dag_id == "busy")).all()
        with_tasks = set(session.scalars(select(TaskInstance.run_id).distinct()))
    assert double_dates((run.run_id, run.logical_date) for run in runs) == []
    assert number_gaps(run.run_id for run in runs) == []
    assert {run.run_id for run in runs} <= with_tasks
    version = {run.run_id: run.created_dag_version_id for run in runs}
    versions = [{version[run_id] for run_id in group} for group in groups]
    assert max(map(len, versions)) == 1
    assert len(set().union(*versions)) > 1, "the DAG did not change meanwhile"
