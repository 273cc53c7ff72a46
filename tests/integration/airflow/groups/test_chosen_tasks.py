"""A retry of tasks clears these and what is downstream of them, as Airflow's own clear does."""

import json

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG, task
from sqlalchemy import delete, select, update

from airflow_run_groups.domain import GroupAction, Refused, Retry, Which
from tests.contracts.world import add, date, group_run, new_run
from tests.integration.airflow.world import START

RUNS = tuple(group_run("g", day, day) for day in (1, 2, 3))


def dag_of(*names, **more):
    """Return a DAG whose tasks follow on each other, and one that stands beside them."""
    with DAG("a", schedule="0 0 * * *", start_date=START, catchup=False, **more) as dag:
        before = None
        for name in names:
            now = task(task_id=name)(lambda: None)()
            if before is not None:
                before >> now
            before = now
        task(task_id="beside")(lambda: None)()
    return dag


@pytest.fixture
def failed(world):
    """Return a world with three runs of extract, load, report that have failed at the last task."""
    world.register(dag_of("extract", "load", "report"))
    add(world, "a", *(new_run(run_id, date(day)) for day, run_id in enumerate(RUNS, start=1)))
    with world.sessions.begin() as session:
        session.execute(delete(Log))
        session.execute(update(TaskInstance).values(state="success"))
        session.execute(update(TaskInstance).where(TaskInstance.task_id == "report").values(state="failed"))
        session.execute(update(DagRun).values(state="failed"))
    return world


def retry(world, *tasks, which=None, **more):
    return world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry(tasks=tasks, which=which), **more))


def states(world, number):
    query = select(TaskInstance.task_id, TaskInstance.state).where(TaskInstance.run_id == RUNS[number - 1])
    with world.sessions() as session:
        return {task_id: state and str(state) for task_id, state in session.execute(query)}


UNTOUCHED = {"extract": "success", "load": "success", "report": "failed", "beside": "success"}


def test_chosen_tasks_of_chosen_runs_run_again_with_what_is_downstream_and_nothing_else(failed):
    assert retry(failed, "load", run_ids=RUNS[1:2]).dag_run_ids == RUNS[1:2]
    assert states(failed, 2) == {"extract": "success", "load": None, "report": None, "beside": "success"}
    assert states(failed, 1) == states(failed, 3) == UNTOUCHED


def test_a_dry_run_clears_nothing(failed):
    assert retry(failed, "extract", dry_run=True).dag_run_ids == RUNS
    assert [states(failed, number) for number in (1, 2, 3)] == [UNTOUCHED] * 3


def test_runs_that_have_succeeded_are_taken_when_all_are_asked_for(failed):
    with failed.sessions.begin() as session:
        session.execute(update(DagRun).where(DagRun.run_id == RUNS[0]).values(state="success"))
    assert retry(failed, "beside", dates=(date(1), date(2))).dag_run_ids == RUNS[1:2]
    assert retry(failed, "beside", dates=(date(1),), which=Which.ALL).dag_run_ids == RUNS[:1]
    assert states(failed, 1)["beside"] is None
    assert states(failed, 1)["report"] == "failed"


def test_a_task_that_no_run_has_is_refused_with_those_that_are_known(failed):
    with pytest.raises(Refused, match=r"tasks has 'lode', which DAG 'a' .* known are beside, extract, load, report"):
        retry(failed, "load", "lode")
    assert states(failed, 1) == UNTOUCHED


def test_a_run_without_an_instance_of_the_tasks_is_left_out(failed):
    with failed.sessions.begin() as session:
        session.execute(delete(TaskInstance).where(TaskInstance.run_id == RUNS[0], TaskInstance.task_id != "extract"))
    result = retry(failed, "load")
    assert result.dag_run_ids == RUNS[1:]
    assert result.warnings == (f"1 run left out, such as {RUNS[0]}: without all of the tasks",)


def test_the_audit_log_has_the_tasks(failed):
    retry(failed, "load", limit=1)
    with failed.sessions() as session:
        (entry,) = session.scalars(select(Log).where(Log.event == "clear_dag_run"))
    told = json.loads(entry.extra)
    assert (told["task_ids"], told["include_downstream"], told["dag_runs"]) == (["load"], True, 1)
