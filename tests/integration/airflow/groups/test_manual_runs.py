"""What docs/migration.md says of the places in which Airflow treats manual runs, and so groups, in its own way."""

import datetime as dt

import pendulum
import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.sdk import DAG
from airflow.ti_deps.dep_context import DepContext
from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep
from airflow.timetables.trigger import CronTriggerTimetable
from sqlalchemy import select

from airflow_run_groups.domain import CreateRuns, GroupRequest
from tests.contracts.creation import Anyone
from tests.contracts.world import NOW, date, facts


def create(world, **request):
    return CreateRuns(world.runs, lambda: NOW).create(GroupRequest(dag_id="a_dag", **request), Anyone())


def may_start(world, dag, run_id):
    """Tell whether Airflow's own check of the past lets the run's task start."""
    with world.sessions() as session:
        task = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run_id)).one()
        task.task = dag.get_task(task.task_id)
        return PrevDagrunDep().is_met(ti=task, dep_context=DepContext(), session=session)


def test_a_range_of_a_trigger_timetable_with_an_interval_goes_by_logical_date_and_airflows_by_start(world):
    timetable = CronTriggerTimetable("0 0 * * *", timezone="UTC", interval=dt.timedelta(days=1))
    with DAG("a_dag", schedule=timetable, start_date=date(1)) as dag:
        EmptyOperator(task_id="work")
    dag = world.register(dag)
    created = create(world, start_date=date(5), end_date=date(7))
    airflows = list(dag.iter_dagrun_infos_between(pendulum.instance(date(5)), pendulum.instance(date(7))))
    assert [run.logical_date for run in created.runs] == [date(5), date(6), date(7)]
    assert [run.run_after for run in created.runs] == [date(6), date(7), date(8)]
    assert [info.run_after for info in airflows] == [date(5), date(6), date(7)]


@pytest.mark.parametrize(("catchup", "first_day", "waits"), [(True, 2, False), (True, 1, True), (False, 2, True)])
def test_with_depends_on_past_a_run_waits_for_the_one_before_unless_it_is_manual_and_the_dag_catches_up(
    world, catchup, first_day, waits
):
    dag = world.dag(catchup=catchup, depends_on_past=True, start_date=date(1))
    created = create(world, start_date=date(first_day), end_date=date(first_day + 2))
    assert ("do not wait for each other" in " ".join(created.warnings)) is not waits
    first, *others = (run.run_id for run in created.runs)
    assert may_start(world, dag, first)
    assert [may_start(world, dag, run_id) for run_id in others] == [not waits] * 2


def test_with_depends_on_past_and_catchup_the_last_scheduled_run_counts(world):
    dag = world.dag(catchup=True, depends_on_past=True, start_date=date(1))
    world.run("a_dag", "scheduled__x", logical_date=date(1), run_type="scheduled", state="failed")
    created = create(world, start_date=date(2), end_date=date(3))
    assert [may_start(world, dag, run.run_id) for run in created.runs] == [False, False]


@pytest.mark.parametrize(("run_type", "passes"), [("manual", {"work"}), ("scheduled", set()), ("backfill", set())])
def test_a_latest_only_operator_lets_manual_runs_of_past_dates_pass(run_type, passes):
    with DAG("a_dag", schedule="@daily", start_date=date(1)):
        latest = LatestOnlyOperator(task_id="latest")
        latest >> EmptyOperator(task_id="work")
    day = date(2)
    run = DagRun(dag_id="a_dag", run_id="x", logical_date=day, run_after=day, run_type=run_type)
    run.data_interval_start, run.data_interval_end = day, day + dt.timedelta(days=1)
    assert set(latest.choose_branch({"dag_run": run})) == passes


def test_unfinished_runs_are_counted_as_airflow_counts_them_for_max_active_runs(world):
    world.dag()
    kinds = ("manual", "scheduled", "backfill")
    states = ("queued", "running", "success", "failed")
    for day, (kind, state) in enumerate(((kind, state) for kind in kinds for state in states), 1):
        world.run("a_dag", f"r{day}", logical_date=date(day), run_type=kind, state=state)
    with world.sessions() as session:
        counts = DagRun.active_runs_of_dags(dag_ids=["a_dag"], exclude_backfill=True, session=session)
    assert facts(world, "a_dag").unfinished_runs == counts["a_dag"] == 4


def test_a_group_that_was_cancelled_counts_for_max_consecutive_failed_dag_runs(world):
    world.dag()
    for day in (1, 2, 3):
        world.run("a_dag", f"r{day}", logical_date=date(day), state="failed")
    with world.sessions() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == "r3")).one()
        run._check_last_n_dagruns_failed("a_dag", 3, session)  # noqa: SLF001 - called when a run of the DAG fails
        session.commit()
    assert [dag.is_paused for dag in world.dags.list(readable=None)] == [True]
