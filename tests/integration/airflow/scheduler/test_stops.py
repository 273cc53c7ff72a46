"""The listener in Airflow's own scheduler holds a group whose runs fail, and one change resumes it."""

from airflow.models.backfill import Backfill
from sqlalchemy import select

from tests.integration.airflow.processes import wait_until

RUNS = 9
CAP = 2


def test_a_group_of_which_all_fails_is_held_by_the_scheduler_and_goes_on_when_it_is_resumed(world, server):
    rule = {"failed": 2}
    body = {"dag_id": "doomed", "prefix": "group", "start_date": "2024-01-01", "end_date": f"2024-01-0{RUNS}"}
    body |= {"max_active_runs": CAP, "stop_after": rule}
    wait_until(lambda: server.client.post("/api/v1/dag_runs", json=body).status_code == 200, what="a listener")

    failed = held(world, server, 2)
    control = group_of(server)["control"]
    assert (control["stopped"]["rule"], control["paused"], control["paused_by"]) == (rule, True, None)

    change(server, paused=False)
    failed = held(world, server, failed + 2)
    change(server, paused=False, stop_after=None)
    wait_until(lambda: group_of(server)["states"]["failed"] == RUNS, seconds=300, what="the end of the group")
    assert failed < RUNS
    change(server, max_active_runs=None)


def test_a_run_that_is_marked_as_failed_in_airflow_counts_as_its_api_server_listens_too(world, server):
    body = {"dag_id": "governed", "prefix": "marked", "start_date": "2024-05-01", "end_date": "2024-05-03"}
    body |= {"not_before": "2999-01-01T00:00:00Z", "stop_after": {"failed": 1}}
    wait_until(lambda: server.client.post("/api/v1/dag_runs", json=body).status_code == 200, what="a listener")
    assert is_paused(world, "governed") is False
    token = server.airflow.get("/auth/token").json()["access_token"]
    answer = server.airflow.patch(
        "/api/v2/dags/governed/dagRuns/marked_0000001_2024-05-01T00:00:00",
        json={"state": "failed"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    wait_until(lambda: is_paused(world, "governed"), what="the pause of the listener")
    change(server, "governed/marked", paused=False, stop_after=None)


def held(world, server, failed):
    """Wait for the listener, not for our own look at the group, which would hold it as well; return how many have failed."""
    wait_until(lambda: is_paused(world), seconds=300, what="the pause of the listener")
    wait_until(lambda: group_of(server)["states"]["running"] == 0, seconds=300, what="the end of what is running")
    states = group_of(server)["states"]
    assert failed <= states["failed"] <= failed + CAP
    assert states["failed"] + states["queued"] == RUNS
    return states["failed"]


def is_paused(world, dag_id="doomed"):
    with world.sessions() as session:
        paused = select(Backfill.id).where(Backfill.dag_id == dag_id, Backfill.is_paused)
        return session.scalar(paused) is not None


def change(server, group="doomed/group", **wishes):
    answer = server.client.patch(f"/api/v1/groups/{group}", json=wishes)
    assert answer.status_code == 200, answer.text


def group_of(server):
    return server.client.get("/api/v1/groups/doomed/group").json()["response"]["group"]
