"""When runs will have ended."""

import datetime as dt
from heapq import heapreplace

import pytest
from hypothesis import given, strategies as st

from airflow_run_groups.domain.estimate import expected_end
from tests.unit.domain.schedules import NOW

MINUTE = dt.timedelta(minutes=1)


def one_by_one(starts, places, duration):
    """Return when the last run has ended, each in its turn at the first place that is free."""
    free = [NOW] * places
    for start in starts:
        heapreplace(free, max(free[0], start) + duration)
    return max(free)


def counted(starts):
    return [(len(starts) - before, start) for before, start in enumerate(starts)]


@given(
    minutes=st.lists(st.integers(-30, 300), max_size=30).map(sorted),
    places=st.integers(1, 8),
    length=st.integers(0, 60),
)
def test_it_is_that_of_runs_which_take_their_turns_one_by_one(minutes, places, length):
    starts = [NOW + minute * MINUTE for minute in minutes]
    end = expected_end(counted(starts), [length * MINUTE], max_active_runs=places, now=NOW)
    assert end == one_by_one(starts, places, length * MINUTE)


@given(runs=st.integers(2, 30), apart=st.integers(0, 20), length=st.integers(0, 60))
def test_the_first_and_the_last_suffice_where_the_runs_start_evenly_one_at_a_time(runs, apart, length):
    starts = [NOW + number * apart * MINUTE for number in range(runs)]
    ends = {
        expected_end(known, [length * MINUTE], max_active_runs=1, now=NOW)
        for known in (counted(starts), [(runs, starts[0]), (1, starts[-1])])
    }
    assert len(ends) == 1


def test_each_takes_the_median():
    assert expected_end([(3, NOW)], [MINUTE, 2 * MINUTE, 60 * MINUTE], max_active_runs=1, now=NOW) == NOW + 6 * MINUTE


@pytest.mark.parametrize("starts", [[(1, NOW)], []])
def test_nothing_is_known_before_a_run_has_ended(starts):
    assert expected_end(starts, [], max_active_runs=1, now=NOW) is None


@pytest.mark.parametrize("duration", [dt.timedelta.max, dt.timedelta(days=5000 * 365)])
def test_nor_is_what_lies_beyond_the_year_9999(duration):
    assert expected_end([(2, NOW)], [duration], max_active_runs=1, now=NOW) is None
