"""A group behind a run that has failed: tasks that depend on the past wait for ever, and Airflow's own rule says so."""

import datetime as dt

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from sqlalchemy import delete, update

from airflow_run_groups.domain import GroupAction, Retry, WaitsFor
from tests.contracts.world import add, date, group_run, new_run
from tests.integration.airflow import versions
from tests.integration.airflow.world import START, AirflowWorld

NOW = dt.datetime(2999, 1, 1, tzinfo=dt.timezone.utc)
"""When the runs have been queued for long."""
GROUP = tuple(group_run("g", day, day) for day in range(1, 5))


def register(world, *, catchup=False, max_active_runs=2, tasks=("work", "report"), **depends):
    """Store the DAG, in which each task follows the one before, and depends on the past as ``depends`` says."""
    with DAG("a", schedule="0 0 * * *", start_date=START, catchup=catchup, max_active_runs=max_active_runs) as dag:
        before = None
        for task_id in tasks:
            task = EmptyOperator(task_id=task_id, **(depends if task_id == "work" else {}))
            if before is not None:
                before >> task
            before = task
    world.register(dag)


def create(world, *days, prefix="g"):
    add(world, "a", *(new_run(group_run(prefix, day, day), date(day)) for day in days))


def put(world, run_id, state, **tasks):
    with world.sessions.begin() as session:
        session.execute(update(DagRun).where(DagRun.run_id == run_id).values(state=state))
        for task_id, reached in tasks.items():
            same = (TaskInstance.run_id == run_id, TaskInstance.task_id == task_id)
            session.execute(update(TaskInstance).where(*same).values(state=reached))


def look(world):
    return world.groups.get("a", "g", now=NOW)


@pytest.fixture
def behind(world):
    """Return a world whose group has a run that failed, two that are running and one that is queued."""

    def furnish(**facts) -> AirflowWorld:
        register(world, **facts)
        create(world, 1, 2, 3, 4)
        put(world, GROUP[0], "failed", work="failed", report="upstream_failed")
        put(world, GROUP[1], "running")
        put(world, GROUP[2], "running")
        return world

    return furnish


def test_a_group_behind_its_own_failed_run_has_no_expected_end(behind):
    world = behind(depends_on_past=True)
    progress = look(world)
    assert progress.previous_run_id == GROUP[0]
    assert progress.waiting_for == (WaitsFor.PREVIOUS_RUN, WaitsFor.DAG_MAX_ACTIVE_RUNS)
    assert progress.expected_end is None


def test_without_depends_on_past_a_failed_run_blocks_none(behind):
    assert look(behind()).previous_run_id is None


def test_wait_for_downstream_waits_for_what_follows_the_task(behind):
    world = behind(wait_for_downstream=True)
    put(world, GROUP[0], "failed", work="success", report="failed")
    assert look(world).previous_run_id == GROUP[0]


def test_depends_on_past_does_not(behind):
    world = behind(depends_on_past=True)
    put(world, GROUP[0], "failed", work="success", report="failed")
    assert look(world).previous_run_id is None


def test_a_task_that_is_done_waits_for_nothing(behind):
    world = behind(depends_on_past=True)
    put(world, GROUP[1], "running", work="success", report="running")
    assert look(world).previous_run_id is None


@pytest.mark.parametrize("state", ["success", "skipped"])
def test_a_failed_run_that_is_repaired_lets_the_others_go_on(behind, state):
    world = behind(depends_on_past=True)
    put(world, GROUP[0], "success", work=state, report=state)
    assert look(world).previous_run_id is None
    assert look(world).waiting_for == (WaitsFor.DAG_MAX_ACTIVE_RUNS,)


if versions.FORMER_TRIES:

    def test_a_former_try_that_failed_holds_up_no_run(behind):
        world = behind(depends_on_past=True)
        put(world, GROUP[0], "failed", work="failed", report="upstream_failed")
        world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry(), limit=1))
        put(world, GROUP[0], "success", work="success", report="success")
        assert world.count_tasks() < world.count_tries()
        assert look(world).previous_run_id is None

    def test_a_former_try_that_waited_waits_no_more(behind):
        world = behind(depends_on_past=True)
        with world.sessions.begin() as session:
            former = update(TaskInstance).where(TaskInstance.run_id.in_(GROUP[1:3]), TaskInstance.task_id == "work")
            session.execute(former.values(working_set=None))
        assert look(world).previous_run_id is None


def test_a_task_that_the_run_before_does_not_have_waits_for_ever(behind):
    world = behind(depends_on_past=True)
    put(world, GROUP[0], "success", work="success", report="success")
    with world.sessions.begin() as session:
        session.execute(delete(TaskInstance).where(TaskInstance.run_id == GROUP[0], TaskInstance.task_id == "work"))
    assert look(world).previous_run_id == GROUP[0]


def test_ignore_first_depends_on_past_lets_it_go_on(behind):
    world = behind(depends_on_past=True, ignore_first_depends_on_past=True)
    put(world, GROUP[0], "success", work="success", report="success")
    with world.sessions.begin() as session:
        session.execute(delete(TaskInstance).where(TaskInstance.run_id == GROUP[0], TaskInstance.task_id == "work"))
    assert look(world).previous_run_id is None


def test_a_group_is_blocked_by_a_run_that_something_else_made(world):
    register(world, depends_on_past=True)
    world.run("a", "scheduled__1", logical_date=date(1), run_type="scheduled", state="failed")
    create(world, 2)
    put(world, GROUP[1], "running")
    assert look(world).previous_run_id == "scheduled__1"


def test_with_catchup_manual_runs_are_behind_no_manual_run(behind):
    world = behind(depends_on_past=True, catchup=True)
    assert look(world).previous_run_id is None
    world.run("a", "scheduled__0", logical_date=date(0), run_type="scheduled", state="failed")
    assert look(world).previous_run_id == "scheduled__0"


def test_a_group_whose_places_are_taken_by_blocked_runs_of_others_cannot_move(world):
    register(world, depends_on_past=True, max_active_runs=1)
    create(world, 11, 12, prefix="others")
    create(world, 1)
    put(world, group_run("others", 11, 11), "failed", work="failed", report="upstream_failed")
    put(world, group_run("others", 12, 12), "running")
    progress = look(world)
    assert progress.previous_run_id == group_run("others", 11, 11)
    assert progress.expected_end is None


def test_runs_that_wait_for_a_queued_one_and_have_all_the_places_cannot_move(world):
    register(world, depends_on_past=True)
    create(world, 1, 2, 3)
    put(world, GROUP[1], "running")
    put(world, GROUP[2], "running")
    assert look(world).previous_run_id == GROUP[0]
    register(world, depends_on_past=True, max_active_runs=3)
    assert look(world).previous_run_id is None


def test_runs_in_their_order_wait_for_none_for_ever(world):
    register(world, depends_on_past=True)
    create(world, 1, 2, 3)
    put(world, GROUP[0], "running", work="running")
    put(world, GROUP[1], "running")
    assert look(world).previous_run_id is None


def test_a_dag_that_cannot_be_read_still_has_its_groups(behind, caplog):
    world = behind(depends_on_past=True)
    with world.sessions.begin() as session:
        session.execute(update(SerializedDagModel).values(_data={"__version": 99}, _data_compressed=None))
    assert [look(world).previous_run_id for _ in range(2)] == [None, None]
    assert caplog.text.count("cannot read DAG") == 1


def test_a_look_takes_few_statements_and_fewer_when_all_has_ended(behind):
    world = behind()
    look(world)
    assert world.count_statements(lambda: look(world)) <= 6
    for run_id in GROUP:
        put(world, run_id, "success")
    assert world.count_statements(lambda: look(world)) <= 3


def test_a_limit_of_no_runs_is_told(world):
    register(world)
    create(world, 1)
    with world.sessions.begin() as session:
        session.execute(update(DagModel).values(max_active_runs=0))
    progress = look(world)
    assert (progress.max_active_runs, progress.expected_end) == (0, None)
    assert progress.waiting_for == (WaitsFor.DAG_MAX_ACTIVE_RUNS,)
