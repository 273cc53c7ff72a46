"""Airflow's own scheduler executes a group that came in over HTTP."""

import pytest

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import airflow, service, wait_until

DAG_FILE = """
import pendulum
from airflow.sdk import DAG, task

for dag_id, paused in (("executed", False), ("paused", True)):
    with DAG(
        dag_id,
        schedule="0 0 * * *",
        start_date=pendulum.datetime(2024, 1, 1),
        catchup=False,
        max_active_runs=4,
        is_paused_upon_creation=paused,
    ):

        @task
        def double(number, logical_date=None):
            return number * logical_date.day

        @task
        def add(numbers):
            return sum(numbers)

        add(double.expand(number=[1, 2]))
"""


@pytest.fixture
def served(world, tmp_path):
    file = HOME / "dags" / "executed.py"
    file.write_text(DAG_FILE)
    with airflow(tmp_path), service(tmp_path / "service.log") as server:

        def dag_ids():
            return {dag["dag_id"] for dag in server.client.get("/api/v1/dags").json()["response"]["dags"]}

        wait_until(lambda: dag_ids() >= {"executed", "paused"}, seconds=240, what="both DAGs in our list")
        yield server
    file.unlink()


def create(server, dag_id):
    body = {"dag_id": dag_id, "prefix": "group_", "start_date": "2024-01-01", "end_date": "2024-01-03"}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["response"]


def runs(server, dag_id):
    query = {"dag_id": dag_id, "prefix": "group_"}
    return server.client.get("/api/v1/dag_runs", params=query).json()["response"]["dag_runs"]


def test_a_group_is_executed_to_success_and_one_of_a_paused_dag_waits(served):
    waiting = create(served, "paused")
    assert "paused" in " ".join(waiting["warnings"])
    created = create(served, "executed")["dag_run_ids"]
    assert created == [f"group_000000{day}_2024-01-0{day}T00:00:00" for day in (1, 2, 3)]
    wait_until(
        lambda: {run["state"] for run in runs(served, "executed")} <= {"success", "failed"},
        seconds=300,
        what="the end of the group",
    )
    done = runs(served, "executed")
    assert [(run["run_id"], run["state"]) for run in done] == [(run_id, "success") for run_id in created]
    assert all(run["start_date"] != "None" and run["end_date"] != "None" for run in done)
    assert [(run["state"], run["start_date"]) for run in runs(served, "paused")] == [("queued", "None")] * 3
