"""From when on runs may start that run again."""

import datetime as dt

import pytest

from airflow_run_groups.domain import Pace
from airflow_run_groups.domain.control.pace import Restarts, is_spaced
from tests.unit.domain.schedules import NOW

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
TICK = dt.timedelta(microseconds=1)


def test_with_a_pace_they_start_anew():
    restarts = Restarts(Pace(runs=2, interval=HOUR), None, now=NOW)
    starts = [restarts.next(NOW - 9 * HOUR, spaced=spaced) for spaced in (True, False, True)]
    assert starts == [NOW, NOW + TICK, NOW + HOUR + 2 * TICK]
    assert restarts.rest(NOW, spaced=False) == NOW + 2 * HOUR


def test_spaced_runs_keep_their_distances_and_the_first_starts_at_once():
    restarts = Restarts(None, None, now=NOW)
    first = NOW - 9 * HOUR
    starts = [restarts.next(first + n * MINUTE, spaced=True) for n in (0, 1, 60)]
    assert starts == [NOW, NOW + MINUTE, NOW + HOUR]
    assert restarts.rest(first + 2 * HOUR, spaced=True) == NOW + 2 * HOUR


def test_the_next_step_goes_on_at_the_same_distances():
    first = NOW - 9 * HOUR
    step = Restarts(None, None, now=NOW)
    step.next(first, spaced=True)
    rest = Restarts(None, step.rest(first + HOUR, spaced=True), now=NOW + MINUTE)
    assert [rest.next(first + n * HOUR, spaced=True) for n in (1, 2)] == [NOW + HOUR, NOW + 2 * HOUR]


def test_spaced_runs_that_are_not_due_yet_start_when_they_would_have():
    restarts = Restarts(None, None, now=NOW)
    assert [restarts.next(NOW + n * HOUR, spaced=True) for n in (1, 2)] == [NOW + HOUR, NOW + 2 * HOUR]


def test_other_runs_start_when_they_could_before_and_not_before_a_moment():
    assert Restarts(None, None, now=NOW).next(NOW - HOUR, spaced=False) == NOW - HOUR
    assert Restarts(None, None, now=NOW).rest(NOW - HOUR, spaced=False) is None
    assert Restarts(None, NOW + HOUR, now=NOW).next(NOW - HOUR, spaced=False) == NOW + HOUR
    assert Restarts(None, NOW + HOUR, now=NOW).rest(NOW - HOUR, spaced=False) == NOW + HOUR


@pytest.mark.parametrize(
    ("run_after", "scheduled", "created_at", "spaced"),
    [
        (NOW, (NOW - HOUR, NOW), None, False),
        (NOW, (NOW, NOW - HOUR), None, False),
        (NOW, (None, NOW - HOUR), None, True),
        (NOW, (NOW - 9 * HOUR, NOW - 8 * HOUR), NOW + MINUTE / 2, True),
        (NOW, (NOW - 9 * HOUR, NOW - 8 * HOUR), NOW + HOUR, False),
    ],
    ids=["of_its_interval", "one_run_now", "paced", "paced_first", "late_schedule"],
)
def test_a_run_is_spaced_that_starts_later_than_its_schedule_says(run_after, scheduled, created_at, spaced):
    assert is_spaced(run_after, scheduled, created_at) is spaced
