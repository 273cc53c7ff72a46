"""Each run has the type that costs its DAG no scheduled run, and says why."""

import pytest

from airflow_run_groups.domain import Dag, DagRun, DagRunType, TaskWindow
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
