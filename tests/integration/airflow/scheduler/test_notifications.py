"""Airflow's own scheduler tells a web server on loopback, which is away at first, of the end of a group."""

from airflow.models.dag import DagModel
from sqlalchemy import update

from tests.integration.airflow.processes import wait_until
from tests.integration.airflow.scheduler.conftest import TOLD

TEAM = {"connection_id": "team", "on": ["end", "first_failure"]}


def test_the_scheduler_tells_of_the_end_of_a_group_once_the_receiver_is_there(world, server, receiver):
    with world.sessions.begin() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == "quick").values(is_paused=False))
    body = {"dag_id": "quick", "prefix": "told", "start_date": "2024-06-01", "end_date": "2024-06-03", "notify": TEAM}
    wait_until(lambda: server.client.post("/api/v1/dag_runs", json=body).status_code == 200, what="a listener")

    def group():
        return server.client.get("/api/v1/groups/quick/told").json()["response"]["group"]

    wait_until(lambda: group()["notified"] != {}, seconds=300, what="the end of the group")
    assert receiver.taken == []
    receiver.start()
    wait_until(lambda: receiver.taken, seconds=60, what="the notification")
    ((_, headers, told),) = receiver.taken
    shown = group()
    assert shown["notified"] == {"end": told["at"]}
    assert told["key"] == headers["Idempotency-Key"] == f"quick/told/end@{told['at'].replace('Z', '+00:00')}"
    assert told["group"]["states"] == shown["states"] == {"queued": 0, "running": 0, "success": 3, "failed": 0}


def test_the_scheduler_calls_a_notifier_of_the_configuration(world, server):
    body = {"dag_id": "doomed", "prefix": "called", "start_date": "2024-06-01", "end_date": "2024-06-02"}
    body["notify"] = {"notifier": "write", "on": ["end", "first_failure"]}
    wait_until(lambda: server.client.post("/api/v1/dag_runs", json=body).status_code == 200, what="a listener")
    wait_until(lambda: TOLD.exists() and "called/end@" in TOLD.read_text(), seconds=300, what="the notifications")
    keys = [key.partition("@")[0] for key in TOLD.read_text().split()]
    assert keys == ["doomed/called/first_failure", "doomed/called/end"]
