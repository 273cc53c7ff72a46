"""Looking at groups, and steering them."""

import pytest

from airflow_run_groups.adapters.client import GroupRequest, RefusedByService, Unreachable
from tests.unit.client.line import BROKEN, REFUSED, answer

THREE = GroupRequest(dag_id="example_paused", prefix="p", start_date="2024-12-01", end_date="2024-12-03")
IDS = [f"p_000000{number}_2024-12-0{number}T00:00:00" for number in (1, 2, 3)]


@pytest.fixture
def group(line):
    line.client.create(THREE)
    line.between.sent.clear()
    return "example_paused", "p"


def states(line):
    line.service.backend.advance()
    return [stored.run.state for stored in line.service.backend.dags["example_paused"].runs]


def fail(line, *numbers):
    line.client.cancel("example_paused", "p")
    for number, stored in enumerate(line.service.backend.dags["example_paused"].runs, 1):
        if number not in numbers:
            stored.run = stored.run._replace(state="success")


def test_a_group_that_stays_the_same_is_the_same_object(line, group):
    first = line.client.group(*group)
    assert first["states"] == {"queued": 3, "running": 0, "success": 0, "failed": 0}
    assert line.client.group(*group) is first
    assert "If-None-Match" in line.between.headers[-1]
    line.client.cancel(*group)
    assert line.client.group(*group)["states"]["failed"] == 3


def test_groups_and_runs_come_page_by_page(line):
    for number in range(101):
        line.client.create(
            GroupRequest(
                dag_id="example_paused",
                prefix=f"g{number}",
                dates=[f"2024-01-01T00:{number // 60:02}:{number % 60:02}"],
            )
        )
    line.between.sent.clear()
    assert [group["prefix"] for group in line.client.groups("example_paused")] == [
        f"g{number}" for number in reversed(range(101))
    ]
    assert len(line.between.sent) == 2
    assert len(list(line.client.runs(dag_id="example_paused"))) == 101
    assert len(list(line.client.runs(dag_id="example_paused", prefix="g1_"))) == 1
    assert list(line.client.runs(dag_id="example_paused", state="failed")) == []


def test_the_dags_are_listed(line):
    assert "example_daily" in [dag["dag_id"] for dag in line.client.dags()]


def test_steering_goes_on_until_it_is_done_and_tells_of_each_step(line, group):
    seen = []
    done = line.client.cancel(*group, step=2, on_step=seen.append)
    assert done == {"dag_run_ids": IDS, "next_start": None, "dry_run": False}
    assert [step["dag_run_ids"] for step in seen] == [IDS[:2], IDS[2:]]
    assert states(line) == ["failed"] * 3
    assert line.client.retry(*group, step=1)["dag_run_ids"] == IDS
    assert states(line) == ["queued"] * 3
    assert line.client.note(*group, "seen", step=2)["dag_run_ids"] == IDS
    assert {stored.note for stored in line.service.backend.dags["example_paused"].runs} == {"seen"}


def test_a_dry_run_says_to_which_runs_and_does_nothing(line, group):
    assert line.client.cancel(*group, dry_run=True) == {"dag_run_ids": IDS, "next_start": None, "dry_run": True}
    assert states(line) == ["queued"] * 3


def test_running_runs_are_cancelled_only_when_asked_for(line, group):
    stored = line.service.backend.dags["example_paused"].runs[0]
    stored.run = stored.run._replace(state="running")
    assert line.client.cancel(*group, dry_run=True)["dag_run_ids"] == IDS[1:]
    assert line.client.cancel(*group, dry_run=True, running=True)["dag_run_ids"] == IDS


@pytest.mark.parametrize("act", ["cancel", "note"])
def test_a_cancel_and_a_note_are_sent_again_when_their_answer_is_lost(line, group, act):
    line.lose(BROKEN, None, BROKEN)
    getattr(line.client, act)(*group, *(["text"] if act == "note" else []), step=2)
    if act == "cancel":
        assert states(line) == ["failed"] * 3
    else:
        assert [stored.note for stored in line.service.backend.dags["example_paused"].runs] == ["text"] * 3


def test_a_retry_of_failed_runs_is_sent_again_from_where_its_step_began(line, group):
    fail(line, 1, 2, 3)
    line.between.sent.clear()
    line.lose(None, BROKEN)
    line.client.retry(*group, step=1)
    assert [body["start"] for body in line.between.bodies] == [0, 1, 1]
    assert states(line) == ["queued"] * 3


def test_a_retry_of_all_runs_is_not_sent_again_when_it_may_have_been_done(line, group):
    fail(line)
    line.between.sent.clear()
    line.lose(BROKEN)
    with pytest.raises(Unreachable):
        line.client.retry(*group, which="all")
    assert len(line.between.sent) == 1
    assert states(line) == ["queued"] * 3


@pytest.mark.parametrize("fault", [REFUSED, answer(503)])
def test_a_retry_of_all_runs_is_sent_again_when_nothing_was_done(line, group, fault):
    fail(line)
    line.lose(fault)
    assert line.client.retry(*group, which="all")["dag_run_ids"] == IDS


def test_names_are_sent_as_they_are(line):
    line.service.place("example_daily", "a+b c?#%_0000001_2024-12-01T00:00:00")
    assert line.client.group("example_daily", "a+b c?#%")["runs"] == 1


def test_a_group_that_is_not_there_is_refused(line):
    with pytest.raises(RefusedByService, match="Group not found"):
        line.client.group("example_daily", "nothing")
