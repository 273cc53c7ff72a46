"""Each run has the type that costs its DAG no scheduled run, and says why."""

import pytest

from airflow_run_groups.domain import Dag, DagRun, DagRunType, Order, TaskWindow
from tests.unit.domain.schedules import NOW, Listed, Unscheduled, create, day, plan, summary

RANGE = {"start_date": day(1), "end_date": day(3)}


def types(**facts):
    return [run.run_type.value for run in create(**facts).runs]


def dag(**facts):
    return Dag(dag_id="a_dag", **facts)


def test_runs_of_a_schedule_without_catchup_are_backfill_runs_that_do_not_count():
    assert types(**RANGE) == ["backfill"] * 3


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"is_scheduled": False}, "no schedule"),
        ({"catchup": True}, "catchup=True"),
        ({"allows_backfill_runs": False}, "does not allow backfill runs"),
        ({"has_latest_only": True}, "LatestOnlyOperator"),
        ({"counts_from_last_run": True}, "counts from its last run"),
        ({"counts_from_last_run": True, "latest_automated": day(2)}, "counts from its last run"),
    ],
)
def test_a_dag_that_a_backfill_run_would_harm_has_manual_runs(facts, reason):
    planned = plan(dag=dag(**facts), start_date=day(3), end_date=day(3))
    assert [date.run_type for date in planned.dates] == ["manual"]
    assert reason in planned.dates[0].run_type_reason


def test_the_type_is_decided_run_by_run():
    windows = frozenset({TaskWindow(None, None), TaskWindow(day(2), None)})
    assert types(dag=dag(task_windows=windows), **RANGE) == ["manual", "backfill", "backfill"]
    counting = dag(counts_from_last_run=True, latest_automated=day(2))
    assert types(dag=counting, **RANGE) == ["backfill", "backfill", "manual"]
    listed = (day(1), day(2).replace(hour=5), day(3))
    assert sorted(types(dates=listed, timetable=Listed([day(1), day(2), day(3)]))) == ["backfill", "backfill", "manual"]


def of_catchup(latest=None, start=None, *, existing=(), **request):
    """Return the types of the runs of 3 to 5 January, of a DAG with catchup that has a date each day from the 1st on."""
    facts = dag(catchup=True, latest_automated=latest, start_date=start)
    request = {"start_date": day(3), "end_date": day(5), **request}
    return types(
        dag=facts, timetable=Listed([day(number) for number in range(1, 9)]), existing_dates=existing, **request
    )


@pytest.mark.parametrize("latest", [{"latest": day(2)}, {"start": day(3)}])
def test_the_next_dates_of_a_schedule_with_catchup_are_backfill_runs_as_it_goes_on_behind_them(latest):
    assert of_catchup(**latest) == ["backfill"] * 3
    assert of_catchup(**latest, existing=[day(3)]) == ["backfill"] * 2


@pytest.mark.parametrize("latest", [{"latest": day(1)}, {"start": day(2)}, {}])
def test_a_schedule_with_catchup_that_would_leave_out_a_date_has_manual_runs(latest):
    assert of_catchup(**latest) == ["manual"] * 3


def test_dates_that_are_not_next_or_come_in_another_order_are_manual_with_catchup():
    assert of_catchup(day(2), order=Order.DESC) == ["manual"] * 3
    assert of_catchup(day(4)) == ["manual", "manual", "backfill"]
    assert of_catchup(day(8)) == ["manual"] * 3
    assert types(dag=dag(catchup=True, latest_automated=day(2)), dates=(day(3), day(4))) == ["manual"] * 2


def test_behind_a_date_without_a_task_runs_are_manual_with_catchup():
    facts = dag(catchup=True, latest_automated=day(2), task_windows=frozenset({TaskWindow(day(4), None)}))
    planned = plan(dag=facts, timetable=Listed([day(3), day(4), day(5)]), start_date=day(3), end_date=day(5))
    assert [(date.action.value, date.run_type) for date in planned.dates] == [
        ("no_tasks", None),
        ("create", "manual"),
        ("create", "manual"),
    ]


def test_a_single_run_now_and_dates_off_the_schedule_are_manual():
    assert types() == ["manual"]
    planned = plan(dates=(day(2).replace(hour=5),))
    assert planned.dates[0].run_type_reason == "the date is none of the DAG's schedule"
    assert types(timetable=Unscheduled(), dag=dag(is_scheduled=False), start_date=day(3)) == ["manual"]


def test_a_request_may_name_the_type():
    for run_type in (DagRunType.MANUAL, DagRunType.BACKFILL):
        planned = plan(dag=dag(catchup=True), run_type=run_type, **RANGE)
        assert {date.run_type for date in planned.dates} == {run_type.value}
        assert {date.run_type_reason for date in planned.dates} == {"the request says so"}


def test_dates_that_get_no_run_have_no_type_to_explain():
    planned = plan(existing_dates=[day(2)], **RANGE)
    assert [date.run_type_reason is None for date in planned.dates] == [False, True, False]


def test_a_plan_in_several_parts_counts_the_runs_before():
    busy = dag(max_active_runs=5, catchup=True)
    assert summary(dag=busy, planned=1, **RANGE).plan.warnings == ()
    (warning,) = summary(dag=busy, planned=2, **RANGE).plan.warnings
    assert "at least as many unfinished runs as its max_active_runs (5)" in warning


def test_backfill_runs_of_ours_are_externally_triggered_and_airflows_are_not():
    run = DagRun(1, "a", "x", "queued", "backfill", NOW)
    assert not run.external_trigger
    assert run._replace(is_of_api=True).external_trigger
