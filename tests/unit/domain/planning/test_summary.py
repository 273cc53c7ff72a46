"""A plan in short says what the plan date by date says."""

from collections import Counter
from itertools import groupby

import pytest

from airflow_run_groups.domain import Action, Order, Pace, Refused
from airflow_run_groups.domain.planning.plan import MAX_OTHERS
from airflow_run_groups.domain.planning.summary import Stretch
from tests.unit.domain.schedules import DAY, Daily, day, plan, run_ids, summary, utc


def short(dates):
    """Return the dates of a plan as stretches."""
    stretches = [(action, list(stretch)) for action, stretch in groupby(dates, key=lambda one: one.action)]
    return tuple(
        Stretch(action=action, first=stretch[0].logical_date, last=stretch[-1].logical_date, total=len(stretch))
        for action, stretch in stretches
    )


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"start_date": day(1), "end_date": day(30), "existing_dates": [day(2), day(5), day(6)]},
        {"start_date": day(1), "end_date": day(30), "order": Order.DESC, "existing_dates": [day(3)]},
        {"start_date": day(1), "end_date": day(9), "runs_after": DAY, "now": day(6)},
        {"dates": (day(3), day(1), day(2)), "existing_dates": [day(2)]},
        {"start_date": day(1), "end_date": day(9), "pace": Pace(runs=2, interval=DAY)},
    ],
)
def test_summary_is_the_plan_in_short(request_):
    runs_after = {"runs_after": request_.pop("runs_after")} if "runs_after" in request_ else {}
    whole, in_short = (decide(**request_, timetable=Daily(**runs_after)) for decide in (plan, summary))
    assert in_short.stretches == short(whole.dates)
    assert in_short.counts == Counter(one.action.value for one in whole.dates)
    assert (in_short.plan.runs, in_short.plan.warnings) == (whole.runs, whole.warnings)
    assert (in_short.plan.existing, in_short.plan.next_not_before) == (whole.existing, whole.next_not_before)
    assert (in_short.first_run_id, in_short.last_run_id) == (run_ids(whole)[0], run_ids(whole)[-1])
    assert in_short.plan.dates == ()


def test_summary_holds_the_whole_range_and_not_one_request():
    (stretch,) = summary(start_date=day(1), end_date=day(1200)).stretches
    assert (stretch.action, stretch.first, stretch.last, stretch.total) == (Action.CREATE, day(1), day(1200), 1200)


def test_summary_checks_the_confs_of_each_request_and_keeps_none():
    checked = []

    def check(confs):
        checked.append([conf["n"] for conf in confs])

    template = {"n": "{number}", "a": "a" * 8_000}  # of 1,200 runs they would be too long for one request
    whole = summary(start_date=day(1), end_date=day(1200), conf={"all": 1}, conf_per_run=template, check_confs=check)
    assert [(confs[0], confs[-1]) for confs in checked] == [("1", "500"), ("501", "1000"), ("1001", "1200")]
    assert {frozenset(run.conf) for run in whole.plan.runs} == {frozenset({"all"})}


def test_summary_warns_once_about_all_runs():
    warnings = summary(start_date=day(1), end_date=day(1200), runs_per_loop=20).plan.warnings
    assert [one for one in warnings if one.startswith("1200 runs of the group may start at the same time")] != []


def test_summary_of_a_limit_ends_with_what_is_left_out():
    limited = {"start_date": day(1), "end_date": day(1200), "limit": 2, "partial": True, "limited": True}
    create, left_out = summary(**limited).stretches
    assert (create.total, left_out.action, left_out.first, left_out.total) == (2, Action.LEFT_OUT, day(3), 1198)
    assert left_out.total > MAX_OTHERS
    assert summary(**limited).plan.next_start_date == day(3)
    with pytest.raises(Refused, match="more than limit=2"):
        summary(**limited | {"partial": False})


def test_summary_ends_after_so_many_dates_and_says_where_to_go_on():
    cut = summary(start_date=day(1), end_date=day(1200), existing_dates=[day(2)], enough=500)
    assert sum(stretch.total for stretch in cut.stretches) == 500
    assert (cut.stretches[-1].last, cut.plan.next_start_date) == (day(500), day(501))
    whole = summary(start_date=day(1), end_date=day(500), enough=500)
    assert whole.plan.next_start_date is None


def test_summary_does_not_go_on_with_dates_to_come():
    cut = summary(start_date=day(1), end_date=utc(2200, 1, 1), now=day(3), enough=500)
    assert [(one.action, one.total) for one in cut.stretches] == [(Action.CREATE, 3), (Action.NOT_YET, 497)]
    assert cut.plan.next_start_date is None


def test_summary_of_nothing():
    nothing = summary(start_date=day(1), end_date=day(1), existing_dates=[day(1)])
    assert (nothing.first_run_id, nothing.last_run_id, nothing.counts["create"]) == (None, None, 0)


def test_summary_counts_the_runs_of_the_summaries_before_it():
    last = summary(start_date=day(1), end_date=day(3), planned=1000, last_number=5, runs_per_loop=20)
    assert last.first_run_id == "manual_0001006_2021-01-01T00:00:00"
    assert any(warning.startswith("1003 runs of the group") for warning in last.plan.warnings)
