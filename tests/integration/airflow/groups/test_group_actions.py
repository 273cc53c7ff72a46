"""What is done to a group in Airflow's tables: by Airflow's functions, in one transaction, with one entry in the audit log."""

import json
from dataclasses import replace

import pytest
from airflow import settings
from airflow.listeners import hookimpl
from airflow.listeners.listener import get_listener_manager
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.log import Log
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG, task
from sqlalchemy import delete, select, update

from airflow_run_groups.adapters.airflow import connect
from airflow_run_groups.adapters.airflow.compat import DagsOfRuns, SerializedDAG
from airflow_run_groups.adapters.airflow.writing.actions import cancel, group_actions
from airflow_run_groups.domain import (
    Cancel,
    ClusterPolicyFailed,
    GroupAction,
    GroupRunFilter,
    Note,
    Refused,
    Retry,
    Which,
)
from airflow_run_groups.domain.groups.group import MAX_FAILED_TASKS
from airflow_run_groups.entrypoints.settings import Settings
from tests.contracts.world import add, date, group_run, new_run
from tests.integration.airflow import versions
from tests.integration.airflow.conftest import DATABASE
from tests.integration.airflow.world import START

EVENTS = ("patch_dag_run", "clear_dag_run")


@pytest.fixture
def furnished(world):
    """Return a world with two queued runs of a DAG with a setup, two tasks and a teardown."""
    world.register(four_tasks())
    with world.sessions.begin() as session:
        session.execute(delete(Log))
    add(world, "a", *(new_run(group_run("g", day, day), date(day)) for day in (1, 2)))
    return world


def four_tasks(*added, **options):
    with DAG("a", schedule="0 0 * * *", start_date=START, catchup=False, **options) as dag:
        steps = [task(task_id=name)(lambda: None) for name in ("prepare", "work", "report", "clean_up")]
        first, work, report, last = (step() for step in steps)
        first.as_setup() >> work >> report >> last.as_teardown(setups=first)
        for name in added:
            task(task_id=name)(lambda: None)()
    return dag


def change(world, **options):
    """Store another version of the DAG, which has one more task."""
    world.register(four_tasks("added", **options))


def step(world, action, **more):
    return world.groups.apply(GroupAction(dag_id="a", prefix="g", action=action, **more))


def apply(world, action, **more):
    return step(world, action, **more).dag_run_ids


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
    assert set(states(furnished).values()) == {"upstream_failed"}
    assert run(furnished).state == "failed"
    assert run(furnished).end_date is not None


def test_a_run_that_has_begun_is_still_torn_down(furnished):
    put(furnished, "running", prepare="success", work="running", report=None)
    put(furnished, "queued", 2, prepare="success", work="failed", report=None)
    result = step(furnished, Cancel(running=True))
    assert result.dag_run_ids == (group_run("g", 1, 1), group_run("g", 2, 2))
    assert [warning.partition(":")[0] for warning in result.warnings] == ["2 runs with teardown tasks to come"]
    torn_down = {"prepare": "success", "work": "failed", "report": "upstream_failed", "clean_up": None}
    assert states(furnished) == states(furnished, 2) == torn_down
    assert run(furnished).state == "running"


def test_a_cancelled_run_that_still_tears_down_is_cancelled_again_without_harm(furnished):
    put(furnished, "running", prepare="success", work="running", report=None)
    for _ in range(2):
        assert apply(furnished, Cancel(running=True), limit=1) == (group_run("g", 1, 1),)
    assert states(furnished)["clean_up"] is None


@pytest.mark.parametrize("teardown", ["running", "success", None])
def test_a_run_of_which_at_most_the_teardown_is_left_is_not_cancelled(furnished, teardown):
    put(furnished, "running", prepare="success", work="success", report="success", clean_up=teardown)
    for dry_run in (True, False):
        result = step(furnished, Cancel(running=True), limit=1, dry_run=dry_run)
        assert result.dag_run_ids == ()
        assert result.warnings == ("1 run not cancelled: nothing is left to run, or only teardown tasks",)
    assert states(furnished)["clean_up"] == teardown


@pytest.mark.parametrize(
    ("waiting", "end"), [("scheduled", "upstream_failed"), ("queued", "upstream_failed"), ("up_for_retry", "failed")]
)
def test_tasks_that_wait_end_as_those_do_whose_upstream_failed_and_running_ones_as_failed(furnished, waiting, end):
    put(furnished, "running", prepare="success", work="running", report=waiting, clean_up="success")
    apply(furnished, Cancel(running=True), limit=1)
    assert states(furnished) == {"prepare": "success", "work": "failed", "report": end, "clean_up": "success"}
    assert run(furnished).state == "failed"


def test_the_mark_of_a_cancelled_run_survives_notes_and_the_cleaning_of_its_tasks(furnished):
    apply(furnished, Cancel())
    apply(furnished, Note(note="edited"))
    with furnished.sessions.begin() as session:
        session.execute(delete(TaskInstance))
    assert furnished.groups.get("a", "g", now=START).group.cancelled == 2


def test_a_cancelled_run_that_airflow_clears_and_that_fails_again_has_failed(furnished):
    apply(furnished, Cancel())
    with furnished.sessions.begin() as session:
        dag = SerializedDagModel.get("a", session=session).dag
        dag.clear(run_id=group_run("g", 1, 1), session=session)
    put(furnished, "failed", prepare="failed")
    group = furnished.groups.get("a", "g", now=START).group
    assert (group.states.failed, group.cancelled) == (2, 1)
    assert apply(furnished, Retry(which=Which.FAILED)) == (group_run("g", 1, 1),)


def test_a_cancel_walks_no_timetable(furnished, monkeypatch):
    def walk(*_, **__):
        reason = "a walk that may have no end"
        raise AssertionError(reason)

    put(furnished, "running", prepare="success", work="running", report=None)
    monkeypatch.setattr(SerializedDAG, "iter_dagrun_infos_between", walk)
    assert apply(furnished, Cancel(running=True), limit=1)


class Listener:
    def __init__(self):
        self.seen = []

    @hookimpl
    def on_dag_run_failed(self, dag_run, msg):
        assert dag_run.dag.dag_id == "a"
        self.seen.append((dag_run.run_id, msg))
        raise ValueError

    @hookimpl
    def on_task_instance_failed(self, previous_state, task_instance, error):
        self.seen.append((task_instance.task_id, str(error)))


@pytest.fixture
def listener():
    listener = Listener()
    manager = get_listener_manager()
    manager.add_listener(listener)
    yield listener
    manager.pm.unregister(listener)


def test_listeners_hear_of_a_cancelled_run_what_they_do_of_one_marked_as_failed(furnished, listener):
    put(furnished, "running", prepare="success", work="running", report=None, clean_up="success")
    apply(furnished, Cancel(running=True), limit=1)
    told = [
        ("work", "TaskInstance's state was manually set to `failed`."),
        (group_run("g", 1, 1), "Dag Run's state was manually set to `failed`."),
    ]
    assert listener.seen == (told if versions.LISTENERS_OF_TASKS else [(group_run("g", 1, 1), "")])


def test_listeners_hear_of_a_run_that_tears_down_when_it_has_ended(furnished, listener):
    put(furnished, "running", prepare="success", work="success", report=None)
    apply(furnished, Cancel(running=True), limit=1)
    assert listener.seen == []


@pytest.mark.parametrize("wanted", [True, False])
def test_the_caller_chooses_the_version_with_which_a_run_runs_again(furnished, wanted):
    apply(furnished, Cancel())
    change(furnished)
    if not versions.RUN_ON_LATEST_VERSION:
        with pytest.raises(Refused, match=r"run_on_latest_version needs Airflow 3\.1"):
            apply(furnished, Retry(run_on_latest_version=wanted))
        return
    apply(furnished, Retry(run_on_latest_version=wanted), limit=1)
    assert ("added" in states(furnished)) is wanted


@pytest.mark.parametrize(
    ("of_dag", "configured", "latest"), [(None, "True", True), (False, "True", False), (True, "False", True)]
)
def test_a_run_runs_again_with_the_version_that_airflow_is_configured_for(
    furnished, monkeypatch, of_dag, configured, latest
):
    monkeypatch.setenv("AIRFLOW__CORE__RERUN_WITH_LATEST_VERSION", configured)
    can_say = versions.RERUN_WITH_LATEST_VERSION
    apply(furnished, Cancel())
    change(furnished, **({"rerun_with_latest_version": of_dag} if can_say and of_dag is not None else {}))
    apply(furnished, Retry(), limit=1)
    assert ("added" in states(furnished)) is (can_say and latest)


def test_what_has_not_succeeded_runs_again_and_what_has_does_not(furnished):
    put(furnished, "failed", prepare="success", work="failed", report="upstream_failed", clean_up="upstream_failed")
    put(furnished, "success", 2, prepare="success", work="success", report="success", clean_up="success")
    assert apply(furnished, Retry()) == (group_run("g", 1, 1),)
    after = states(furnished)
    after.pop("prepare")  # newer Airflows clear a task's setup with it
    assert after == {"work": None, "report": None, "clean_up": None}
    assert set(states(furnished, 2).values()) == {"success"}


if versions.FORMER_TRIES:

    def test_former_tries_are_left_as_they_are(furnished):
        ended = {"prepare": "success", "work": "failed", "report": "upstream_failed", "clean_up": "success"}
        put(furnished, "failed", **ended)
        assert apply(furnished, Retry()) == (group_run("g", 1, 1),)
        assert former_states(furnished) == ended
        former = {**ended, "work": "scheduled", "report": "running"}  # as those of a loop that is done over again
        put_former(furnished, former)
        put(furnished, "running", prepare="success", work="running", report=None, clean_up="success")
        assert apply(furnished, Cancel(running=True), limit=1) == (group_run("g", 1, 1),)
        assert states(furnished) == ended
        assert former_states(furnished) == former

    def test_a_former_try_that_failed_does_not_run_again(furnished):
        put(furnished, "failed", prepare="success", work="failed", report="upstream_failed", clean_up="success")
        apply(furnished, Retry())
        put(furnished, "failed", prepare="success", work="success", report="success", clean_up="success")
        assert step(furnished, Retry()).warnings[0].startswith("1 run left out")

    def test_a_former_try_that_failed_is_not_named(furnished):
        put(furnished, "failed", prepare="success", work="failed", report="upstream_failed", clean_up="success")
        apply(furnished, Retry())
        put(furnished, "failed", prepare="success", work="success", report="failed", clean_up="success")
        assert furnished.groups.runs("a", "g", GroupRunFilter()).runs[0].failed_task_ids == ("report",)

    def test_a_run_of_which_only_former_tries_are_there_is_left_out(furnished):
        put(furnished, "failed", work="failed")
        with furnished.sessions.begin() as session:
            session.execute(update(TaskInstance).values(working_set=None))
        assert apply(furnished, Retry(which=Which.ALL)) == ()

    TRIES = TaskInstance.__table__
    FORMER = (TRIES.c.run_id == group_run("g", 1, 1), TRIES.c.working_set.is_(None))

    def former_states(world):
        with world.sessions() as session:
            return dict(session.execute(select(TRIES.c.task_id, TRIES.c.state).where(*FORMER)).all())

    def put_former(world, states):
        with world.sessions.begin() as session:
            for task_id, state in states.items():
                session.execute(update(TRIES).where(*FORMER, TRIES.c.task_id == task_id).values(state=state))


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
    apply(furnished, Cancel(), requested_by="ada", display_name="Ada")
    apply(furnished, Cancel(), requested_by="ada", display_name="Ada")
    apply(furnished, Retry(), limit=1)
    apply(furnished, Note(note="why"))
    written = [(one.event, one.dag_id, one.run_id, one.owner, one.owner_display_name) for one in entries(furnished)]
    assert written == [
        ("patch_dag_run", "a", None, "ada", "Ada"),
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

    monkeypatch.setattr("airflow_run_groups.adapters.airflow.writing.actions.group_actions._audit", fail)
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

    monkeypatch.setattr(cancel, "set_dag_run_state_to_failed", look)
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


if versions.RUN_ON_LATEST_VERSION:

    @pytest.mark.parametrize("which", [None, Which.ALL])
    def test_a_mutation_hook_that_raises_in_a_retry_is_named_and_nothing_is_done(furnished, monkeypatch, which):
        put(furnished, "failed", prepare="success", work="failed", report="upstream_failed", clean_up="success")
        change(furnished)
        before = states(furnished)

        def hook(task_instance, dag_run=None):
            raise ZeroDivisionError

        monkeypatch.setattr(settings, "task_instance_mutation_hook", hook)
        with pytest.raises(
            ClusterPolicyFailed, match="task_instance_mutation_hook of this Airflow failed for run 'g_0000001_"
        ):
            apply(furnished, Retry(which=which, run_on_latest_version=True))
        assert (run(furnished).state, states(furnished)) == ("failed", before)
        assert entries(furnished) == []


def test_the_runs_of_a_group_name_the_tasks_that_failed(furnished):
    put(furnished, "failed", prepare="success", work="failed", report="upstream_failed", clean_up="failed")
    put(furnished, "running", 2, prepare="failed", work="running")
    runs = furnished.groups.runs("a", "g", GroupRunFilter()).runs
    assert [run.failed_task_ids for run in runs] == [("clean_up", "work"), ()]
    assert furnished.count_statements(lambda: furnished.groups.runs("a", "g", GroupRunFilter())) == 3


def test_of_many_failed_tasks_the_first_are_named(world):
    names = [f"task_{number:02}" for number in range(MAX_FAILED_TASKS + 3)]
    world.register(four_tasks(*names))
    add(world, "a", new_run(group_run("g", 1), date(1)))
    put(world, "failed", **dict.fromkeys(names, "failed"))
    (run,) = world.groups.runs("a", "g", GroupRunFilter()).runs
    assert run.failed_task_ids == tuple(names[:MAX_FAILED_TASKS])


def test_a_task_with_mapped_instances_is_named_once(furnished):
    put(furnished, "failed", prepare="success", work="failed")
    with furnished.sessions.begin() as session:
        session.execute(
            update(TaskInstance)
            .where(TaskInstance.task_id == "report")
            .values(task_id="work", map_index=1, state="failed")
        )
    (first, _) = furnished.groups.runs("a", "g", GroupRunFilter()).runs
    assert first.failed_task_ids == ("work",)
