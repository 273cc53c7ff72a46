"""How far a group is."""

import datetime as dt

import pytest

from airflow_run_groups.domain import Group, GroupProgress, StateCounts, WaitsFor
from tests.unit.domain.schedules import NOW

MINUTE = dt.timedelta(minutes=1)
SECOND = NOW.replace(microsecond=0)


FACTS = {
    "max_active_runs": 2,
    "active_runs": 0,
    "is_paused": False,
    "is_stale": False,
    "waiting_since": None,
    "last_run_after": None,
    "durations": (),
    "recently_ended": 0,
    "recently_started": None,
    "previous_run_id": None,
}


def progress(**facts):
    """Return the progress of a group: the number of runs in each state, and facts that are not as usual."""
    counts = StateCounts(**{state: facts.pop(state) for state in StateCounts._fields if state in facts})
    group = Group(
        dag_id="a",
        prefix="g",
        runs=sum(counts),
        states=counts,
        first_logical_date=None,
        last_logical_date=None,
        last_id=1,
        control=facts.pop("control", None),
    )
    return GroupProgress(group=group, seen_at=NOW, **{**FACTS, **facts})


@pytest.mark.parametrize(
    ("states", "done"),
    [
        ({"queued": 3}, 0),
        ({"queued": 1, "running": 1, "success": 1, "failed": 1}, 0.5),
        ({"success": 2}, 1),
        ({"failed": 2}, 1),
    ],
)
def test_it_is_done_as_far_as_its_runs_have_ended_however_they_did(states, done):
    assert progress(**states).done == done


def test_the_oldest_queued_run_waits_since_it_could_have_started():
    assert progress(queued=1, waiting_since=NOW - MINUTE).oldest_queued_seconds == 60
    assert progress(queued=1, waiting_since=NOW).oldest_queued_seconds == 0


def test_runs_that_may_not_start_yet_do_not_wait():
    assert progress(queued=1, waiting_since=NOW + MINUTE).oldest_queued_seconds is None
    assert progress(running=1).oldest_queued_seconds is None


def test_it_ends_when_the_runs_that_are_left_have_had_their_turns():
    durations = [MINUTE, 3 * MINUTE, 60 * MINUTE]
    assert progress(queued=4, running=1, durations=durations).expected_end == SECOND + 9 * MINUTE
    assert progress(queued=4, max_active_runs=9, durations=[MINUTE]).expected_end == SECOND + MINUTE


def test_its_queued_runs_have_their_turns_from_when_the_first_may_start():
    later = NOW + 30 * MINUTE
    paced = {"queued": 4, "waiting_since": later, "last_run_after": later, "durations": [MINUTE]}
    assert progress(**paced).expected_end == SECOND + 32 * MINUTE
    assert progress(running=100, **paced).expected_end == SECOND + 52 * MINUTE


def test_it_does_not_end_before_the_last_run_may_start():
    later = NOW + 30 * MINUTE
    assert progress(queued=1, last_run_after=later, durations=[MINUTE]).expected_end == SECOND + 31 * MINUTE


@pytest.mark.parametrize(
    "unknown",
    [
        {"success": 3, "durations": [MINUTE]},
        {"queued": 3, "durations": []},
        {"queued": 3, "durations": [MINUTE], "is_paused": True},
        {"queued": 3, "durations": [MINUTE], "is_stale": True},
        {"running": 3, "durations": [MINUTE], "previous_run_id": "failed"},
        {"queued": 3, "durations": [MINUTE], "max_active_runs": 0},
        {"queued": 3, "durations": [dt.timedelta.max]},
    ],
)
def test_its_end_is_unknown_when_it_is_done_cannot_move_is_new_or_further_away_than_dates_go(unknown):
    assert progress(**unknown).expected_end is None


def test_it_goes_on_at_its_own_rate_once_that_is_measured():
    going_on = {"durations": [MINUTE], "recently_ended": 100, "recently_started": NOW - 5 * MINUTE}
    group = progress(queued=100, success=100, **going_on)
    assert group.runs_per_minute == 20
    assert group.expected_end == SECOND + 5 * MINUTE
    assert progress(success=200, **going_on).runs_per_minute is None


def test_its_rate_and_its_end_agree():
    group = progress(
        queued=25_760,
        success=544,
        durations=[dt.timedelta(seconds=0.3)],
        recently_ended=544,
        recently_started=NOW - 105 * dt.timedelta(seconds=1),
    )
    minutes = (group.expected_end - SECOND) / MINUTE
    assert minutes * group.runs_per_minute == pytest.approx(25_760, rel=0.01)


def test_it_ends_after_its_last_run_may_start_at_any_rate():
    later = NOW + 30 * MINUTE
    going_on = {"durations": [MINUTE], "recently_ended": 100, "recently_started": NOW - 5 * MINUTE}
    assert progress(queued=1, last_run_after=later, **going_on).expected_end == SECOND + 31 * MINUTE


WAITING = {"queued": 1, "waiting_since": NOW - MINUTE, "last_run_after": NOW - MINUTE}
LATER = {"queued": 1, "waiting_since": NOW + MINUTE, "last_run_after": NOW + MINUTE}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (WAITING, ["scheduler"]),
        ({**WAITING, "active_runs": 1}, ["scheduler"]),
        ({**WAITING, "active_runs": 2}, ["dag_max_active_runs"]),
        ({**WAITING, "max_active_runs": 0}, ["dag_max_active_runs"]),
        (LATER, ["run_after"]),
        ({**WAITING, "last_run_after": NOW + MINUTE}, ["run_after", "scheduler"]),
        ({**WAITING, "is_paused": True}, ["dag_paused"]),
        ({**WAITING, "is_stale": True}, ["dag_stale"]),
        ({**LATER, "is_paused": True, "is_stale": True}, ["dag_paused", "dag_stale", "run_after"]),
        ({"running": 1, "is_paused": True}, ["dag_paused"]),
        ({"running": 1}, []),
        ({"running": 1, "previous_run_id": "failed"}, ["previous_run"]),
        ({**WAITING, "active_runs": 2, "previous_run_id": "failed"}, ["previous_run", "dag_max_active_runs"]),
        ({"success": 1, "is_paused": True, "is_stale": True}, []),
    ],
)
def test_it_tells_what_it_waits_for(facts, words):
    assert [reason.value for reason in progress(**facts).waiting_for] == words


def test_some_of_what_it_waits_for_does_not_pass_by_itself():
    lasting = {reason.value for reason in WaitsFor if not reason.passes_by_itself}
    assert lasting == {"dag_paused", "dag_stale", "group_paused", "previous_run"}
