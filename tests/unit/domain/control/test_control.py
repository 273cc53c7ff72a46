"""The rules of control: what a change makes of a group's bounds, and of the starts of its queued runs."""

import datetime as dt

import pytest
from hypothesis import given, strategies as st

from airflow_run_groups.domain import Control, GroupChange, Order, Pace, Refused
from airflow_run_groups.domain.control.change import changed_control, joined_control
from airflow_run_groups.domain.control.turns import QueuedRun, turns

UTC = dt.timezone.utc
NOW = dt.datetime(2025, 1, 1, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)
TICK = dt.timedelta(microseconds=1)


def change(**wishes):
    return GroupChange(dag_id="a", prefix="g", **wishes)


def control_after(control, **wishes):
    return changed_control(control, change(**wishes), max_active_runs_of_dag=16, now=NOW)


def queue(*starts, ordinals=None):
    """Return queued runs of consecutive days that start at these hours from now."""
    return [
        QueuedRun(
            number,
            NOW - dt.timedelta(days=100 - number),
            NOW + start * HOUR,
            None if ordinals is None else ordinals[number - 1],
        )
        for number, start in enumerate(starts, start=1)
    ]


def starts_after(runs, **wishes):
    return [(turn.id, turn.run_after) for turn in turns(runs, change(**wishes), now=NOW)]


def test_a_change_needs_something_to_change():
    with pytest.raises(Refused, match="at least one of paused, max_active_runs, stop_after, pace, not_before, order"):
        change(dry_run=True)


@pytest.mark.parametrize("cap", [0, -1, 10_001])
def test_max_active_runs_has_bounds(cap):
    with pytest.raises(Refused, match=f"max_active_runs must be 1 to 10000, not {cap}"):
        change(max_active_runs=cap)


def test_a_cap_and_a_pause_are_told_apart():
    capped = control_after(None, max_active_runs=3)
    assert capped == Control(max_active_runs=3)
    both = control_after(capped, paused=True, requested_by="ann")
    assert both == Control(max_active_runs=3, paused=True, paused_at=NOW, paused_by="ann")
    assert control_after(both, max_active_runs=None).copied
    assert control_after(both, paused=None) == capped
    assert control_after(capped, max_active_runs=None) is None


def test_a_change_of_the_starts_alone_is_no_control():
    assert control_after(None, order=Order.DESC) is None
    capped = Control(max_active_runs=3)
    assert control_after(capped, order=Order.DESC) is capped


def test_a_copied_cap_stays_what_it_was_when_the_dag_has_another_one():
    paused = control_after(None, paused=True)
    later = changed_control(paused, change(paused=True), max_active_runs_of_dag=99, now=NOW + HOUR)
    assert later is paused
    assert later.max_active_runs == 16
    assert later.max_active_runs_from == "dag"


def test_a_dag_that_lets_no_run_start_has_a_cap_of_one_to_copy():
    paused = changed_control(None, change(paused=True), max_active_runs_of_dag=0, now=NOW)
    assert paused.max_active_runs == 1


def test_a_creation_without_wishes_joins_the_control_as_it_is():
    paused = Control(max_active_runs=3, paused=True, paused_at=NOW)

    def joined(control, **wishes):
        wishes = {"max_active_runs": None, "paused": False, "stop_after": None, **wishes}
        return joined_control(control, **wishes, max_active_runs_of_dag=16, now=NOW, requested_by=None)

    assert joined(None) is None
    assert joined(paused) is paused
    assert joined(paused, max_active_runs=5).paused
    assert joined(Control(max_active_runs=3), paused=True) == paused


def test_no_queued_run_has_no_turn():
    assert starts_after([], pace=None) == []


def test_a_pace_spaces_runs_from_now_or_from_not_before():
    pace = Pace(runs=2, interval=HOUR)
    assert starts_after(queue(-5, -4, -3), pace=pace) == [(1, NOW), (2, NOW + TICK), (3, NOW + HOUR + 2 * TICK)]
    later = NOW + 9 * HOUR
    assert starts_after(queue(5, 6, 7), pace=pace, not_before=later)[0] == (1, later)
    assert starts_after(queue(5, 6, 7), pace=pace, not_before=NOW - HOUR)[0] == (1, NOW)


@pytest.mark.parametrize(("passed", "stays"), [(HOUR - TICK, True), (HOUR, False)])
def test_a_pace_whose_first_start_is_long_past_begins_anew(passed, stays):
    pace = Pace(runs=1, interval=HOUR)
    runs = [QueuedRun(turn.id, None, turn.run_after) for turn in turns(queue(1, 2), change(pace=pace), now=NOW)]
    first, _ = turns(runs, change(pace=pace), now=NOW + passed)
    assert first.run_after == (NOW if stays else NOW + passed)


def test_the_order_of_the_ordinals_comes_before_that_of_the_starts():
    ordered = queue(1, 2, 3, ordinals=[4, 3, 2])
    assert [number for number, _ in starts_after(ordered, paused=True)] == [3, 2, 1]
    assert [number for number, _ in starts_after(ordered, order=Order.ASC)] == [1, 2, 3]


def test_runs_without_a_control_come_before_those_that_have_one():
    mixed = queue(1, 2, 3, ordinals=[2, 3, None])
    assert [number for number, _ in starts_after(mixed, not_before=None)] == [3, 1, 2]


def test_another_order_gives_no_run_a_start_in_the_past():
    assert starts_after(queue(-9, -8, 3), order=Order.DESC) == [(3, NOW), (2, NOW + TICK), (1, NOW + 3 * HOUR)]


def test_another_first_start_keeps_the_distances_of_those_to_come():
    moved = starts_after(queue(-9, -8, 3), not_before=NOW + HOUR)
    assert moved == [(1, NOW + HOUR), (2, NOW + HOUR + TICK), (3, NOW + 4 * HOUR)]


@pytest.mark.parametrize(
    "wishes",
    [
        {"not_before": dt.datetime(9999, 12, 31, 23, tzinfo=UTC)},
        {"pace": Pace(runs=1, interval=HOUR), "not_before": dt.datetime(9999, 12, 31, 23, tzinfo=UTC)},
    ],
)
def test_starts_beyond_the_calendar_are_refused(wishes):
    with pytest.raises(Refused, match=r"not_before.* beyond the year 9999"):
        starts_after(queue(1, 2, 99), **wishes)


WISHES = st.fixed_dictionaries(
    {},
    optional={
        "paused": st.sampled_from([True, False, None]),
        "pace": st.none() | st.builds(Pace, runs=st.integers(1, 4), interval=st.just(HOUR)),
        "not_before": st.none() | st.integers(-3, 9).map(lambda hours: NOW + hours * HOUR),
        "order": st.none() | st.sampled_from(Order),
    },
).filter(bool)


@given(st.lists(st.integers(-5, 5), max_size=6), WISHES)
def test_a_change_that_is_repeated_moves_nothing(hours, wishes):
    runs = queue(*hours)
    once = turns(runs, change(**wishes), now=NOW)
    moved = {turn.id: turn.run_after for turn in once}
    after = [run._replace(run_after=moved[run.id]) for run in runs]
    twice = turns(after, change(**wishes), now=NOW + dt.timedelta(seconds=30))
    assert sorted(twice) == sorted(once)
    if "pace" in wishes or "not_before" in wishes:
        assert [turn.run_after for turn in once] == sorted({turn.run_after for turn in once})
