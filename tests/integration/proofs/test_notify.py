"""The loop of Airflow's scheduler while 1,000 runs end: without the listener, with it, and with notifications of their groups.

It prints medians, and asserts no times: that each group is told of once, and that the scheduler ends all runs, is asserted.
"""

import datetime as dt
import json
import os
import statistics
import sys

import pytest
from airflow.models.dagrun import DagRun
from sqlalchemy import func, select

from airflow_run_groups.adapters.scheduler_mark import MARK
from airflow_run_groups.domain import CreateRuns, GroupEvent, GroupRequest, Notify
from tests.contracts.creation import Anyone
from tests.integration.airflow.conftest import DATABASE
from tests.integration.airflow.processes import Process, wait_until
from tests.receiver import Receiver

RUNS = int(os.environ.get("NOTIFY_RUNS") or 1000)
GROUPS = 10
START = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
HOUR = dt.timedelta(hours=1)
ON = Notify(connection_id="team", on=frozenset({GroupEvent.END, GroupEvent.FIRST_FAILURE}))
KINDS = {
    "no listener": {"listener": "false"},
    "listener": {"listener": "true"},
    "notifications": {"listener": "true", "notify": ON},
    "receiver away": {"listener": "true", "notify": ON, "away": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_loop_of_the_scheduler_while_runs_end(world, tmp_path, capsys, kind):
    facts, receiver, file = KINDS[kind], Receiver(), tmp_path / "durations"
    world.dag("a", schedule="0 * * * *", start_date=START, max_active_runs=100)
    with world.scheduler(MARK):
        for group in range(GROUPS):
            dates = tuple(START + (group * RUNS // GROUPS + number) * HOUR for number in range(RUNS // GROUPS))
            request = GroupRequest(dag_id="a", prefix=f"g{group}", dates=dates, notify=facts.get("notify"))
            CreateRuns(world.runs, lambda: dt.datetime.now(dt.timezone.utc)).create(request, Anyone())
    if not facts.get("away"):
        receiver.start()
    environment = {
        "AIRFLOW__AIRFLOW_API_PLUGIN__LISTENER": facts["listener"],
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__CORE__PARALLELISM": "1",
        "AIRFLOW_CONN_TEAM": json.dumps({"conn_type": "airflow_run_groups_webhook", "host": receiver.url}),
    }
    module = (sys.executable, "-m", "tests.integration.proofs.timed_scheduler", str(file))
    scheduler = Process(*module, log=tmp_path / "scheduler.log", environment=environment)
    try:
        wait_until(lambda: succeeded(world) == RUNS, seconds=600, what="the end of all runs")
        told = GROUPS if "notify" in facts and not facts.get("away") else 0
        wait_until(lambda: len(receiver.taken) == told, seconds=120, what="the notifications")
        scheduler.check()
        scheduler.stop(120)
    finally:
        scheduler.kill()
        receiver.stop()
    assert len(set(receiver.keys)) == len(receiver.keys) == told
    lines = [[1000 * float(number) for number in line.split()] for line in file.read_text().splitlines()]
    loops, own = (sorted(numbers) for numbers in zip(*lines, strict=True))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{DATABASE}, {kind}: {len(loops)} loops in which {RUNS:,} runs ended, median {statistics.median(loops):.0f} ms, "
            f"90% within {loops[len(loops) * 9 // 10]:.0f} ms; work of the thread itself {statistics.median(own):.0f} ms\n"
        )


def succeeded(world):
    with world.sessions() as session:
        is_ours = DagRun.run_id.like("g%")  # the schedule has a run of its own
        return session.scalar(select(func.count()).select_from(DagRun).where(DagRun.state == "success", is_ours))
