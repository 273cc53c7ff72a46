"""Groups of any size, in steps."""

import datetime as dt
from itertools import pairwise

import pytest

from airflow_run_groups.adapters.client import GroupRequest, RefusedByService, Unreachable, stretches_of
from airflow_run_groups.domain.planning import summary
from tests.unit.client.network import BROKEN, REFUSED, TIMED_OUT, error_response
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


def test_range_is_created_in_steps_of_500(network):
    steps = list(network.client.create_all(LONG))
    assert [len(step.created["dag_run_ids"]) for step in steps] == [500, 500, 96]
    assert created(steps) == network.runs() == ids_of("2020-01-01", 1096)
    assert steps[-1].rest is None
    assert [body["end_date"] for body in network.bodies] == ["2022-12-31"] * 3


def test_order_desc(network):
    steps = list(network.client.create_all(GroupRequest(**{**fields(LONG), "order": "desc"})))
    assert created(steps) == network.runs() == ids_of("2022-12-31", 1096, by=-1)


def test_short_range_is_one_request(network):
    (step,) = network.client.create_all(
        GroupRequest(dag_id="example_daily", prefix="p", start_date=dt.date(2024, 12, 1).isoformat())
    )
    assert len(step.created["dag_run_ids"]) == 32
    assert "end_date" not in network.bodies[0]


def test_range_without_end_ends_at_the_same_moment_for_all_steps(network):
    steps = network.client.create_all(
        GroupRequest(dag_id="example_daily", prefix="p", start_date=dt.datetime(2022, 1, 1, tzinfo=UTC))
    )
    assert len(created(steps)) == (NOW - dt.datetime(2022, 1, 1, tzinfo=UTC)).days + 1
    first, second, third = network.bodies
    assert first["start_date"] == "2022-01-01T00:00:00+00:00"
    assert "end_date" not in first
    assert second["end_date"] == third["end_date"] > "2025"


@pytest.mark.parametrize(
    "request_",
    [GroupRequest(dag_id="example_unscheduled", start_date="2024-12-01"), GroupRequest(dag_id="example_daily")],
)
def test_one_run_is_one_request(network, request_):
    (step,) = network.client.create_all(request_)
    assert len(step.created["dag_run_ids"]) == 1
    assert step.rest is None


def test_rest_continues_the_group(network):
    first = next(network.client.create_all(LONG))
    assert network.runs() == ids_of("2020-01-01", 500)
    assert first.rest.start_date == "2021-05-15T00:00:00Z"
    list(network.client.create_all(first.rest))
    assert network.runs() == ids_of("2020-01-01", 1096)


def test_create_all_is_lazy(network):
    network.client.create_all(LONG)
    assert network.requests == []


@pytest.mark.parametrize("fault", [REFUSED, TIMED_OUT, BROKEN, error_response(503)])
def test_every_date_gets_its_run_in_spite_of_faults(network, fault):
    network.inject(fault, None, fault, fault)
    list(network.client.create_all(LONG))
    assert network.runs() == ids_of("2020-01-01", 1096)


def test_step_that_takes_too_long_is_halved(network):
    network.slow_above = 130
    list(network.client.create_all(LONG))
    assert network.runs() == ids_of("2020-01-01", 1096)
    assert [body["limit"] for body in network.bodies][:4] == [500, 250, 125, 125]
    assert network.pauses == []
    assert [retry.reason for retry in network.retries[:2]] == [
        "request fewer at a time; 250 at a time",
        "request fewer at a time; 125 at a time",
    ]


def test_steps_grow_again_carefully(network):
    network.slow_above = 10
    list(network.client.create_all(LONG, limit=300, step=16))
    sizes = [body["limit"] for body in network.bodies]
    too_large = [place for place, size in enumerate(sizes) if size > 10]
    assert too_large == [0, 9, 26]
    network.slow_above = None
    list(network.client.create_all(LONG, limit=300, step=16))
    assert network.bodies[-1]["limit"] > 8


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_paced_and_listed_steps_that_take_too_long_are_halved(network, order):
    network.slow_above = 2
    list(network.client.create_all(GroupRequest(**{**fields(PACED), "order": order}), step=8))
    assert turns(network) == (TURNS if order == "asc" else TURNS[::-1])
    days = [f"2021-01-{day:02}" for day in range(1, 9)]
    confs = [{"day": day} for day in days]
    list(network.client.create_all(GroupRequest(dag_id="example_daily", prefix="q", dates=days, conf_per_run=confs)))
    stored = network.service.backend.dags["example_daily"].runs[8:]
    assert [(run.run.logical_date.date().isoformat(), run.conf) for run in stored] == [*zip(days, confs, strict=True)]


def test_one_run_that_takes_too_long_is_retried_like_any_other_request(network):
    network.slow_above = 0
    with pytest.raises(Unreachable) as caught:
        list(network.client.create_all(LONG, step=4))
    assert caught.value.reason == "deadline_exceeded"
    assert caught.value.nothing_was_done
    assert network.runs() == []
    assert network.pauses


def test_one_run_now_is_no_step_that_could_be_smaller(network):
    network.inject(*[error_response(503, "ask for fewer", reason="deadline_exceeded")] * 100)
    with pytest.raises(Unreachable):
        list(network.client.create_all(GroupRequest(dag_id="example_daily")))
    assert sum(network.pauses) <= 60


def test_summary_has_what_plans_and_creations_have(network):
    network.client.create(
        GroupRequest(dag_id="example_daily", prefix="p", start_date="2020-06-01", end_date="2020-06-03")
    )
    network.requests.clear()
    short = network.client.summarise(LONG)
    assert len(network.requests) == 1
    assert [(one["action"], one["first"], one["last"], one["total"]) for one in short["stretches"]] == [
        ("create", "2020-01-01T00:00:00Z", "2020-05-31T00:00:00Z", 152),
        ("exists", "2020-06-01T00:00:00Z", "2020-06-03T00:00:00Z", 3),
        ("create", "2020-06-04T00:00:00Z", "2022-12-31T00:00:00Z", 941),
    ]
    assert short["existing"] == 3
    assert short["next_start_date"] is None
    plans = list(network.client.plan_all(LONG))
    assert short["stretches"] == stretches_of(date for plan in plans for date in plan["plan"])
    ids = created(network.client.create_all(LONG))
    assert (short["first_run_id"], short["last_run_id"]) == (ids[0], ids[-1])
    assert short["counts"]["create"] == len(ids)


def test_summary_of_a_limit(network):
    short = network.client.summarise(LONG, limit=7)
    assert short["counts"] == {"create": 7, "rerun": 0, "exists": 0, "left_out": 1089, "not_yet": 0, "no_tasks": 0}
    assert short["next_start_date"] == "2020-01-08T00:00:00Z"


def test_summary_is_joined_from_its_parts(network, monkeypatch):
    monkeypatch.setattr(summary, "MAX_DATES", 400)
    parts = network.client.summarise(LONG)
    assert len(network.requests) == 3
    assert [one["total"] for one in parts["stretches"]] == [1096]
    assert [body["planned"] for body in network.bodies] == [0, 400, 800]
    assert parts["last_run_id"] == ids_of("2020-01-01", 1096)[-1]
    (warning,) = [one for one in parts["warnings"] if "may start at the same time" in one]
    assert warning.startswith("1096 runs"), "the last part counts those before it"


def test_failed_step_leaves_the_steps_before(network):
    network.inject(None, error_response(500, "the service failed"))
    done = []
    with pytest.raises(Unreachable):
        done.extend(network.client.create_all(LONG))
    assert network.runs() == ids_of("2020-01-01", 500)


def test_limit_counts_over_all_steps(network):
    steps = list(network.client.create_all(LONG, limit=7, step=3))
    assert [len(step.created["dag_run_ids"]) for step in steps] == [3, 3, 1]
    assert steps[-1].rest.start_date == "2020-01-08T00:00:00Z"


def test_listed_dates_are_split_with_their_confs(network):
    days = [(dt.date(2020, 1, 1) + dt.timedelta(days=day)).isoformat() for day in range(1001)]
    confs = [{"day": day} for day in days]
    steps = list(
        network.client.create_all(GroupRequest(dag_id="example_daily", prefix="p", dates=days, conf_per_run=confs))
    )
    assert created(steps) == ids_of("2020-01-01", 1001)
    assert [len(body["dates"]) for body in network.bodies] == [500, 500, 1]
    stored = network.service.backend.dags["example_daily"].runs
    assert [run.conf for run in stored] == confs


@pytest.mark.parametrize("confs", [2, 4])
@pytest.mark.parametrize("begin", ["create_all", "plan_all"])
def test_conf_per_run_of_other_length_is_unsendable(network, begin, confs):
    days = ["2020-01-01", "2020-01-02", "2020-01-03"]
    request = GroupRequest(dag_id="example_daily", dates=days, conf_per_run=[{}] * confs)
    with pytest.raises(ValueError, match=f"conf_per_run has {confs} objects for 3 dates"):
        next(getattr(network.client, begin)(request, step=1))
    assert network.requests == []


@pytest.mark.parametrize("again", ["2020-01-01", dt.datetime(2020, 1, 2, tzinfo=UTC)])
def test_duplicate_date_is_unsendable(network, again):
    days = ["2020-01-01", dt.datetime(2020, 1, 2, tzinfo=UTC), "2020-01-03", again]
    with pytest.raises(ValueError, match=r"the date 2020-01-0.* is there more than once"):
        next(network.client.create_all(GroupRequest(dag_id="example_daily", dates=days), step=1))
    assert network.requests == []


def test_template_of_conf_serves_all_steps(network):
    request = GroupRequest(**{**fields(LONG), "conf_per_run": {"day": "{logical_date}"}, "conf": {"a": 1}, "note": "b"})
    list(network.client.create_all(request))
    last = network.service.backend.dags["example_daily"].runs[-1]
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


def turns(network):
    """Return when each run may start, to the second, in the order of their dates."""
    stored = sorted(network.service.backend.dags["example_daily"].runs, key=lambda one: one.run.logical_date)
    return [one.run_after.replace(microsecond=0) for one in stored]


def test_pace_continues_over_steps(network):
    list(network.client.create_all(PACED, step=3))
    assert turns(network) == TURNS


def test_pace_with_order_desc(network):
    list(network.client.create_all(GroupRequest(**{**fields(PACED), "order": "desc"}), step=3))
    assert turns(network) == TURNS[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("place", range(6))
def test_pace_holds_after_a_lost_response(network, order, place):
    network.inject(*[None] * place, BROKEN)
    steps = list(network.client.create_all(GroupRequest(**{**fields(PACED), "order": order}), step=3))
    assert turns(network) == (TURNS if order == "asc" else TURNS[::-1])
    assert sum(len(step.created["dag_run_ids"]) + step.created["existing"] for step in steps) == 8


def test_pace_of_listed_dates_holds_after_a_lost_response(network):
    days = [f"2020-01-{day:02}" for day in range(1, 9)]
    request = GroupRequest(**{**fields(PACED), "start_date": None, "end_date": None, "dates": days})
    network.inject(None, BROKEN, None, BROKEN)
    list(network.client.create_all(request, step=3))
    assert turns(network) == TURNS


def test_paced_step_without_a_free_date(network):
    list(network.client.create_all(PACED))
    (step,) = network.client.create_all(PACED)
    assert step.created["dag_run_ids"] == []
    assert step.created["existing"] == 8


def test_plan_all_has_the_runs_of_create_all(network):
    network.client.create(
        GroupRequest(dag_id="example_daily", prefix="p", start_date="2020-06-01", end_date="2020-06-03")
    )
    plans = list(network.client.plan_all(LONG))
    assert len(plans) == 3
    assert len(network.runs()) == 3
    steps = list(network.client.create_all(LONG))
    assert planned(plans) == created(steps)
    assert sum(plan["existing"] for plan in plans) == sum(step.created["existing"] for step in steps) == 3
    dates = [date for plan in plans for date in plan["plan"]]
    assert [date["action"] for date in dates].count("exists") == 3
    assert all(one["logical_date"] < two["logical_date"] for one, two in pairwise(dates))
    assert [date["run_id"] for date in dates if date["action"] == "create"] == created(steps)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [None, 4, 6])
def test_plan_all_has_each_date_once(network, order, limit):
    network.client.create(GroupRequest(dag_id="example_daily", start_date="2020-01-04", end_date="2020-01-06"))
    request = GroupRequest(
        dag_id="example_daily", prefix="p", start_date="2020-01-01", end_date="2020-01-12", order=order
    )
    plans = list(network.client.plan_all(request, limit=limit, step=2))
    shown = [date["logical_date"][:10] for plan in plans for date in plan["plan"]]
    assert shown == sorted(set(shown), reverse=order == "desc")
    assert len(shown) == 12
    assert planned(plans) == created(network.client.create_all(request, limit=limit, step=2))


def test_plan_all_counts_existing_dates_once(network):
    hourly = {"dag_id": "example_hourly", "prefix": "p"}
    list(network.client.create_all(GroupRequest(**hourly, start_date="2020-01-01", end_date="2020-03-01")))
    there = len(network.runs("example_hourly"))
    assert there > 1000
    wider = GroupRequest(**hourly, start_date="2020-01-01", end_date="2020-05-01")
    plans = list(network.client.plan_all(wider))
    assert sum(plan["existing"] for plan in plans) == there
    assert planned(plans) == created(network.client.create_all(wider))


def test_refusal_of_a_step(network):
    with pytest.raises(RefusedByService, match="backfill"):
        list(network.client.create_all(GroupRequest(**{**fields(LONG), "prefix": "my_backfill"})))


def fields(request):
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def test_steps_after_the_first_add_to_its_group(network):
    steps = list(network.client.create_all(GroupRequest(**{**fields(LONG), "new_group": True})))
    assert [body["new_group"] for body in network.bodies] == [True, False, False]
    assert len(created(steps)) == 1096
    assert "exists already" not in str(steps)
    with pytest.raises(RefusedByService) as caught:
        next(network.client.create_all(GroupRequest(**{**fields(LONG), "new_group": True, "start_date": "2020-01-05"})))
    assert caught.value.status == 409


@pytest.mark.parametrize("fault", [BROKEN, TIMED_OUT])
def test_a_new_group_is_the_same_after_a_lost_response(network, fault):
    network.inject(fault)
    steps = list(network.client.create_all(GroupRequest(**{**fields(LONG), "new_group": True})))
    assert network.runs() == ids_of("2020-01-01", 1096)
    assert steps[0].created["existing"] == 500


@pytest.mark.parametrize(("prefix", "group"), [("p", "p"), ("p_", "p"), ("p__", "p_"), ("manual_", "manual")])
def test_a_request_names_its_group(network, prefix, group):
    request = GroupRequest(dag_id="example_daily", prefix=prefix, start_date="2024-12-01")
    list(network.client.create_all(request))
    assert request.group == group
    assert network.client.group("example_daily", request.group)["runs"] == 32
