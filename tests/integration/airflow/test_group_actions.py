"""What is done to a group in Airflow's tables: by Airflow's functions, in one transaction, with one entry in the audit log."""

import json
from dataclasses import replace

import pytest
from airflow import settings
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG, task
from sqlalchemy import delete, select, update

from airflow_run_groups.adapters.airflow import connect
from airflow_run_groups.adapters.airflow.compat import DagsOfRuns
from airflow_run_groups.adapters.airflow.writing import group_actions
from airflow_run_groups.domain import Cancel, GroupAction, Note, Retry, Which
from airflow_run_groups.entrypoints.settings import Settings
from tests.contracts.world import add, date, group_run, new_run
from tests.integration.airflow.conftest import DATABASE
from tests.integration.airflow.world import START

EVENTS = ("patch_dag_run", "clear_dag_run")


@pytest.fixture
def furnished(world):
    """Return a world with two queued runs of a DAG with a setup, two tasks and a teardown."""
    with DAG("a", schedule="0 0 * * *", start_date=START, catchup=False) as dag:
        steps = [task(task_id=name)(lambda: None) for name in ("prepare", "work", "report", "clean_up")]
        first, work, report, last = (step() for step in steps)
        first.as_setup() >> work >> report >> last.as_teardown(setups=first)
    world.register(dag)
    with world.sessions.begin() as session:
        session.execute(delete(Log))
    add(world, "a", *(new_run(group_run("g", day, day), date(day)) for day in (1, 2)))
    return world


def apply(world, action, **more):
    return world.groups.apply(GroupAction(dag_id="a", prefix="g", action=action, **more)).dag_run_ids


def states(world, number=1):
    query = select(TaskInstance.task_id, TaskInstance.state).where(
        TaskInstance.run_id == group_run("g", number, number)
    )
    with world.sessions() as session:
        return {task_id: state and str(state) for task_id, state in session.execute(query)}


def put(world, state, number=1, **tasks):
    run_id = group_run("g", number, number)
    with world.sessions.begin() as session:
        session.execute(update(DagRun).where(DagRun.run_id == run_id).values(state=state))
        for task_id, reached in tasks.items():
            same = (TaskInstance.run_id == run_id, TaskInstance.task_id == task_id)
            session.execute(update(TaskInstance).where(*same).values(state=reached))


def run(world, number=1):
    with world.sessions() as session:
        return session.scalar(select(DagRun).where(DagRun.run_id == group_run("g", number, number)))


def entries(world):
    with world.sessions() as session:
        return session.scalars(select(Log).where(Log.event.in_(EVENTS)).order_by(Log.id)).all()


def test_nothing_of_a_cancelled_run_that_had_not_started_is_left_to_run(furnished):
    apply(furnished, Cancel())
    assert set(states(furnished).values()) == {"skipped"}
    assert run(furnished).state == "failed"
    assert run(furnished).end_date is not None


def test_a_run_that_has_begun_is_still_torn_down(furnished):
    put(furnished, "running", prepare="success", work="running", report=None)
    put(furnished, "queued", 2, prepare="success", work="failed", report=None)
    assert len(apply(furnished, Cancel(running=True))) == 2
    assert states(furnished) == {"prepare": "success", "work": "failed", "report": "skipped", "clean_up": None}
    assert states(furnished, 2) == {"prepare": "success", "work": "failed", "report": "skipped", "clean_up": None}
    assert run(furnished).state == "running"


@pytest.mark.parametrize("waiting", ["scheduled", "queued", "up_for_retry"])
def test_tasks_that_wait_are_skipped_and_running_ones_failed(furnished, waiting):
    put(furnished, "running", prepare="success", work="running", report=waiting, clean_up="success")
    apply(furnished, Cancel(running=True), limit=1)
    assert states(furnished) == {"prepare": "success", "work": "failed", "report": "skipped", "clean_up": "success"}
    assert run(furnished).state == "failed"


def test_what_has_not_succeeded_runs_again_and_what_has_does_not(furnished):
    put(furnished, "failed", prepare="success", work="failed", report="skipped", clean_up="upstream_failed")
    put(furnished, "success", 2, prepare="success", work="success", report="success", clean_up="success")
    assert apply(furnished, Retry()) == (group_run("g", 1, 1),)
    after = states(furnished)
    after.pop("prepare")  # newer Airflows clear a task's setup with it
    assert after == {"work": None, "report": None, "clean_up": None}
    assert set(states(furnished, 2).values()) == {"success"}


def test_a_failed_run_all_of_whose_tasks_succeeded_runs_again_as_a_whole(furnished):
    put(furnished, "failed", prepare="success", work="success", report="success", clean_up="success")
    apply(furnished, Retry())
    assert set(states(furnished).values()) == {None}
    assert run(furnished).state == "queued"


def test_all_of_it_runs_again_when_asked(furnished):
    for number in (1, 2):
        put(furnished, "success", number, prepare="success", work="success", report="success", clean_up="success")
    assert len(apply(furnished, Retry(which=Which.ALL))) == 2
    assert set(states(furnished).values()) == set(states(furnished, 2).values()) == {None}


def test_a_run_without_tasks_is_left_out(furnished):
    furnished.run("a", group_run("g", 9, 9), logical_date=date(9), state="failed")
    assert apply(furnished, Retry()) == ()
    assert apply(furnished, Retry(), dry_run=True) == ()


def test_what_is_done_is_one_entry_under_the_event_of_airflows_own_endpoint(furnished):
    apply(furnished, Cancel(), dry_run=True)
    apply(furnished, Cancel(), requested_by="Ada")
    apply(furnished, Cancel(), requested_by="Ada")
    apply(furnished, Retry(), limit=1)
    apply(furnished, Note(note="why"))
    written = [(one.event, one.dag_id, one.run_id, one.owner, one.owner_display_name) for one in entries(furnished)]
    assert written == [
        ("patch_dag_run", "a", None, "Ada", "Ada"),
        ("clear_dag_run", "a", None, "anonymous", None),
        ("patch_dag_run", "a", None, "anonymous", None),
    ]
    first, last = (group_run("g", day, day) for day in (1, 2))
    both = {"prefix": "g", "dag_runs": 2, "first_run_id": first, "last_run_id": last}
    assert [json.loads(one.extra) for one in entries(furnished)] == [
        {**both, "state": "failed"},
        {**both, "dag_runs": 1, "last_run_id": first, "only_failed": True},
        {**both, "note": "why"},
    ]


@pytest.mark.parametrize("action", [Cancel(running=True), Retry(which=Which.ALL), Note(note="n")])
def test_it_is_done_with_its_entry_or_not_at_all(furnished, action, monkeypatch):
    ended = {"prepare": "success", "work": "running", "report": None, "clean_up": "success"}
    put(furnished, "success" if isinstance(action, Retry) else "running", **ended)
    before = states(furnished), run(furnished).state

    def fail(*_):
        reason = "the database is gone"
        raise OSError(reason)

    monkeypatch.setattr("airflow_run_groups.adapters.airflow.writing.group_actions._audit", fail)
    with pytest.raises(OSError, match="gone"):
        apply(furnished, action)
    assert (states(furnished), run(furnished).state) == before
    with furnished.sessions() as session:
        assert session.scalars(select(DagRunNote)).all() == []


@pytest.mark.parametrize("action", [Cancel(running=True), Retry(which=Which.ALL), Note(note="n")])
def test_airflow_opens_no_session_of_its_own_for_it(furnished, action, monkeypatch):
    put(furnished, "success" if isinstance(action, Retry) else "running", prepare="success", work="running")

    def refuse(*_, **__):
        reason = "a session of Airflow's own"
        raise AssertionError(reason)

    monkeypatch.setattr(settings, "Session", refuse)
    assert apply(furnished, action)


def test_a_step_without_time_does_one_run_and_its_entry_names_that_one(furnished):
    for action in (Cancel(), Retry(), Note(note="n")):
        group_action = GroupAction(dag_id="a", prefix="g", action=action)
        step = furnished.hurried_groups.apply(group_action)
        assert step.dag_run_ids == (group_run("g", 1, 1),)
        rest = furnished.hurried_groups.apply(replace(group_action, start=step.next_start))
        assert (rest.dag_run_ids, rest.next_start) == ((group_run("g", 2, 2),), None)
    written = [json.loads(entry.extra) for entry in entries(furnished)]
    assert [(entry["dag_runs"], entry["first_run_id"]) for entry in written] == 3 * [
        (1, group_run("g", day, day)) for day in (1, 2)
    ]


def test_a_step_ends_at_half_of_the_time_for_which_others_wait_for_its_locks(world):
    database = connect(
        replace(Settings().database, lock_timeout=6, sqlite_write_timeout=2), allow_unknown_schema=False
    ).database
    seconds = database.write("a", lambda _: database.seconds_for_a_step())
    database.engine.dispose()
    assert 0 < seconds <= (1 if DATABASE == "sqlite" else 3)


def test_a_run_is_locked_when_its_turn_comes(furnished, monkeypatch):
    free = select(DagRun.run_id).where(DagRun.dag_id == "a").with_for_update(skip_locked=True)
    seen = []

    def look(**_):
        with furnished.sessions() as session:
            seen.append(set(session.scalars(free)))

    monkeypatch.setattr(group_actions, "set_dag_run_state_to_failed", look)
    first, second = apply(furnished, Cancel())
    assert seen == ([{first, second}] * 2 if DATABASE == "sqlite" else [{second}, set()])


def test_a_run_that_is_in_another_state_when_its_turn_comes_is_left_out(furnished, monkeypatch):
    def start_the_first(session):
        session.execute(update(DagRun).where(DagRun.run_id == group_run("g", 1, 1)).values(state="running"))
        return DagsOfRuns(session)

    monkeypatch.setattr(group_actions, "DagsOfRuns", start_the_first)  # the runs have been found by then
    assert apply(furnished, Cancel()) == (group_run("g", 2, 2),)
    assert run(furnished).state == "running"
    assert set(states(furnished).values()) == {None}


def test_a_note_of_ours_does_not_bear_the_name_of_who_wrote_the_one_before(furnished):
    with furnished.sessions.begin() as session:
        one = session.scalar(select(DagRun).where(DagRun.run_id == group_run("g", 1, 1)))
        one.note = ("before", "somebody")
    apply(furnished, Note(note="after"))
    with furnished.sessions() as session:
        assert {(note.content, note.user_id) for note in session.scalars(select(DagRunNote))} == {("after", None)}
