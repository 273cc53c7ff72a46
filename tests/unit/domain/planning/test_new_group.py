"""Requests for a new group: refused where the group exists, unless it is the repeat of the request that made it."""

import pytest

from airflow_run_groups.domain import ExistingGroup, GroupExists, Order, TooManyRuns
from tests.unit.domain.schedules import create, dates, day, plan, run_ids

RANGE = {"start_date": day(1), "end_date": day(4), "new_group": True}


def again(first, *, taken=(), **request):
    """Return the facts after a creation, as another request sees them."""
    return {
        **request,
        "group": ExistingGroup(run_ids=frozenset(run_ids(first))),
        "existing_dates": sorted({*dates(first), *taken}),
        "last_number": len(first.runs),
    }


def test_a_prefix_that_is_free_makes_a_group():
    assert len(create(**RANGE).runs) == 4


@pytest.mark.parametrize("order", Order)
def test_the_repeat_of_the_request_that_made_the_group_creates_nothing(order):
    first = create(order=order, **RANGE)
    for decide in (create, plan):
        repeat = decide(**again(first, order=order, **RANGE))
        assert (repeat.runs, repeat.existing, repeat.next_start_date) == ((), 4, None)
        assert repeat.warnings == ()
    planned = plan(**again(first, order=order, **RANGE))
    assert {one.action.value for one in planned.dates} == {"exists"}


def test_the_repeat_of_a_partial_request_is_the_same_part():
    first = create(limit=2, partial=True, **RANGE)
    repeat = create(**again(first, limit=2, partial=True, **RANGE))
    assert (repeat.runs, repeat.existing, repeat.next_start_date) == ((), 2, day(3))
    with pytest.raises(TooManyRuns):
        create(**again(first, limit=2, **RANGE))


def test_dates_with_runs_of_others_are_no_part_of_it():
    first = create(existing_dates=[day(2)], **RANGE)
    repeat = create(**again(first, taken=[day(2)], **RANGE))
    assert (repeat.runs, repeat.existing) == ((), 4)


@pytest.mark.parametrize(
    "other",
    [
        {"start_date": day(1), "end_date": day(5)},
        {"start_date": day(2), "end_date": day(4)},
        {"start_date": day(11), "end_date": day(14)},
        {"order": Order.DESC},
        {"dates": (day(1), day(9)), "start_date": None, "end_date": None},
    ],
)
def test_any_other_request_is_refused(other):
    first = create(**RANGE)
    for decide in (create, plan):
        with pytest.raises(GroupExists, match="group 'manual' of DAG 'a_dag' exists already, with 4 runs"):
            decide(**again(first, **{**RANGE, **other}))


def test_a_group_that_has_lost_a_run_or_whose_dates_are_all_of_others_is_refused():
    first = create(**RANGE)
    facts = again(first, **RANGE)
    facts["group"] = ExistingGroup(run_ids=frozenset(run_ids(first)[1:]))
    with pytest.raises(GroupExists):
        create(**facts)
    with pytest.raises(GroupExists):
        create(**{**RANGE, "group": ExistingGroup(run_ids=frozenset({"manual_0000001_2021-05-01T00:00:00"}))})


def test_a_group_to_which_others_were_added_is_still_made_by_its_first_request():
    first = create(**RANGE)
    facts = again(first, taken=[day(20)], **RANGE)
    facts["group"] = ExistingGroup(run_ids=frozenset([*run_ids(first), "manual_0000005_2021-01-20T00:00:00"]))
    assert create(**facts).existing == 4
