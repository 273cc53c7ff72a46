"""The rule by which a group stops: when it is reached, and what a change, a pause and a resumption make of it."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from airflow_run_groups.domain import Control, GroupChange, Refused, StopAfter, Stopped
from airflow_run_groups.domain.control.change import changed_control, joined_control
from airflow_run_groups.domain.control.control import NOTHING_ENDED, Outcomes, stopped_control
from airflow_run_groups.domain.control.stop_after import EndedRuns

NOW = dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc)
HOUR = dt.timedelta(hours=1)
TWO = StopAfter(failed=2)
RULED = Control(max_active_runs=16, copied=True, stop_after=TWO)
STOPPED = replace(RULED, paused=True, paused_at=NOW, stopped=Stopped(at=NOW, rule=TWO))


def ended(failed, success=0, *, has_queued=True):
    return Outcomes(EndedRuns(success=success, failed=failed), has_queued=has_queued)


def changed(control, *, outcomes=NOTHING_ENDED, now=NOW, **wishes):
    change = GroupChange(dag_id="a", prefix="g", **wishes)
    return changed_control(control, change, max_active_runs_of_dag=16, now=now, outcomes=outcomes)


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"failed": 1, "failed_percent": 10, "of_at_least": 1},
        {"failed": 1, "of_at_least": 1},
        {"failed_percent": 10},
        {"of_at_least": 5},
    ],
)
def test_a_rule_is_a_number_or_a_share(numbers):
    with pytest.raises(Refused, match="stop_after has either failed, or failed_percent and of_at_least"):
        StopAfter(**numbers)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ({"failed": 0}, "failed of stop_after must be 1 to 1000000, not 0"),
        ({"failed": 1_000_001}, "failed of stop_after must be 1 to 1000000, not 1000001"),
        ({"failed_percent": 101, "of_at_least": 1}, "failed_percent of stop_after must be 1 to 100, not 101"),
        ({"failed_percent": 0, "of_at_least": 1}, "failed_percent of stop_after must be 1 to 100, not 0"),
        ({"failed_percent": 1, "of_at_least": 0}, "of_at_least of stop_after must be 1 to 1000000, not 0"),
    ],
)
def test_the_numbers_of_a_rule_have_bounds(numbers, text):
    with pytest.raises(Refused, match=text):
        StopAfter(**numbers)


@pytest.mark.parametrize(
    ("rule", "success", "failed", "reached"),
    [
        (TWO, 99, 1, False),
        (TWO, 0, 2, True),
        (TWO, 0, 3, True),
        (StopAfter(failed_percent=10, of_at_least=50), 0, 49, False),
        (StopAfter(failed_percent=10, of_at_least=50), 45, 5, True),
        (StopAfter(failed_percent=10, of_at_least=50), 46, 5, False),
        (StopAfter(failed_percent=100, of_at_least=1), 0, 1, True),
        (StopAfter(failed_percent=100, of_at_least=1), 1, 9, False),
        (StopAfter(failed_percent=1, of_at_least=1), 1, 0, False),
    ],
)
def test_a_rule_is_reached_by_what_has_ended(rule, success, failed, reached):
    assert rule.is_reached(EndedRuns(success=success, failed=failed)) is reached


@given(
    st.one_of(
        st.builds(lambda failed: StopAfter(failed=failed), st.integers(1, 50)),
        st.builds(
            lambda percent, least: StopAfter(failed_percent=percent, of_at_least=least),
            st.integers(1, 100),
            st.integers(1, 200),
        ),
    ),
    st.integers(0, 60),
    st.integers(0, 3000),
)
def test_no_more_successes_need_to_be_counted_than_matter(rule, failed, success):
    counted = min(success, rule.successes_to_count(failed))
    assert rule.is_reached(EndedRuns(counted, failed)) is rule.is_reached(EndedRuns(success, failed))


def test_a_group_whose_rule_is_reached_is_paused_and_says_by_which_rule_and_when():
    assert stopped_control(RULED, ended(1), now=NOW) is RULED
    assert stopped_control(RULED, ended(2), now=NOW) == STOPPED
    assert stopped_control(STOPPED, ended(9), now=NOW + HOUR) is STOPPED


def test_a_group_of_which_nothing_is_queued_is_not_stopped():
    assert stopped_control(RULED, ended(2, has_queued=False), now=NOW) is RULED


def test_a_group_that_somebody_has_paused_stays_theirs_and_says_that_it_has_stopped():
    paused = replace(RULED, paused=True, paused_at=NOW - HOUR, paused_by="ann")
    assert stopped_control(paused, ended(2), now=NOW) == replace(paused, stopped=Stopped(at=NOW, rule=TWO))


def test_a_rule_alone_is_a_control_and_goes_with_it():
    assert changed(None, stop_after=TWO) == RULED
    assert changed(RULED, stop_after=None) is None
    assert changed(RULED, max_active_runs=3, stop_after=None) == Control(max_active_runs=3)
    assert changed(RULED, paused=True, requested_by="ann").stop_after == TWO


def test_a_rule_that_is_reached_already_stops_at_once():
    assert changed(None, stop_after=TWO, outcomes=ended(2)) == STOPPED
    assert changed(RULED, max_active_runs=3, outcomes=ended(2)).stopped == Stopped(at=NOW, rule=TWO)


def test_one_change_resumes_a_stopped_group_which_counts_anew():
    later = NOW + HOUR
    resumed = changed(STOPPED, paused=False, now=later)
    assert resumed == replace(RULED, counted_since=later)
    assert changed(resumed, paused=False, now=later + HOUR) is resumed
    assert changed(resumed, paused=True, now=later).counted_since == later


def test_a_resumption_with_a_rule_that_would_stop_at_once_counts_anew():
    first = changed(None, paused=False, stop_after=TWO, outcomes=ended(5))
    assert first == replace(RULED, counted_since=NOW)
    assert changed(first, paused=False, stop_after=TWO, now=NOW + HOUR) is first
    assert changed(RULED, paused=None, outcomes=ended(5)) == replace(RULED, counted_since=NOW)


def test_the_end_of_a_pause_of_somebodys_does_not_count_anew():
    paused = changed(RULED, paused=True)
    assert changed(paused, paused=False, outcomes=ended(1)) == RULED


def test_a_stopped_group_stays_so_until_it_is_resumed():
    for wishes in ({"paused": True}, {"stop_after": StopAfter(failed=99)}, {"max_active_runs": 3}):
        after = changed(STOPPED, **wishes, now=NOW + HOUR)
        assert (after.stopped, after.paused, after.paused_at) == (STOPPED.stopped, True, NOW)
    assert changed(STOPPED, stop_after=TWO) is STOPPED
    without = changed(STOPPED, stop_after=None)
    assert (without.stopped, without.paused) == (STOPPED.stopped, True)
    assert changed(without, paused=False) is None


def test_a_creation_brings_its_rule_or_leaves_that_of_its_group():
    def joined(control, rule):
        return joined_control(
            control,
            max_active_runs=None,
            paused=False,
            stop_after=rule,
            max_active_runs_of_dag=16,
            now=NOW,
            requested_by=None,
        )

    assert joined(None, TWO) == RULED
    assert joined(RULED, None) is RULED
    assert joined(STOPPED, None) is STOPPED
    assert joined(RULED, StopAfter(failed=7)) == replace(RULED, stop_after=StopAfter(failed=7))
