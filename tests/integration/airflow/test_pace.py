"""Airflow's own scheduler keeps to not_before, pace and order of a group that came in over HTTP."""

import datetime as dt

import pytest

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import airflow, service, wait_until

UTC = dt.timezone.utc
DAG_FILE = """
import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("paced", schedule="0 0 * * *", start_date=pendulum.datetime(2024, 1, 1), catchup=False, is_paused_upon_creation=False):
    EmptyOperator(task_id="a")
"""


@pytest.fixture
def client(world, tmp_path):
    file = HOME / "dags" / "paced.py"
    file.write_text(DAG_FILE)
    json = {"AIRFLOW__AIRFLOW_API_PLUGIN__VALUE_FORMAT": "json"}
    with airflow(tmp_path), service(tmp_path / "service.log", environment=json) as server:

        def is_there():
            dags = server.client.get("/api/v1/dags").json()["response"]["dags"]
            return any(dag["dag_id"] == "paced" and dag["is_active"] for dag in dags)

        wait_until(is_there, seconds=240, what="the DAG in our list")
        yield server.client
    file.unlink()


def test_the_scheduler_starts_each_run_in_its_turn_and_none_too_early(client, world):
    not_before = dt.datetime.now(UTC).replace(microsecond=0) + dt.timedelta(seconds=12)
    body = {
        "dag_id": "paced",
        "prefix": "group",
        "start_date": "2024-01-01",
        "end_date": "2024-01-05",
        "order": "desc",
        "not_before": not_before.isoformat(),
        "pace": "2/PT6S",
    }
    answer = client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    created = answer.json()["response"]["dag_run_ids"]
    assert [run_id[-10:-9] for run_id in created] == ["5", "4", "3", "2", "1"]

    def runs():
        listed = client.get("/api/v1/dag_runs", params={"dag_id": "paced", "prefix": "group_"})
        return {run["run_id"]: run for run in listed.json()["response"]["dag_runs"]}

    def turns():
        return [run["state"] for run in runs().values()]

    assert turns() == ["queued"] * 5
    wait_until(lambda: set(turns()) <= {"success", "failed"}, seconds=180, what="the end of the group")
    assert turns() == ["success"] * 5
    started = {
        run_id: dt.datetime.fromisoformat(run["start_date"].replace("Z", "+00:00")) for run_id, run in runs().items()
    }
    allowed = {run_id: world.stored("paced", run_id).run_after for run_id in created}
    steps = [round((allowed[run_id] - not_before).total_seconds(), 3) for run_id in created]
    assert steps == [0, 0, 6, 6, 12]
    assert [run_id for run_id in created if started[run_id] < allowed[run_id]] == []
    assert sorted(created, key=started.__getitem__) == created
