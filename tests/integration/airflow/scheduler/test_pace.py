"""Airflow's own scheduler keeps to not_before, pace and order of a group that came in over HTTP."""

import datetime as dt

from tests.integration.airflow.processes import wait_until

UTC = dt.timezone.utc


def test_the_scheduler_starts_each_run_in_its_turn_and_none_too_early(server, world):
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
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    created = answer.json()["response"]["dag_run_ids"]
    assert [run_id[-10:-9] for run_id in created] == ["5", "4", "3", "2", "1"]

    def runs():
        listed = server.client.get("/api/v1/dag_runs", params={"dag_id": "paced", "prefix": "group_"})
        return {run["run_id"]: run for run in listed.json()["response"]["dag_runs"]}

    def turns():
        return [run["state"] for run in runs().values()]

    assert turns() == ["queued"] * 5
    wait_until(lambda: set(turns()) <= {"success", "failed"}, seconds=180, what="the end of the group")
    assert turns() == ["success"] * 5
    started = {
        run_id: dt.datetime.fromisoformat(run["start_date"]).replace(tzinfo=UTC) for run_id, run in runs().items()
    }
    allowed = {run_id: world.stored("paced", run_id).run_after for run_id in created}
    steps = [round((allowed[run_id] - not_before).total_seconds(), 3) for run_id in created]
    assert steps == [0, 0, 6, 6, 12]
    assert [run_id for run_id in created if started[run_id] < allowed[run_id]] == []
    assert sorted(created, key=started.__getitem__) == created
