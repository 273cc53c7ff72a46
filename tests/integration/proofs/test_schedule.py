"""No group costs its DAG a scheduled run: DAGs of every minute beside groups of each kind, counted at the end."""

import datetime as dt
import os
import sys
import time

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import select, update

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import Process, service, wait_until
from tests.integration.airflow.world import START

SECONDS = int(os.environ.get("SCHEDULE_SECONDS") or 300)
MINUTE = dt.timedelta(minutes=1)
UTC = dt.timezone.utc
RUNS = 6
"""Of a group. The scheduler passes over one date that has a run in each loop, and the DAG processor has it begin anew each 30 s."""
PLACES = 3
GROUPS = {
    "default": {},
    "held": {"paused": True},
    "capped": {"max_active_runs": 1},
    "paced": {"pace": "1/PT5M"},
    "later": {"not_before": "2999-01-01T00:00:00Z"},
}
"""What a request says of its group, by the DAG of the group."""
MANUAL = {"pace": "1/PT5M", "run_type": "manual"}
"""What costs a DAG its schedule, so that this test can fail."""
NEXT = {"next": {"paused": True}, "stuck": {"run_type": "manual", "paused": True}}
"""Groups right behind the start of a DAG with catchup, of more runs than the scheduler has loops in 30 s; as above."""
MANY = 200


FILE = """
import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

for dag_id, start, catchup in {dags!r}:
    with DAG(
        dag_id,
        schedule="* * * * *",
        start_date=pendulum.parse(start),
        catchup=catchup,
        max_active_runs={places},
        is_paused_upon_creation=catchup,
    ):
        EmptyOperator(task_id="a")
"""


def test_no_group_costs_a_dag_with_or_without_catchup_a_scheduled_run(world, tmp_path, capsys):
    begin = dt.datetime.now(UTC).replace(second=0, microsecond=0)
    dags = [(dag_id, START.isoformat(), False) for dag_id in ("alone", "manual", *GROUPS)]
    dags += [(f"{dag_id}_caught_up", (begin - 20 * MINUTE).isoformat(), True) for dag_id in ("manual", *GROUPS)]
    first = begin - (MANY + 20) * MINUTE
    dags += [(dag_id, first.isoformat(), True) for dag_id in NEXT]
    (HOME / "dags" / "minutely.py").write_text(FILE.format(dags=dags, places=PLACES))
    processes = [
        Process(sys.executable, "-m", "airflow", name, log=tmp_path / f"{name}.log")
        for name in ("dag-processor", "scheduler")
    ]
    try:
        with service(tmp_path / "service.log") as server:
            wait_until(
                lambda: len(server.client.get("/api/v1/dags").json()["response"]["dags"]) == len(dags),
                seconds=240,
                what="the DAGs in our list",
            )
            begin = dt.datetime.now(UTC).replace(second=0, microsecond=0)
            for dag_id, wishes in {**GROUPS, "manual": MANUAL}.items():
                create(server, dag_id, "2024-01-01T00:01:00Z", **wishes)
                create(server, f"{dag_id}_caught_up", (begin - 15 * MINUTE).isoformat(), **wishes)
            for dag_id, wishes in NEXT.items():
                create(server, dag_id, first.isoformat(), **{"limit": MANY, **wishes})
            cancel(server, "stuck")
            with world.sessions.begin() as session:
                session.execute(update(DagModel.__table__).values(is_paused=False))
            time.sleep(SECONDS)
            end = dt.datetime.now(UTC).replace(second=0, microsecond=0) - MINUTE
            made = {dag_id: scheduled(world, dag_id, begin + MINUTE, end) for dag_id in ("alone", "manual", *GROUPS)}
            with capsys.disabled():
                sys.stdout.write(f"\n{ {dag_id: len(dates) for dag_id, dates in made.items()} }\n")
            assert len(made["alone"]) >= SECONDS // 60 - 2
            lost = {dag_id: made["alone"] - dates for dag_id, dates in made.items()}
            assert [dag_id for dag_id in GROUPS if lost[dag_id]] == []
            assert lost["manual"] != set()
            for dag_id in ("manual", *GROUPS):  # a schedule that catches up was late at most
                cancel(server, f"{dag_id}_caught_up")
            every = {begin + number * MINUTE for number in range(-15, (end - begin) // MINUTE)}
            for dag_id in GROUPS:
                wait_until(
                    lambda dag_id=dag_id: every <= dates_of(world, f"{dag_id}_caught_up"),
                    seconds=300,
                    what=f"the schedule of {dag_id}_caught_up",
                )
            behind = {first + number * MINUTE for number in range(MANY, (end - first) // MINUTE)}
            wait_until(lambda: behind <= dates_of(world, "next"), seconds=300, what="the schedule behind a group")
            assert len(behind - dates_of(world, "stuck")) == len(behind)
            for process in processes:
                process.check()
    finally:
        for process in processes:
            process.stop()
        (HOME / "dags" / "minutely.py").unlink()


def create(server, dag_id, first, **wishes):
    body = {"dag_id": dag_id, "prefix": "group", "start_date": first, "limit": RUNS, "partial": True, **wishes}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text


def cancel(server, dag_id):
    start = 0
    while start is not None:
        body = {"running": True, "start": start}
        answer = server.client.post(f"/api/v1/groups/{dag_id}/group/cancel", json=body)
        assert answer.status_code in {200, 404}, answer.text
        start = answer.json()["response"].get("next_start")


def dates_of(world, dag_id):
    with world.sessions() as session:
        return set(session.scalars(select(DagRun.logical_date).where(DagRun.dag_id == dag_id)).all())


def scheduled(world, dag_id, first, last):
    """Return the dates within these bounds of the runs that the scheduler has made."""
    query = select(DagRun.logical_date).where(
        DagRun.dag_id == dag_id, DagRun.run_type == "scheduled", DagRun.logical_date.between(first, last)
    )
    with world.sessions() as session:
        return set(session.scalars(query).all())
