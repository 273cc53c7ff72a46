"""Thousands of queued runs are cancelled while Airflow's scheduler starts them: none is a success that did not run."""

import os
import sys

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from sqlalchemy import func, select

from tests.integration.airflow.processes import Process, service, wait_until
from tests.integration.airflow.world import START
from tests.integration.proofs.groups import STEP, create, group_of, post

RUNS = int(os.environ.get("CANCEL_RUNS") or 30000)
AT_FIRST = 40
"""Runs that have ended before the first cancel, so that it meets a scheduler at full speed."""


def test_of_cancelled_runs_none_is_a_success_that_did_not_run(world, tmp_path, capsys):
    with DAG("tortured", schedule="* * * * *", start_date=START, catchup=False, max_active_runs=50) as dag:
        first, *others = (EmptyOperator(task_id=name) for name in ("first", "second", "third"))
        first >> others
    world.register(dag)
    environment = {"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1"}
    scheduler = Process(
        sys.executable, "-m", "airflow", "scheduler", log=tmp_path / "scheduler.log", environment=environment
    )
    try:
        with service(tmp_path / "service.log") as server:
            create(server, "tortured", runs=RUNS)
            wait_until(
                lambda: group_of(server, "tortured")["states"]["success"] > AT_FIRST,
                seconds=300,
                what="the first successes",
            )
            for _ in range(20):
                if not _cancel(server):
                    break
            # those whose tasks have all succeeded are left to the scheduler
            wait_until(lambda: group_of(server, "tortured")["done"] == 1, seconds=300, what="the end of the group")
            scheduler.check()
            group = group_of(server, "tortured")
    finally:
        scheduler.stop()
    ran, did_not = _successes(world)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{group['states']}, cancelled {group['cancelled']}; {ran} successes ran, {did_not} did not\n"
        )
    assert did_not == 0
    assert group["states"]["success"] == ran
    assert group["states"]["failed"] == group["cancelled"] == RUNS - ran
    assert group["cancelled"] > RUNS / 2


def _cancel(server):
    """Cancel all that have not ended, and tell whether there were any."""
    done, start = 0, 0
    while start is not None:
        step = post(server, "groups/tortured/group/cancel", {"running": True, "limit": STEP, "start": start})
        done += len(step["dag_run_ids"])
        start = step["next_start"]
    return done


def _successes(world):
    """Count the group's runs that Airflow calls a success, by whether all of their tasks have succeeded."""
    missed = (
        select(TaskInstance.run_id)
        .where(TaskInstance.dag_id == "tortured", TaskInstance.run_id == DagRun.run_id, TaskInstance.state != "success")
        .exists()
    )
    success = select(func.count()).where(
        DagRun.dag_id == "tortured", DagRun.run_id.startswith("group_"), DagRun.state == "success"
    )
    with world.sessions() as session:
        return session.scalar(success.where(~missed)), session.scalar(success.where(missed))
