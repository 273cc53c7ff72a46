"""What holds of every batch, whatever the schedule, the range, and the runs that are there already."""

import datetime as dt
from itertools import pairwise

import pytest
from airflow_run_groups.domain import Dag, GroupRunId, Refused
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain.schedules import Listed, dates, plan, utc

HOUR = dt.timedelta(hours=1)
FIRST = utc(2021, 1, 1)
NOW = FIRST + 60 * HOUR
moments = st.integers(min_value=0, max_value=80).map(lambda hours: FIRST + hours * HOUR)
schedules = st.lists(moments, unique=True).map(sorted)


@st.composite
def situations(draw):
    """Draw a request and all that its plan depends on, in a world of eighty hours."""
    start, end = sorted((draw(moments), draw(moments)))
    assume(start <= NOW)
    dag_start, dag_end = draw(st.none() | moments), draw(st.none() | moments)
    assume(dag_start is None or dag_start <= end)
    assume(dag_end is None or dag_end >= start)
    schedule = draw(schedules)
    return {
        "start_date": start,
        "end_date": end,
        "limit": draw(st.integers(min_value=1, max_value=12)),
        "last_number": draw(st.integers(min_value=0, max_value=10**8)),
        "taken": sorted(draw(st.sets(st.sampled_from(schedule) | moments if schedule else moments))),
        "dag": Dag(dag_id="a_dag", start_date=dag_start, end_date=dag_end),
        "timetable": Listed(schedule, runs_after=draw(st.integers(min_value=0, max_value=30)) * HOUR),
        "now": NOW,
    }


def eligible(situation):
    """Return the dates that the range holds, said in the plainest way."""
    dag, timetable = situation["dag"], situation["timetable"]
    return [
        date
        for date in timetable.dates
        if situation["start_date"] <= date <= situation["end_date"]
        and (dag.start_date is None or dag.start_date <= date)
        and (dag.end_date is None or date <= dag.end_date)
        and date + timetable.runs_after <= situation["now"]
    ]


def free(situation):
    return [date for date in eligible(situation) if date not in situation["taken"]]


@given(situations())
def test_a_partial_batch_is_exactly_the_first_free_dates(situation):
    batch = plan(partial=True, **situation)
    expected = free(situation)
    assert dates(batch) == expected[: situation["limit"]]
    assert batch.next_start_date == next(iter(expected[situation["limit"] :]), None)


@given(situations())
def test_a_whole_batch_is_all_free_dates_or_refused(situation):
    expected = free(situation)
    if len(expected) > situation["limit"]:
        with pytest.raises(Refused, match="more than limit"):
            plan(partial=False, **situation)
    else:
        batch = plan(partial=False, **situation)
        assert dates(batch) == expected
        assert batch.existing == len(eligible(situation)) - len(expected)
        assert batch.next_start_date is None


@given(situations())
def test_ids_are_unique_and_numbered_in_the_order_of_their_dates(situation):
    runs = plan(partial=True, prefix="a_group", **situation).runs
    parsed = [GroupRunId.parse(run.run_id) for run in runs]
    assert len({run.run_id for run in runs}) == len(runs)
    assert [one.prefix for one in parsed] == ["a_group"] * len(runs)
    first = situation["last_number"] + 1
    assert [one.number for one in parsed] == list(range(first, first + len(runs)))
    assert [one.logical_date for one in parsed] == [run.logical_date for run in runs]
    assert all(one.logical_date < other.logical_date for one, other in pairwise(runs))


@given(situations())
def test_every_run_is_what_the_schedule_says_of_its_date(situation):
    for run in plan(partial=True, **situation).runs:
        info = situation["timetable"].info(run.logical_date)
        assert (run.data_interval, run.run_after) == (info.data_interval, info.run_after)
        assert run.run_after <= situation["now"]


@given(situations())
def test_planning_again_with_everything_taken_yields_nothing(situation):
    everything = sorted({*situation["taken"], *eligible(situation)})
    batch = plan(**{**situation, "taken": everything})
    assert (batch.runs, batch.next_start_date) == ((), None)
    assert batch.existing == len(eligible(situation))


@given(situations())
def test_the_same_partial_request_repeated_creates_everything_once_and_then_nothing(situation):
    expected, created, last_number = free(situation), [], situation["last_number"]
    taken = set(situation["taken"])
    for _ in range(len(expected) // situation["limit"] + 1):
        batch = plan(partial=True, **{**situation, "taken": sorted(taken), "last_number": last_number})
        created += dates(batch)
        taken.update(dates(batch))
        last_number += len(batch.runs)
    assert created == expected
    assert plan(partial=True, **{**situation, "taken": sorted(taken)}).runs == ()


@given(situations(), st.booleans())
def test_no_more_dates_are_drawn_than_the_limit_and_one_beyond_what_is_skipped(situation, partial):
    try:
        existing = plan(partial=partial, **situation).existing
    except Refused:
        existing = len(situation["taken"])
    assert situation["timetable"].drawn <= situation["limit"] + 1 + existing
