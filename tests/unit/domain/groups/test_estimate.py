"""When runs will have ended."""

import datetime as dt
from heapq import heapreplace

import pytest
from hypothesis import given, strategies as st

from airflow_run_groups.domain.groups.estimate import ENOUGH_RUNS, WINDOW, expected_end, runs_per_second
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


def test_without_a_place_no_run_ever_ends():
    assert expected_end([(1, NOW)], [MINUTE], max_active_runs=0, now=NOW, rate=1) is None


def test_a_rate_that_was_measured_counts_more_than_how_long_runs_took():
    known = {"max_active_runs": 1000, "now": NOW}
    assert expected_end([(600, NOW)], [MINUTE], **known) == NOW + MINUTE
    assert expected_end([(600, NOW)], [MINUTE], rate=1, **known) == NOW + 10 * MINUTE
    assert expected_end([(600, NOW)], [], rate=1, **known) == NOW + 10 * MINUTE


def test_the_last_run_takes_its_time_at_any_rate():
    assert expected_end([(1, NOW)], [MINUTE], max_active_runs=1, now=NOW, rate=100) == NOW + MINUTE


def measured(ended=ENOUGH_RUNS, *, minutes=5, durations=()):
    return runs_per_second(ended, first_start=NOW - minutes * MINUTE, durations=durations, now=NOW)


def test_the_rate_of_a_young_group_is_measured_from_its_first_start():
    assert measured(300, minutes=5) == 1


def test_the_rate_is_that_of_the_window():
    window = WINDOW // MINUTE
    assert measured(60 * window, minutes=10 * window) == 1


def test_few_runs_make_no_rate():
    assert measured(ENOUGH_RUNS) is not None
    assert measured(ENOUGH_RUNS - 1) is None
    assert measured(0) is None
    assert runs_per_second(0, first_start=None, durations=[], now=NOW) is None


def test_runs_that_are_long_for_the_window_make_no_rate_since_they_end_in_bursts():
    assert measured(durations=[WINDOW / 3]) is not None
    assert measured(durations=[WINDOW / 3 + MINUTE]) is None


def test_a_rate_needs_time_to_have_passed():
    assert measured(minutes=0) is None
    assert measured(minutes=-1) is None


def test_26304_runs_are_not_expected_in_a_tenth_of_the_time_that_they_take():
    """The scheduler starts 20 runs a loop, so that 310 end in a minute, where 16 places and three seconds let one expect 320 a second."""
    left, after = 25_760, 544
    rate = measured(after, minutes=after / 310, durations=[dt.timedelta(milliseconds=310)])
    end = expected_end([(left, NOW)], [dt.timedelta(milliseconds=310)], max_active_runs=16, now=NOW, rate=rate)
    assert end - NOW == pytest.approx(left / 310 * MINUTE, rel=1e-6)
