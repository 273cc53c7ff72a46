"""Reading groups, and applying actions to them."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.client import GroupProgress as Older, GroupRequest, RefusedByService, Unreachable
from airflow_run_groups.adapters.client.responses import matches
from tests.unit.client.network import BROKEN, REFUSED, error_response

THREE = GroupRequest(dag_id="example_paused", prefix="p", start_date="2024-12-01", end_date="2024-12-03")
IDS = [f"p_000000{number}_2024-12-0{number}T00:00:00" for number in (1, 2, 3)]


@pytest.fixture
def group(network):
    network.client.create(THREE)
    network.requests.clear()
    return "example_paused", "p"


def states(network):
    network.service.backend.advance()
    return [stored.run.state for stored in network.service.backend.dags["example_paused"].runs]


def fail(network, *numbers):
    network.client.cancel("example_paused", "p")
    for number, stored in enumerate(network.service.backend.dags["example_paused"].runs, 1):
        if number not in numbers:
            stored.run = stored.run._replace(state="success")


def test_unchanged_group_is_the_same_object(network, group):
    first = network.client.group(*group)
    assert first["states"] == {"queued": 3, "running": 0, "success": 0, "failed": 0}
    assert network.client.group(*group) is first
    assert "If-None-Match" in network.headers[-1]
    network.client.cancel(*group)
    assert network.client.group(*group)["states"]["failed"] == 3


def test_a_group_of_an_older_service_has_fewer_keys(network, group):
    shown = network.client.group(*group)
    older = {key: value for key, value in shown.items() if key in Older.__required_keys__}
    assert shown.keys() - older.keys() == {
        "is_stale",
        "waiting_for",
        "previous_run_id",
        "runs_per_minute",
        "control",
        "uncontrolled_runs",
        "created_at",
        "created_by",
        "note",
        "description",
        "labels",
        "may",
        "notify",
        "notified",
    }
    assert matches(older, Older)
    assert not matches({**older, "waiting_for": "dag_paused"}, Older)


def test_lists_are_read_page_by_page(network):
    for number in range(101):
        network.client.create(
            GroupRequest(
                dag_id="example_paused",
                prefix=f"g{number}",
                dates=[f"2024-01-01T00:{number // 60:02}:{number % 60:02}"],
            )
        )
    network.requests.clear()
    assert [group["prefix"] for group in network.client.groups("example_paused")] == [
        f"g{number}" for number in reversed(range(101))
    ]
    assert len(network.requests) == 2
    assert len(list(network.client.runs(dag_id="example_paused"))) == 101
    assert len(list(network.client.runs(dag_id="example_paused", prefix="g1_"))) == 1
    assert list(network.client.runs(dag_id="example_paused", state="failed")) == []


def test_groups_of_all_dags_are_read_by_what_they_are(network):
    for dag_id, prefix in (("example_paused", "held"), ("example_daily", "held_too"), ("example_paused", "other")):
        network.client.create(GroupRequest(dag_id=dag_id, prefix=prefix, dates=[f"2024-01-0{len(prefix)}"]))
    network.client.cancel("example_paused", "other")
    found = {
        name: [group["prefix"] for group in network.client.groups(**where)]
        for name, where in {
            "all": {},
            "active": {"state": "active"},
            "failed": {"state": "failed"},
            "held": {"prefix": "held", "state": None},
            "ann's": {"created_by": "ann"},
        }.items()
    }
    assert found == {
        "all": ["other", "held_too", "held"],
        "active": ["held_too", "held"],
        "failed": ["other"],
        "held": ["held_too", "held"],
        "ann's": [],
    }


def test_dags(network):
    assert "example_daily" in [dag["dag_id"] for dag in network.client.dags()]
    (found,) = network.client.search_dags("EXAMPLE_DAIL")
    assert (found["dag_id"], found["schedule"], found["may"]["create"]) == ("example_daily", "0 0 * * *", True)
    assert list(network.client.search_dags("nothing")) == []
    assert {dag["dag_id"] for dag in network.client.search_dags()} == {dag["dag_id"] for dag in network.client.dags()}


def test_me(network):
    assert network.client.me()["default_timezone"] == "UTC"


def test_action_takes_all_steps_and_reports_each(network, group):
    seen = []
    done = network.client.cancel(*group, step=2, on_step=seen.append)
    assert done == {"dag_run_ids": IDS, "next_start": None, "dry_run": False, "warnings": []}
    assert [step["dag_run_ids"] for step in seen] == [IDS[:2], IDS[2:]]
    assert states(network) == ["failed"] * 3
    assert network.client.retry(*group, step=1)["dag_run_ids"] == IDS
    assert states(network) == ["queued"] * 3
    assert network.client.note(*group, "seen", step=2)["dag_run_ids"] == IDS
    assert {stored.note for stored in network.service.backend.dags["example_paused"].runs} == {"seen"}


def test_dry_run_of_cancel(network, group):
    would = network.client.cancel(*group, dry_run=True)
    assert would == {"dag_run_ids": IDS, "next_start": None, "dry_run": True, "warnings": []}
    assert states(network) == ["queued"] * 3


def test_cancel_running_needs_its_option(network, group):
    stored = network.service.backend.dags["example_paused"].runs[0]
    stored.run = stored.run._replace(state="running")
    assert network.client.cancel(*group, dry_run=True)["dag_run_ids"] == IDS[1:]
    assert network.client.cancel(*group, dry_run=True, running=True)["dag_run_ids"] == IDS


def test_change_is_retried_after_a_lost_response(network, group):
    network.requests.clear()
    network.inject(BROKEN)
    changed = network.client.change(*group, paused=True, not_before=dt.datetime(2999, 1, 1, tzinfo=dt.timezone.utc))
    assert changed["group"]["control"]["paused"]
    assert changed["changed_runs"] == 0  # the lost response had told of them
    body = {"paused": True, "not_before": "2999-01-01T00:00:00+00:00", "dry_run": False}
    assert [(method, body) for method, _, body in network.requests] == [("PATCH", body)] * 2
    assert network.client.change(*group, paused=None, dry_run=True)["group"]["control"] is None
    assert network.client.group(*group)["control"]["paused"]


@pytest.mark.parametrize("action", ["cancel", "note"])
def test_cancel_and_note_are_retried_after_a_lost_response(network, group, action):
    network.inject(BROKEN, None, BROKEN)
    getattr(network.client, action)(*group, *(["text"] if action == "note" else []), step=2)
    if action == "cancel":
        assert states(network) == ["failed"] * 3
    else:
        assert [stored.note for stored in network.service.backend.dags["example_paused"].runs] == ["text"] * 3


def test_retry_of_failed_runs_is_retried_from_the_start_of_its_step(network, group):
    fail(network, 1, 2, 3)
    network.requests.clear()
    network.inject(None, BROKEN)
    network.client.retry(*group, step=1)
    assert [body["start"] for body in network.bodies] == [0, 1, 1]
    assert states(network) == ["queued"] * 3


def test_retry_goes_on_at_its_pace_from_step_to_step(network, group):
    network.client.cancel(*group)
    network.requests.clear()
    network.client.retry(*group, which="cancelled", pace="1/PT1H", not_before="2099-01-01", step=1)
    assert [body["not_before"][:16] for body in network.bodies] == [
        "2099-01-01",
        "2099-01-01T01:00",
        "2099-01-01T02:00",
    ]
    assert {body["which"] for body in network.bodies} == {"cancelled"}


def test_retry_of_all_runs_is_not_retried_after_a_lost_response(network, group):
    fail(network)
    network.requests.clear()
    network.inject(BROKEN)
    with pytest.raises(Unreachable):
        network.client.retry(*group, which="all")
    assert len(network.requests) == 1
    assert states(network) == ["queued"] * 3


UNKNOWN = error_response(504, "may exist or not", reason="outcome_unknown")


@pytest.mark.parametrize("action", ["cancel", "note", "retry"])
def test_action_of_unknown_outcome_is_repeated_where_that_is_safe(network, group, action):
    fail(network, 1, 2, 3)
    network.requests.clear()
    network.inject(UNKNOWN)
    getattr(network.client, action)(*group, *(["text"] if action == "note" else []))
    assert len(network.requests) == 2
    network.inject(UNKNOWN)
    with pytest.raises(Unreachable):
        network.client.retry(*group, which="all")
    assert len(network.requests) == 3


def test_action_that_takes_too_long_is_applied_in_smaller_steps(network, group):
    network.slow_above = 1
    assert network.client.retry(*group, which="all", step=2) == {
        "dag_run_ids": [],
        "next_start": None,
        "dry_run": False,
        "warnings": [],
    }
    assert network.client.cancel(*group, step=500)["dag_run_ids"] == IDS
    assert states(network) == ["failed"] * 3


@pytest.mark.parametrize("fault", [REFUSED, error_response(503)])
def test_retry_of_all_runs_is_retried_when_nothing_was_done(network, group, fault):
    fail(network)
    network.inject(fault)
    assert network.client.retry(*group, which="all")["dag_run_ids"] == IDS


def test_names_are_percent_encoded(network):
    network.service.place("example_daily", "a+b c?#%_0000001_2024-12-01T00:00:00")
    assert network.client.group("example_daily", "a+b c?#%")["runs"] == 1


def test_unknown_group_is_refused(network):
    with pytest.raises(RefusedByService, match="Group not found"):
        network.client.group("example_daily", "nothing")


def test_the_coverage_of_several_dags_is_that_of_each(network):
    between = ("2024-01-01", "2024-01-05")
    dag_ids = ["example_paused", "example_daily", "example_paused"]
    found = list(network.client.coverages(*between, dag_ids=dag_ids))
    assert [one["dag_id"] for one in found] == ["example_daily", "example_paused"]
    for one in found:
        assert one["counts"] == network.client.coverage(one["dag_id"], *between)["counts"]
    assert list(network.client.coverages(*between, tag="none")) == []
    (alone,) = network.client.coverages(*between, dag_ids=["example_unscheduled"])
    assert alone["problem"]["reason"] == "invalid_request"


def test_a_range_of_which_one_page_counts_a_part_is_counted_to_its_end(network):
    between = ("2020-01-01", "2022-12-31")
    (found,) = network.client.coverages(*between, dag_ids=["example_hourly"])
    whole = network.client.coverage("example_hourly", *between)
    assert (found["total"], found["counts"]) == (whole["total"], whole["counts"])
    assert found["total"] > 10_000
    assert found["next_start_date"] is None


def test_chosen_runs_and_tasks_are_sent(network):
    network.client.create(GroupRequest(dag_id="example_paused", prefix="few", dates=["2024-01-01", "2024-01-02"]))
    done = network.client.cancel("example_paused", "few", dates=[dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)])
    assert done["dag_run_ids"] == ["few_0000002_2024-01-02T00:00:00"]
    again = network.client.retry("example_paused", "few", run_ids=done["dag_run_ids"], tasks=["task_0"])
    assert again["dag_run_ids"] == done["dag_run_ids"]
    network.client.note("example_paused", "few", "look", run_ids=done["dag_run_ids"])
    assert [run["note"] for run in network.client.group_runs("example_paused", "few")] == [None, "look"]
