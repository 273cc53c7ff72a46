"""Airflow's own scheduler executes a group that came in over HTTP."""

from tests.integration.airflow.processes import wait_until


def create(server, dag_id):
    body = {"dag_id": dag_id, "prefix": "group_", "start_date": "2024-01-01", "end_date": "2024-01-03"}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["response"]


def runs(server, dag_id):
    query = {"dag_id": dag_id, "prefix": "group_"}
    return server.client.get("/api/v1/dag_runs", params=query).json()["response"]["dag_runs"]


def test_a_group_is_executed_to_success_and_one_of_a_paused_dag_waits(server):
    waiting = create(server, "paused")
    assert "paused" in " ".join(waiting["warnings"])
    created = create(server, "executed")["dag_run_ids"]
    assert created == [f"group_000000{day}_2024-01-0{day}T00:00:00" for day in (1, 2, 3)]
    wait_until(
        lambda: {run["state"] for run in runs(server, "executed")} <= {"success", "failed"},
        seconds=300,
        what="the end of the group",
    )
    done = runs(server, "executed")
    assert [(run["run_id"], run["state"]) for run in done] == [(run_id, "success") for run_id in created]
    assert all(run["start_date"] != "None" and run["end_date"] != "None" for run in done)
    assert [(run["state"], run["start_date"]) for run in runs(server, "paused")] == [("queued", "None")] * 3
