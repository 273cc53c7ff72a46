"""Groups of any size, in steps."""

import datetime as dt
from itertools import pairwise

import pytest
from airflow_run_groups.adapters.client import GroupRequest, RefusedByService, Unreachable

from tests.unit.client.line import BROKEN, REFUSED, TIMED_OUT, answer
from tests.unit.http.service import NOW

UTC = dt.timezone.utc
LONG = GroupRequest(dag_id="example_daily", prefix="p", start_date="2020-01-01", end_date="2022-12-31")
"""1,096 days, which are three steps."""


def ids_of(first, count, *, by=1):
    begin = dt.datetime.fromisoformat(first)
    return [f"p_{number + 1:07}_{(begin + by * dt.timedelta(days=number)).isoformat()}" for number in range(count)]


def created(steps):
    return [run_id for step in steps for run_id in step.created["dag_run_ids"]]


def planned(plans):
    return [run_id for plan in plans for run_id in plan["dag_run_ids"]]


def test_a_range_of_any_size_goes_in_steps_of_500(line):
    steps = list(line.client.create_all(LONG))
    assert [len(step.created["dag_run_ids"]) for step in steps] == [500, 500, 96]
    assert created(steps) == line.runs() == ids_of("2020-01-01", 1096)
    assert steps[-1].rest is None
    assert [body["end_date"] for body in line.between.bodies] == ["2022-12-31"] * 3


def test_the_newest_dates_can_come_first(line):
    steps = list(line.client.create_all(GroupRequest(**{**fields(LONG), "order": "desc"})))
    assert created(steps) == line.runs() == ids_of("2022-12-31", 1096, by=-1)


def test_a_short_range_is_one_request(line):
    (step,) = line.client.create_all(
        GroupRequest(dag_id="example_daily", prefix="p", start_date=dt.date(2024, 12, 1).isoformat())
    )
    assert len(step.created["dag_run_ids"]) == 32
    assert "end_date" not in line.between.bodies[0]


def test_a_range_without_an_end_ends_for_all_steps_when_the_first_one_begins(line):
    steps = line.client.create_all(
        GroupRequest(dag_id="example_daily", prefix="p", start_date=dt.datetime(2022, 1, 1, tzinfo=UTC))
    )
    assert len(created(steps)) == (NOW - dt.datetime(2022, 1, 1, tzinfo=UTC)).days + 1
    first, second, third = line.between.bodies
    assert first["start_date"] == "2022-01-01T00:00:00+00:00"
    assert "end_date" not in first
    assert second["end_date"] == third["end_date"] > "2025"


@pytest.mark.parametrize(
    "request_",
    [GroupRequest(dag_id="example_unscheduled", start_date="2024-12-01"), GroupRequest(dag_id="example_daily")],
)
def test_one_run_is_one_request(line, request_):
    (step,) = line.client.create_all(request_)
    assert len(step.created["dag_run_ids"]) == 1
    assert step.rest is None


def test_who_stops_goes_on_with_the_rest(line):
    first = next(line.client.create_all(LONG))
    assert line.runs() == ids_of("2020-01-01", 500)
    assert first.rest.start_date == "2021-05-15T00:00:00Z"
    list(line.client.create_all(first.rest))
    assert line.runs() == ids_of("2020-01-01", 1096)


def test_nothing_happens_before_the_first_step_is_asked_for(line):
    line.client.create_all(LONG)
    assert line.between.sent == []


@pytest.mark.parametrize("fault", [REFUSED, TIMED_OUT, BROKEN, answer(503)])
def test_every_date_gets_its_run_whatever_is_lost(line, fault):
    line.lose(fault, None, fault, fault)
    list(line.client.create_all(LONG))
    assert line.runs() == ids_of("2020-01-01", 1096)


def test_a_step_that_fails_leaves_the_steps_before(line):
    line.lose(None, answer(500, "the service failed"))
    done = []
    with pytest.raises(Unreachable):
        done.extend(line.client.create_all(LONG))
    assert line.runs() == ids_of("2020-01-01", 500)


def test_at_most_so_many_runs_are_created_in_all_of_the_steps(line):
    steps = list(line.client.create_all(LONG, limit=7, step=3))
    assert [len(step.created["dag_run_ids"]) for step in steps] == [3, 3, 1]
    assert steps[-1].rest.start_date == "2020-01-08T00:00:00Z"


def test_more_dates_than_a_request_takes_are_sent_in_parts_each_with_its_confs(line):
    days = [(dt.date(2020, 1, 1) + dt.timedelta(days=day)).isoformat() for day in range(1001)]
    confs = [{"day": day} for day in days]
    steps = list(
        line.client.create_all(GroupRequest(dag_id="example_daily", prefix="p", dates=days, conf_per_run=confs))
    )
    assert created(steps) == ids_of("2020-01-01", 1001)
    assert [len(body["dates"]) for body in line.between.bodies] == [500, 500, 1]
    stored = line.service.backend.dags["example_daily"].runs
    assert [run.conf for run in stored] == confs


@pytest.mark.parametrize("confs", [2, 4])
@pytest.mark.parametrize("begin", ["create_all", "plan_all"])
def test_a_list_of_confs_that_is_not_as_long_as_the_dates_is_refused_before_the_first_step(line, begin, confs):
    days = ["2020-01-01", "2020-01-02", "2020-01-03"]
    request = GroupRequest(dag_id="example_daily", dates=days, conf_per_run=[{}] * confs)
    with pytest.raises(ValueError, match=f"conf_per_run has {confs} objects for 3 dates"):
        next(getattr(line.client, begin)(request, step=1))
    assert line.between.sent == []


@pytest.mark.parametrize("again", ["2020-01-01", dt.datetime(2020, 1, 2, tzinfo=UTC)])
def test_a_date_that_is_there_twice_is_refused_before_the_first_step(line, again):
    days = ["2020-01-01", dt.datetime(2020, 1, 2, tzinfo=UTC), "2020-01-03", again]
    with pytest.raises(ValueError, match=r"the date 2020-01-0.* is there more than once"):
        next(line.client.create_all(GroupRequest(dag_id="example_daily", dates=days), step=1))
    assert line.between.sent == []


def test_one_conf_serves_all_steps_as_a_template(line):
    request = GroupRequest(**{**fields(LONG), "conf_per_run": {"day": "{logical_date}"}, "conf": {"a": 1}, "note": "b"})
    list(line.client.create_all(request))
    last = line.service.backend.dags["example_daily"].runs[-1]
    assert (last.conf, last.note) == ({"a": 1, "day": "2022-12-31T00:00:00Z"}, "b")


PACED = GroupRequest(
    dag_id="example_daily",
    prefix="p",
    start_date="2020-01-01",
    end_date="2020-01-08",
    not_before="2025-02-01T00:00:00Z",
    pace="1/PT1H",
)
TURNS = [dt.datetime(2025, 2, 1, hour, tzinfo=UTC) for hour in range(8)]


def turns(line):
    """Return when each run may start, to the second, in the order of their dates."""
    stored = sorted(line.service.backend.dags["example_daily"].runs, key=lambda one: one.run.logical_date)
    return [one.run_after.replace(microsecond=0) for one in stored]


def test_a_pace_goes_on_over_the_steps(line):
    list(line.client.create_all(PACED, step=3))
    assert turns(line) == TURNS


def test_a_pace_holds_with_the_newest_date_first(line):
    list(line.client.create_all(GroupRequest(**{**fields(PACED), "order": "desc"}), step=3))
    assert turns(line) == TURNS[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("place", range(6))
def test_a_pace_holds_when_an_answer_is_lost(line, order, place):
    line.lose(*[None] * place, BROKEN)
    steps = list(line.client.create_all(GroupRequest(**{**fields(PACED), "order": order}), step=3))
    assert turns(line) == (TURNS if order == "asc" else TURNS[::-1])
    assert sum(len(step.created["dag_run_ids"]) + step.created["existing"] for step in steps) == 8


def test_a_pace_holds_over_listed_dates_when_an_answer_is_lost(line):
    days = [f"2020-01-{day:02}" for day in range(1, 9)]
    request = GroupRequest(**{**fields(PACED), "start_date": None, "end_date": None, "dates": days})
    line.lose(None, BROKEN, None, BROKEN)
    list(line.client.create_all(request, step=3))
    assert turns(line) == TURNS


def test_a_paced_step_without_a_free_date_creates_nothing(line):
    list(line.client.create_all(PACED))
    (step,) = line.client.create_all(PACED)
    assert step.created["dag_run_ids"] == []
    assert step.created["existing"] == 8


def test_a_plan_of_many_steps_has_the_runs_that_are_then_created(line):
    line.client.create(GroupRequest(dag_id="example_daily", prefix="p", start_date="2020-06-01", end_date="2020-06-03"))
    plans = list(line.client.plan_all(LONG))
    assert len(plans) == 3
    assert len(line.runs()) == 3
    steps = list(line.client.create_all(LONG))
    assert planned(plans) == created(steps)
    assert sum(plan["existing"] for plan in plans) == sum(step.created["existing"] for step in steps) == 3
    dates = [date for plan in plans for date in plan["plan"]]
    assert [date["action"] for date in dates].count("exists") == 3
    assert all(one["logical_date"] < two["logical_date"] for one, two in pairwise(dates))
    assert [date["run_id"] for date in dates if date["action"] == "create"] == created(steps)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [None, 4, 6])
def test_a_plan_shows_each_date_once(line, order, limit):
    line.client.create(GroupRequest(dag_id="example_daily", start_date="2020-01-04", end_date="2020-01-06"))
    request = GroupRequest(
        dag_id="example_daily", prefix="p", start_date="2020-01-01", end_date="2020-01-12", order=order
    )
    plans = list(line.client.plan_all(request, limit=limit, step=2))
    shown = [date["logical_date"][:10] for plan in plans for date in plan["plan"]]
    assert shown == sorted(set(shown), reverse=order == "desc")
    assert len(shown) == 12
    assert planned(plans) == created(line.client.create_all(request, limit=limit, step=2))


def test_dates_that_exist_are_counted_once_where_they_are_too_many_to_show(line):
    hourly = {"dag_id": "example_hourly", "prefix": "p"}
    list(line.client.create_all(GroupRequest(**hourly, start_date="2020-01-01", end_date="2020-03-01")))
    there = len(line.runs("example_hourly"))
    assert there > 1000
    wider = GroupRequest(**hourly, start_date="2020-01-01", end_date="2020-05-01")
    plans = list(line.client.plan_all(wider))
    assert sum(plan["existing"] for plan in plans) == there
    assert planned(plans) == created(line.client.create_all(wider))


def test_a_refusal_comes_from_the_step_that_meets_it(line):
    with pytest.raises(RefusedByService, match="backfill"):
        list(line.client.create_all(GroupRequest(**{**fields(LONG), "prefix": "my_backfill"})))


def fields(request):
    return {name: getattr(request, name) for name in request.__dataclass_fields__}
