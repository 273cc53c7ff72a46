"""Airflow's own scheduler obeys the control of a group: its cap, its pause, and what a change says of either."""

import pytest
from airflow.models.backfill import Backfill, BackfillDagRun
from sqlalchemy import func, select, text

from tests.integration.airflow.conftest import DATABASE
from tests.integration.airflow.processes import wait_until

RUNNING = "SELECT count(*) FROM dag_run WHERE state = 'running' AND backfill_id = NEW.backfill_id"
CAP = "SELECT max_active_runs FROM backfill WHERE id = NEW.backfill_id"
INSERT = f"INSERT INTO seen VALUES (NEW.run_id, ({RUNNING}), ({CAP}))"
CHANGE = "AFTER UPDATE OF state ON dag_run FOR EACH ROW WHEN (NEW.state = 'running' AND NEW.backfill_id IS NOT NULL)"
TRIGGER = {
    "sqlite": [f"CREATE TRIGGER see_start {CHANGE} BEGIN {INSERT}; END"],
    "postgresql": [
        f"CREATE FUNCTION see_start() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {INSERT}; RETURN NEW; END $$",
        f"CREATE TRIGGER see_start {CHANGE} EXECUTE FUNCTION see_start()",
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER see_start", "DROP TABLE seen"],
    "postgresql": ["DROP TRIGGER see_start ON dag_run", "DROP FUNCTION see_start", "DROP TABLE seen"],
}


@pytest.fixture
def seen(server, world):
    """Return a function that returns, of each start under control, how many runs of the group were running, and its cap."""
    execute(world, "CREATE TABLE seen (run_id text, running integer, cap integer)", *TRIGGER[DATABASE])

    def starts():
        with world.sessions() as session:
            return [tuple(row) for row in session.execute(text("SELECT running, cap FROM seen")).all()]

    yield starts
    execute(world, *DROP[DATABASE])


def test_the_scheduler_keeps_to_the_cap_and_the_pause_of_a_group(server, world, seen):
    create(server, "group", "2024-01-01", "2024-02-09", max_active_runs=3, paused=True)
    a_loop_goes_by(server, 1)
    assert group_of(server)["states"]["queued"] == 40
    assert group_of(server)["waiting_for"] == ["group_paused"]
    assert seen() == []

    change(server, paused=False)
    wait_until(lambda: group_of(server)["states"]["success"] >= 6, seconds=300, what="the first successes")
    change(server, paused=True)
    a_loop_goes_by(server, 2)
    left = group_of(server)["states"]["queued"]
    a_loop_goes_by(server, 3)
    assert group_of(server)["states"]["queued"] == left
    assert 0 < left < 40

    change(server, max_active_runs=8, paused=False)
    wait_until(lambda: group_of(server)["done"] == 1, seconds=300, what="the end of the group")
    assert group_of(server)["states"]["success"] == 40
    assert len(seen()) == 40
    assert [start for start in seen() if start[0] > start[1]] == []
    assert {cap: max(running for running, of in seen() if of == cap) for _, cap in seen()} == {3: 3, 8: min(8, left)}
    assert group_of(server)["control"]["max_active_runs"] == 8

    change(server, max_active_runs=None)
    assert group_of(server)["control"] is None
    with world.sessions() as session:
        assert [session.scalar(select(func.count()).select_from(model)) for model in (Backfill, BackfillDagRun)] == [
            0,
            0,
        ]


def execute(world, *statements):
    with world.sessions.begin() as session:
        for statement in statements:
            session.execute(text(statement))


def create(server, prefix, first, last, **more):
    body = {"dag_id": "governed", "prefix": prefix, "start_date": first, "end_date": last, **more}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text


def change(server, **wishes):
    answer = server.client.patch("/api/v1/groups/governed/group", json=wishes)
    assert answer.status_code == 200, answer.text


def group_of(server, prefix="group"):
    return server.client.get(f"/api/v1/groups/governed/{prefix}").json()["response"]["group"]


def a_loop_goes_by(server, number):
    """Wait until the scheduler has started a run that it may start, and so has looked at all that are queued."""
    date = f"2024-03-0{number}"
    create(server, f"loop_{number}", date, date)
    wait_until(
        lambda: group_of(server, f"loop_{number}")["states"]["success"] == 1, seconds=300, what=f"the loop {number}"
    )
