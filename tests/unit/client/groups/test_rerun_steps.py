"""Groups of any size whose runs run again: what the client sends, and what a lost response does."""

import datetime as dt

import httpx
import pytest

from airflow_run_groups.adapters.client import GroupRequest, RefusedByService
from tests.unit.client.network import TIMED_OUT, Network, error_response

JANUARY = {"dag_id": "example_daily", "prefix": "g", "start_date": "2020-01-01", "end_date": "2020-01-10"}
COMPLETED = GroupRequest(**JANUARY, reprocess_behavior="completed")
FAILED = GroupRequest(**JANUARY, reprocess_behavior="failed")


@pytest.fixture
def network():
    """A service whose DAG has runs on the first six days, of which every second one has failed."""
    network = Network()
    for day in range(1, 7):
        date = dt.datetime(2020, 1, day, tzinfo=dt.timezone.utc)
        network.service.place(run_id=f"r{day}", logical_date=date, state="failed" if day % 2 else "success")
    return network


def done(steps):
    steps = [step.created for step in steps]
    return (
        [run_id for step in steps for run_id in step["dag_run_ids"]],
        [run_id for step in steps for run_id in step["rerun_dag_run_ids"]],
    )


def test_runs_of_either_kind_count_for_the_limit_of_a_step_and_of_all(network):
    created, again = done(network.client.create_all(FAILED, step=2, limit=5))
    assert again == ["r1", "r3", "r5"]
    assert len(created) == 2
    assert [body["limit"] for body in network.bodies] == [2, 2, 1]
    assert not any("plan_id" in body for body in network.bodies)


def test_each_step_of_completed_is_planned_and_does_its_plan(network):
    created, again = done(network.client.create_all(COMPLETED, step=4))
    assert again == [f"r{day}" for day in range(1, 7)]
    assert len(created) == 4
    assert [("plan_id" in body, body.get("dry_run", False)) for body in network.bodies] == [
        (False, True),
        (True, False),
    ] * 3


def test_a_lost_response_to_completed_runs_nothing_twice(network):
    network.inject(None, TIMED_OUT)
    created, again = done(network.client.create_all(COMPLETED))
    assert (created, again) == ([], [])  # they are those of the response that was lost
    runs = network.service.backend.dags["example_daily"].runs
    assert len(runs) == 10
    assert {stored.run.state for stored in runs} == {"queued"}
    assert network.bodies[1] == network.bodies[2]


def test_a_plan_that_has_changed_is_planned_anew(network):
    changed = error_response(409, "the plan has changed", reason="plan_changed")
    network.inject(None, changed, None, changed)
    _, again = done(network.client.create_all(COMPLETED))
    assert len(again) == 6
    network.inject(*[None, changed] * 4)
    with pytest.raises(RefusedByService) as refusal:
        done(network.client.create_all(COMPLETED))
    assert refusal.value.reason == "plan_changed"


def test_another_refusal_is_final(network):
    network.inject(None, error_response(409, "too many", reason="too_many_unfinished_runs"))
    with pytest.raises(RefusedByService):
        done(network.client.create_all(COMPLETED))
    assert len(network.bodies) == 2


def test_a_step_that_ends_early_goes_on_with_its_plan():
    network = Network()
    plan = {
        **_response(next_start_date=None),
        "dry_run": True,
        "plan": [],
        "expected_seconds": None,
        "plan_id": "p",
    }
    first = _response(dag_run_ids=["g_1"], rerun_dag_run_ids=["r1"], next_start_date="2020-01-05T00:00:00Z")
    second = _response(dag_run_ids=["g_2"], rerun_dag_run_ids=["r5"], existing=3, next_start_date=None)
    network.inject(*(httpx.Response(200, json={"response": one}) for one in (plan, first, second)))
    (step,) = network.client.create_all(COMPLETED)
    assert (step.created["dag_run_ids"], step.created["rerun_dag_run_ids"]) == (["g_1", "g_2"], ["r1", "r5"])
    assert (step.created["existing"], step.rest) == (1, None)
    assert [body.get("plan_id") for body in network.bodies] == [None, "p", "p"]


def test_listed_dates_that_ended_early_are_sent_again():
    network = Network()
    request = GroupRequest(dag_id="a", dates=("2020-01-01", "2020-01-02", "2020-01-03"), reprocess_behavior="failed")
    first = _response(rerun_dag_run_ids=["r1"], next_start_date="2020-01-02T00:00:00Z")
    second = _response(rerun_dag_run_ids=["r2"], existing=1, next_start_date=None)
    network.inject(*(httpx.Response(200, json={"response": one}) for one in (first, second)))
    _, again = done(network.client.create_all(request))
    assert again == ["r1", "r2"]
    assert [body["dates"] for body in network.bodies] == [["2020-01-01", "2020-01-02", "2020-01-03"]] * 2


def test_one_creation_by_the_id_of_a_plan(network):
    plan = network.client.plan(COMPLETED)
    created = network.client.create(COMPLETED.of_plan(plan))
    assert (created["dag_run_ids"], created["rerun_dag_run_ids"]) == (plan["dag_run_ids"], plan["rerun_dag_run_ids"])
    now = GroupRequest(dag_id="example_daily", prefix="now")
    plan = network.client.plan(now)
    network.inject(TIMED_OUT)
    assert network.client.create(now.of_plan(plan))["existing"] == 1
    assert network.runs()[-1:] == plan["dag_run_ids"]


def test_a_plan_of_several_steps_counts_both_kinds(network):
    plans = list(network.client.plan_all(FAILED, step=3, limit=5))
    assert [run_id for plan in plans for run_id in plan["rerun_dag_run_ids"]] == ["r1", "r3", "r5"]
    created = [run_id for plan in plans for run_id in plan["dag_run_ids"]]
    assert [run_id[:9] for run_id in created] == ["g_0000001", "g_0000002"]
    short = network.client.summarise(FAILED)
    assert (short["counts"]["rerun"], short["counts"]["create"]) == (3, 4)
    assert short["plan_id"]


def _response(**keys):
    return {
        "dag_run_ids": [],
        "rerun_dag_run_ids": [],
        "existing": 0,
        "next_start_date": None,
        "warnings": [],
        **keys,
    }
