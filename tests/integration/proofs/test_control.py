"""Groups under control beside each other, and a scheduler that is killed: caps, stops and schedules hold all the same.

On PostgreSQL there are two schedulers. tests/integration/airflow/scheduler has the cap, the pause and their changes of one group.
"""

import datetime as dt
import sys
import time

from airflow import __version__ as version
from airflow.models.backfill import Backfill
from airflow.models.dagrun import DagRun
from sqlalchemy import func, select

from tests.integration.airflow.conftest import DATABASE, HOME
from tests.integration.airflow.processes import Process, service, wait_until
from tests.integration.airflow.starts import seeing_starts

UTC = dt.timezone.utc
MINUTE = dt.timedelta(minutes=1)
SCHEDULERS = 2 if DATABASE == "postgresql" else 1
KEEPS_CAP_WITH_TWO = not version.startswith("3.0.")
RUNS = 40
CAPS = {"one": 1, "three": 3, "six": 6}
"""Of the groups of one DAG, by their prefixes."""
CAP = 5
"""Of the group of which all runs fail, and after how many it stops."""
LISTENER = {"AIRFLOW__AIRFLOW_API_PLUGIN__LISTENER": "true", "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2"}
FILE = """
import datetime as dt

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

start = pendulum.datetime(2024, 1, 1)
with DAG("minutely", schedule="* * * * *", start_date=start, catchup=False, max_active_runs=2, is_paused_upon_creation=False):
    EmptyOperator(task_id="a")
with DAG(
    "doomed", schedule="0 0 * * *", start_date=start, catchup=False, dagrun_timeout=dt.timedelta(seconds=1),
    is_paused_upon_creation=False,
):
    PythonOperator(task_id="a", python_callable=print, pool="none")
"""


def test_caps_stops_and_schedules_hold_beside_each_other_and_when_a_scheduler_is_killed(world, tmp_path, capsys):
    (HOME / "dags" / "controlled.py").write_text(FILE)
    processes = [start("dag-processor", tmp_path, 0), *(start("scheduler", tmp_path, n) for n in range(SCHEDULERS))]
    try:
        with service(tmp_path / "service.log") as server, seeing_starts(world) as starts:
            wait_until(lambda: len(dags(server)) == 2, seconds=240, what="the DAGs in our list")
            doomed = {"dag_id": "doomed", "max_active_runs": CAP, "stop_after": {"failed": CAP}}
            wait_until(lambda: is_created(server, RUNS, **doomed), seconds=120, what="schedulers with a listener")
            for number, (prefix, cap) in enumerate(CAPS.items()):
                first = f"2024-02-0{number + 1}T00:00:00Z"
                assert is_created(server, RUNS, dag_id="minutely", prefix=prefix, first=first, max_active_runs=cap)
            begin = dt.datetime.now(UTC)

            wait_until(lambda: states(world, "doomed").get("failed", 0) > 0, seconds=300, what="the first failure")
            processes.pop().kill()
            processes.append(start("scheduler", tmp_path, SCHEDULERS))
            first = stopped(world, 0)
            change(server, paused=False)
            second = stopped(world, first)
            change(server, paused=False, stop_after=None)
            wait_until(lambda: states(world, "doomed") == {"failed": RUNS}, seconds=600, what="the end of what goes on")

            for prefix in CAPS:
                wait_until(lambda prefix=prefix: is_done(server, prefix), seconds=600, what=f"the end of {prefix}")
            time.sleep(max(0, (begin + 3 * MINUTE - dt.datetime.now(UTC)).total_seconds()))
            end = dt.datetime.now(UTC)
            for process in processes:
                process.check()
            seen = starts()
    finally:
        for process in processes:
            process.stop()
        (HOME / "dags" / "controlled.py").unlink()
    most = {cap: max(running for running, of in seen if of == cap) for _, cap in seen}
    with capsys.disabled():
        sys.stdout.write(
            f"\nAirflow {version}, {DATABASE}, {SCHEDULERS} schedulers: stopped at {first} and {second} failed runs, "
        )
        sys.stdout.write(f"most runs at once by cap {most}, {len(scheduled(world, begin, end))} scheduled runs\n")
    assert set(most) >= {*CAPS.values(), CAP}
    assert [cap for cap, running in most.items() if running > cap] == [] or not KEEPS_CAP_WITH_TWO
    assert len(seen) >= 4 * RUNS
    assert minutes(begin, end) - scheduled(world, begin, end) == set()


def start(component, folder, number):
    log = folder / f"{component}-{number}.log"
    return Process(sys.executable, "-m", "airflow", component, log=log, environment=LISTENER)


def dags(server):
    return server.client.get("/api/v1/dags").json()["response"]["dags"]


def is_created(server, runs, *, first="2024-02-01T00:00:00Z", **body):
    body = {"prefix": "group", "start_date": first, "limit": runs, "partial": True, "order": "asc", **body}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    if answer.status_code != 200:
        assert answer.json()["response"]["reason"] in {"no_listener", "unavailable"}, answer.text
    return answer.status_code == 200


def stopped(world, failed_before):
    """Wait until the listener has held the group, and what is running has ended; return how many runs have failed."""
    wait_until(lambda: is_paused(world), seconds=300, what="the pause of the listener")
    wait_until(lambda: "running" not in states(world, "doomed"), seconds=300, what="the end of what is running")
    found = states(world, "doomed")
    assert failed_before + CAP <= found["failed"] <= failed_before + 2 * CAP
    assert sum(found.values()) == RUNS
    time.sleep(3)
    assert states(world, "doomed") == found
    return found["failed"]


def is_paused(world):
    with world.sessions() as session:
        return session.scalar(select(Backfill.is_paused).where(Backfill.dag_id == "doomed"))


def states(world, dag_id):
    query = select(DagRun.state, func.count()).where(DagRun.dag_id == dag_id, DagRun.run_id.startswith("group_"))
    with world.sessions() as session:
        return {
            str(getattr(state, "value", state)): count for state, count in session.execute(query.group_by(DagRun.state))
        }


def change(server, **wishes):
    def is_done():
        answer = server.client.patch("/api/v1/groups/doomed/group", json=wishes)
        assert answer.status_code in {200, 503}, answer.text  # SQLite's one writer may be the scheduler
        return answer.status_code == 200

    wait_until(is_done, seconds=60, what="the change")


def is_done(server, prefix):
    answer = server.client.get(f"/api/v1/groups/minutely/{prefix}")
    return answer.status_code == 200 and answer.json()["response"]["group"]["states"]["success"] == RUNS


def minutes(begin, end):
    """Return the dates that a schedule of every minute has within, but for the last, which may be about to come."""
    first = begin.replace(second=0, microsecond=0) + MINUTE
    return {first + number * MINUTE for number in range((end - first) // MINUTE)}


def scheduled(world, begin, end):
    query = select(DagRun.logical_date).where(
        DagRun.dag_id == "minutely", DagRun.run_type == "scheduled", DagRun.logical_date.between(begin, end)
    )
    with world.sessions() as session:
        return set(session.scalars(query).all())
