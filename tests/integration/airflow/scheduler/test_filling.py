"""Airflow's own scheduler executes dates that were filled, and runs that run again."""

from airflow.models.taskinstance import TaskInstance
from sqlalchemy import select

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import wait_until

FAIL = HOME / "fail_odd"


def post(server, **body):
    answer = server.client.post("/api/v1/dag_runs", json={"dag_id": "filled", "start_date": "2024-01-01", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["response"]


def coverage(server):
    query = {"dag_id": "filled", "start_date": "2024-01-01", "end_date": "2024-01-03"}
    return server.client.get("/api/v1/coverage", params=query).json()["response"]["coverage"]


def wait_for(server, **counts):
    def found():
        return {status: count for status, count in coverage(server)["counts"].items() if count}

    wait_until(lambda: found() == counts, seconds=300, what=f"coverage of {counts}")


def tries(world):
    """Return how often the task of each date was tried."""
    query = select(TaskInstance.run_id, TaskInstance.try_number).where(
        TaskInstance.dag_id == "filled", TaskInstance.run_id.like("%_2024-01-0%")
    )
    with world.sessions() as session:
        return {run_id[-19:-9]: number for run_id, number in session.execute(query)}


def test_gaps_are_filled_and_completed_dates_run_again_to_success(world, server):
    FAIL.touch()
    try:
        first = post(server, prefix="first", end_date="2024-01-02")["dag_run_ids"]
        wait_for(server, failed=1, success=1, missing=1)
    finally:
        FAIL.unlink()
    filled = post(server, prefix="fill", end_date="2024-01-03", reprocess_behavior="failed", max_active_runs=2)
    assert (filled["rerun_dag_run_ids"], len(filled["dag_run_ids"])) == (first[:1], 1)
    wait_for(server, success=3)
    assert coverage(server)["complete"]
    group = server.client.get("/api/v1/groups/filled/fill").json()["response"]["group"]
    assert (group["runs"], group["states"]["success"]) == (2, 2)
    assert tries(world) == {"2024-01-01": 2, "2024-01-02": 1, "2024-01-03": 1}

    again = {"prefix": "again", "end_date": "2024-01-03", "reprocess_behavior": "completed"}
    plan = post(server, **again, dry_run=True)
    done, is_left = [], True
    while is_left:  # on a busy machine one step may end after a run
        step = post(server, **again, plan_id=plan["plan_id"])
        done += step["rerun_dag_run_ids"]
        is_left = step["next_start_date"] is not None
    assert done == plan["rerun_dag_run_ids"]
    wait_for(server, success=3)
    assert tries(world) == {"2024-01-01": 3, "2024-01-02": 2, "2024-01-03": 2}
    repeat = post(server, **again, plan_id=plan["plan_id"])
    assert (repeat["rerun_dag_run_ids"], repeat["existing"]) == ([], 3)
