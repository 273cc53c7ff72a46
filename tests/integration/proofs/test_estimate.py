"""The expected end of a large group that Airflow's scheduler works through, beside the end that comes."""

import datetime as dt
import os
import sys

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from tests.integration.airflow.processes import Process, service, wait_until
from tests.integration.airflow.world import START
from tests.integration.proofs.groups import create, group_of

RUNS = int(os.environ.get("ESTIMATE_RUNS") or 26304)
PARTS = (0.25, 0.5, 0.75)
"""How much of the group is done when its expected end is noted."""
ALLOWED = 0.3
"""The error of an expected end that is measured by the group's own rate, as a part of the time that was still to go."""


def test_the_expected_end_of_a_large_group_is_near_the_end_that_comes(world, tmp_path, capsys):
    with DAG("estimated", schedule="* * * * *", start_date=START, catchup=False, max_active_runs=50) as dag:
        EmptyOperator(task_id="first") >> EmptyOperator(task_id="second")
    world.register(dag)
    scheduler = Process(
        sys.executable,
        "-m",
        "airflow",
        "scheduler",
        log=tmp_path / "scheduler.log",
        environment={"AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1"},
    )
    noted = {}
    try:
        with service(tmp_path / "service.log") as server:
            create(server, "estimated", runs=RUNS)
            for part in PARTS:
                wait_until(
                    lambda part=part: group_of(server, "estimated")["done"] >= part, seconds=RUNS, what=f"{part:.0%}"
                )
                noted[part] = dt.datetime.now(dt.timezone.utc), group_of(server, "estimated")
            wait_until(lambda: group_of(server, "estimated")["done"] == 1, seconds=RUNS, what="the end")
            end = dt.datetime.now(dt.timezone.utc)
            scheduler.check()
    finally:
        scheduler.stop()
    errors = {part: _error(at, group, end) for part, (at, group) in noted.items()}
    with capsys.disabled():
        for part, (at, group) in noted.items():
            sys.stdout.write(
                f"\n{part:.0%} done: {group['runs_per_minute']:g} runs/min, expected end {group['expected_end']}, "
                f"it came at {end:%H:%M:%S}, {end - at} later, error {errors[part]:+.0%}"
            )
    assert all(abs(error) < ALLOWED for error in errors.values()), errors


def _error(at, group, end):
    """Return by which part of the time that was still to go the expected end is too late; negative where too early."""
    return (dt.datetime.fromisoformat(group["expected_end"].replace("Z", "+00:00")) - end) / (end - at)
