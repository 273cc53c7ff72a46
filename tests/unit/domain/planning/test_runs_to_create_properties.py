"""What holds for every creation, whatever the schedule, the range, and the runs that are there already."""

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, strategies as st

from airflow_run_groups.domain import Action, Dag, GroupRunId, Order, Refused, TaskWindow
from tests.unit.domain.schedules import Listed, create, dates, plan, utc

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
        "existing_dates": sorted(draw(st.sets(st.sampled_from(schedule) | moments if schedule else moments))),
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
    return [date for date in eligible(situation) if date not in situation["existing_dates"]]


@given(situations())
def test_a_partial_request_creates_exactly_the_first_free_dates(situation):
    created = create(partial=True, **situation)
    expected = free(situation)
    assert dates(created) == expected[: situation["limit"]]
    assert created.next_start_date == next(iter(expected[situation["limit"] :]), None)


@given(situations())
def test_a_whole_request_creates_all_free_dates_or_is_refused(situation):
    expected = free(situation)
    if len(expected) > situation["limit"]:
        with pytest.raises(Refused, match="more than limit"):
            create(partial=False, **situation)
    else:
        created = create(partial=False, **situation)
        assert dates(created) == expected
        assert created.existing == len(eligible(situation)) - len(expected)
        assert created.next_start_date is None


@given(situations())
def test_ids_are_unique_and_numbered_in_the_order_of_their_dates(situation):
    runs = create(partial=True, prefix="a_group", **situation).runs
    parsed = [GroupRunId.parse(run.run_id) for run in runs]
    assert len({run.run_id for run in runs}) == len(runs)
    assert [one.prefix for one in parsed] == ["a_group"] * len(runs)
    first = situation["last_number"] + 1
    assert [one.number for one in parsed] == list(range(first, first + len(runs)))
    assert [one.logical_date for one in parsed] == [run.logical_date for run in runs]
    assert all(one.logical_date < other.logical_date for one, other in pairwise(runs))


@given(situations())
def test_every_run_is_what_the_schedule_says_of_its_date(situation):
    for run in create(partial=True, **situation).runs:
        info = situation["timetable"].info(run.logical_date)
        assert (run.data_interval, run.run_after) == (info.data_interval, info.run_after)
        assert run.run_after <= situation["now"]


@given(situations())
def test_with_a_run_at_every_date_nothing_is_created(situation):
    everything = sorted({*situation["existing_dates"], *eligible(situation)})
    created = create(**{**situation, "existing_dates": everything})
    assert (created.runs, created.next_start_date) == ((), None)
    assert created.existing == len(eligible(situation))


@given(situations())
def test_the_same_partial_request_repeated_creates_everything_once_and_then_nothing(situation):
    expected, made, last_number = free(situation), [], situation["last_number"]
    existing = set(situation["existing_dates"])
    for _ in range(len(expected) // situation["limit"] + 1):
        created = create(partial=True, **{**situation, "existing_dates": sorted(existing), "last_number": last_number})
        made += dates(created)
        existing.update(dates(created))
        last_number += len(created.runs)
    assert made == expected
    assert create(partial=True, **{**situation, "existing_dates": sorted(existing)}).runs == ()


@given(situations(), st.booleans())
def test_no_more_dates_are_drawn_than_the_limit_and_one_beyond_what_is_skipped(situation, partial):
    try:
        skipped = create(partial=partial, **situation).existing
    except Refused:
        skipped = len(situation["existing_dates"])
    assert situation["timetable"].drawn <= situation["limit"] + 1 + skipped


@given(
    situations(),
    st.booleans(),
    st.sampled_from(Order),
    st.booleans(),
    st.lists(st.tuples(moments, moments), max_size=3),
)
def test_a_plan_says_what_the_creation_does(situation, partial, order, listed, windows):
    if listed:
        chosen = tuple(date for date in situation["timetable"].dates if date <= NOW)
        assume(chosen)
        existing = [date for date in situation["existing_dates"] if date in chosen]
        situation = {**situation, "dates": chosen, "existing_dates": existing, "start_date": None, "end_date": None}
    if windows:
        dag = situation["dag"]
        situation["dag"] = replace(dag, task_windows=frozenset(TaskWindow(*sorted(window)) for window in windows))
    planned, created = (_outcome(decide, partial=partial, order=order, **situation) for decide in (plan, create))
    if isinstance(created, Refused):
        assert str(planned) == str(created)
        return
    for name in ("runs", "existing", "next_start_date", "warnings"):
        assert getattr(planned, name) == getattr(created, name), name
    assert [one.logical_date for one in planned.dates if one.action is Action.CREATE] == dates(created)
    for one in planned.dates:
        assert (one.action is Action.NO_TASKS) <= (not situation["dag"].has_task_at(one.logical_date))


def _outcome(decide, **situation):
    try:
        return decide(**situation)
    except Refused as error:
        return error
