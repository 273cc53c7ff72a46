"""How far a group is."""

import datetime as dt

import pytest

from airflow_run_groups.domain import Group, GroupProgress, StateCounts
from tests.unit.domain.schedules import NOW

MINUTE = dt.timedelta(minutes=1)
SECOND = NOW.replace(microsecond=0)


def progress(*, max_active_runs=2, is_paused=False, waiting_since=None, last_run_after=None, durations=(), **states):
    counts = StateCounts(**states)
    group = Group(
        dag_id="a",
        prefix="g",
        runs=sum(counts),
        states=counts,
        first_logical_date=None,
        last_logical_date=None,
        last_id=1,
    )
    return GroupProgress(
        group=group,
        seen_at=NOW,
        max_active_runs=max_active_runs,
        is_paused=is_paused,
        waiting_since=waiting_since,
        last_run_after=last_run_after,
        durations=durations,
    )


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
        {"queued": 3, "durations": [dt.timedelta.max]},
    ],
)
def test_its_end_is_unknown_when_it_is_done_paused_new_or_further_away_than_dates_go(unknown):
    assert progress(**unknown).expected_end is None
