"""A group of which Airflow's own scheduler lets the runs wait behind one that failed says so, and goes on when that is mended."""

import pytest
from airflow.models.dagrun import DagRun
from sqlalchemy import select

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import wait_until

GROUP = "/api/v1/groups/dependent/group"
FLAG = HOME / "fail_dependent"
FILE = HOME / "dags" / "dependent.py"


@pytest.fixture
def fails():
    FLAG.touch()
    yield FLAG
    FLAG.unlink(missing_ok=True)


def test_a_group_behind_its_failed_run_waits_for_ever_and_says_so(server, world, fails):
    def group():
        return server.client.get(GROUP).json()["response"]["group"]

    def decision():
        """Return when the scheduler has last decided about the run behind the failed one."""
        with world.sessions() as session:
            return session.scalar(
                select(DagRun.last_scheduling_decision).where(DagRun.dag_id == "dependent", DagRun.run_id == created[1])
            )

    body = {"dag_id": "dependent", "prefix": "group", "start_date": "2024-01-01", "end_date": "2024-01-04"}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    created = answer.json()["response"]["dag_run_ids"]

    wait_until(lambda: group()["states"]["running"] == 2, seconds=180, what="two runs behind the failed one")
    wait_until(lambda: "previous_run" in group()["waiting_for"], what="the word for it")
    before = decision()
    wait_until(lambda: decision() != before, what="one more look of the scheduler")
    shown = group()
    assert shown["states"] == {"queued": 1, "running": 2, "success": 0, "failed": 1}
    assert shown["waiting_for"] == ["previous_run", "dag_max_active_runs"]
    assert (shown["previous_run_id"], shown["expected_end"]) == (created[0], None)

    fails.unlink()
    server.client.post(f"{GROUP}/retry", json={})  # alone it does not help: the runs that wait have all the places
    before = decision()
    wait_until(lambda: decision() != before, what="one more look of the scheduler")
    shown = group()
    assert shown["states"] == {"queued": 2, "running": 2, "success": 0, "failed": 0}
    assert (shown["previous_run_id"], shown["expected_end"]) == (created[0], None)

    FILE.write_text(FILE.read_text().replace("max_active_runs=2", "max_active_runs=4"))
    wait_until(lambda: group()["states"]["success"] == 4, seconds=180, what="the end of the group")
    assert group()["previous_run_id"] is None
