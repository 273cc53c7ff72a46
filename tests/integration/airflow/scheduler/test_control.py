"""Airflow's own scheduler obeys the control of a group: its cap, its pause, and what a change says of either."""

import pytest
from airflow.models.backfill import Backfill, BackfillDagRun
from sqlalchemy import func, select

from tests.integration.airflow.processes import wait_until
from tests.integration.airflow.starts import seeing_starts


@pytest.fixture
def seen(server, world):
    with seeing_starts(world) as starts:
        yield starts


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
