"""A group that stops by itself: what the listener does in the transaction of a scheduler, and whose listener is known."""

import json
import multiprocessing
import time
from contextlib import ExitStack

import pytest
from airflow.listeners.listener import get_listener_manager
from airflow.models.backfill import Backfill
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from sqlalchemy import select, text

from airflow_run_groups.adapters.airflow.writing.control.stops import StopsOfRows
from airflow_run_groups.adapters.scheduler_mark import MARK
from airflow_run_groups.domain import CreateRuns, GroupChange, GroupNotFound, GroupRequest, NoListener, StopAfter
from airflow_run_groups.entrypoints.airflow.listener import Listener, listener_of
from tests.contracts.creation import Anyone
from tests.contracts.world import date, group_run, utc
from tests.integration.airflow.conftest import DATABASE

NOW = utc(2025, 1, 1)
KEY = "airflow_run_groups"
TWO = StopAfter(failed=2)


@pytest.fixture
def group(world):
    """Return a function that creates a group of so many runs, beside a scheduler that has a listener."""
    world.dag("a", max_active_runs=16)

    def create(days=4, prefix="g", first=1, **wishes):
        dates = tuple(date(day) for day in range(first, first + days))
        request = GroupRequest(dag_id="a", prefix=prefix, dates=dates, **wishes)
        with world.scheduler(MARK):
            return CreateRuns(world.runs, lambda: NOW).create(request, Anyone())

    return create


@pytest.fixture
def listener():
    """Register the listener as the plugin does in a scheduler."""
    manager = get_listener_manager()
    listener = listener_of(["airflow", "scheduler"])
    manager.pm.register(listener)
    yield listener
    if manager.pm.is_registered(listener):
        manager.pm.unregister(listener)


def end(world, *numbers, state="failed"):
    """End runs as Airflow's scheduler does: their state, then its listeners, then the commit."""
    with world.sessions.begin() as session:
        end_within(session, *numbers, state=state)


def end_within(session, *numbers, state="failed"):
    for number in numbers:
        run = session.scalars(select(DagRun).where(DagRun.run_id == group_run("g", number, number))).one()
        run.set_state(state)
        session.flush()
        run.notify_dagrun_state_changed(msg="it has ended")


def is_paused(world):
    with world.sessions() as session:
        return session.scalars(select(Backfill.is_paused)).all()


def test_a_listener_pauses_the_group_after_the_commit(world, group, listener):
    group(stop_after=TWO)
    end(world, 1)
    assert is_paused(world) == [False]
    with world.sessions.begin() as session:
        end_within(session, 2)
        assert is_paused(world) == [False]
    assert is_paused(world) == [True]
    with world.sessions() as session:
        stopped = session.scalar(select(Backfill)).dag_run_conf[KEY]["stopped"]
        entry = session.scalars(select(Log).where(Log.event == "patch_dag_run").order_by(Log.id.desc())).first()
    assert stopped["rule"] == {"failed": 2}
    assert (entry.dag_id, entry.owner) == ("a", "stop_after")
    assert json.loads(entry.extra) == {"prefix": "g", "paused": True, "stopped": "2 failed runs"}


def test_a_share_is_reached_by_a_success_as_well(world, group, listener):
    group(stop_after=StopAfter(failed_percent=50, of_at_least=2))
    end(world, 1)
    assert is_paused(world) == [False]
    end(world, 2, state="success")
    assert is_paused(world) == [True]


def test_runs_that_end_in_one_transaction_count_together(world, group, listener):
    group(stop_after=TWO)
    end(world, 1, 2, 3)
    assert is_paused(world) == [True]


def test_what_is_rolled_back_pauses_nothing(world, group, listener):
    group(stop_after=StopAfter(failed=1))
    with world.sessions() as session:
        end_within(session, 1)
        session.rollback()
        session.commit()
    assert is_paused(world) == [False]


def test_the_end_of_a_nested_transaction_is_no_commit(world, group, listener):
    group(stop_after=StopAfter(failed=1))
    with world.sessions.begin() as session:
        with session.begin_nested():
            end_within(session, 1)
        assert is_paused(world) == [False]
    assert is_paused(world) == [True]


def test_no_session_has_a_listener_of_its_own(world, group, listener):
    """SQLAlchemy would be called back when the session is collected, and Python ignores there what a signal handler raises."""
    group(stop_after=TWO)
    with world.sessions() as session:
        end_within(session, 1)
        assert KEY in session.info
        for hook in (session.dispatch.after_commit, session.dispatch.after_rollback):
            assert list(hook.listeners) == []


def test_a_listener_that_cannot_write_raises_nothing_and_the_next_look_does_it(world, group, listener, caplog):
    group(stop_after=StopAfter(failed=1))
    with world.sessions.begin() as session:
        hold(session)
        held = time.monotonic()
        if DATABASE == "postgresql":
            end(world, 1)
            assert time.monotonic() - held < 30  # it waits for a bounded time; the lock would be held for ever
    if DATABASE == "sqlite":  # which has one writer, so that nothing ends while another one writes
        with world.sessions() as session:
            end_within(session, 1)
            session.info[KEY].clear()
            session.commit()
    assert is_paused(world) == [False]
    assert world.groups.get("a", "g", now=NOW).control.stopped is not None
    assert is_paused(world) == [True]


def hold(session):
    """Lock the row of the group, as a change of it does that takes long."""
    if DATABASE == "postgresql":
        session.execute(select(Backfill).with_for_update())


def test_a_look_that_cannot_write_shows_the_group_as_it_is(world, group, listener):
    group(stop_after=StopAfter(failed=1))
    get_listener_manager().pm.unregister(listener)
    end(world, 1)
    with world.sessions() as session:
        session.execute(text("BEGIN IMMEDIATE") if DATABASE == "sqlite" else select(Backfill).with_for_update())
        assert world.groups.get("a", "g", now=NOW).control.stopped is None
    assert world.groups.get("a", "g", now=NOW).control.stopped is not None


def test_runs_without_control_cost_no_statement(world, group, listener):
    group()
    with world.sessions() as session:
        end_within(session, 1)
        assert KEY not in session.info


@pytest.mark.parametrize(
    ("wishes", "statements"),
    [
        ({"max_active_runs": 3}, 1),
        ({"stop_after": StopAfter(failed=9)}, 2),
        ({"stop_after": StopAfter(failed_percent=99, of_at_least=2)}, 3),
    ],
)
def test_a_run_that_ends_costs_a_few_statements(world, group, wishes, statements):
    group(**wishes)
    end(world, 1)
    end(world, 2, state="success")
    with world.sessions() as session:
        number = session.scalar(select(Backfill.id))
    stops = StopsOfRows(world.backend.database)
    stops.react({number})
    assert world.count_statements(lambda: stops.react({number})) == statements


@pytest.mark.parametrize(
    ("schedulers", "text"),
    [
        ([], "no scheduler is alive at the moment"),
        ([{}], "0 of 1 schedulers has one"),
        ([{"dag_id": MARK}, {}], "1 of 2 schedulers has one"),
        ([{"dag_id": MARK, "heartbeat_seconds_ago": 3600}], "no scheduler is alive at the moment"),
        ([{"dag_id": MARK, "state": "failed"}], "no scheduler is alive at the moment"),
    ],
)
def test_a_rule_is_refused_where_not_each_live_scheduler_has_a_listener(world, group, schedulers, text):
    group()
    with several(world, schedulers), pytest.raises(NoListener, match=text):
        world.groups.change(GroupChange(dag_id="a", prefix="g", stop_after=TWO), now=NOW)
    request = GroupRequest(dag_id="a", prefix="h", dates=(date(9),), stop_after=TWO)
    create = CreateRuns(world.runs, lambda: NOW)
    for refused in (create.create, create.plan):
        with several(world, schedulers), pytest.raises(NoListener, match="listener = true"):
            refused(request, Anyone())
    assert world.count_runs() == 4
    assert is_paused(world) == []
    with several(world, schedulers), pytest.raises(GroupNotFound):
        world.groups.change(GroupChange(dag_id="a", prefix="none", stop_after=TWO), now=NOW)


def test_a_dead_scheduler_without_a_listener_hinders_nothing(world, group):
    group()
    with several(world, [{"dag_id": MARK}, {"heartbeat_seconds_ago": 3600}, {"state": "success"}]):
        world.groups.change(GroupChange(dag_id="a", prefix="g", stop_after=TWO), now=NOW)
    world.groups.change(GroupChange(dag_id="a", prefix="g", stop_after=None), now=NOW)


def several(world, schedulers):
    stack = ExitStack()
    for scheduler in schedulers:
        stack.enter_context(world.scheduler(**scheduler))
    return stack


def test_the_listener_marks_the_job_of_a_scheduler():
    job = type("Job", (), {"dag_id": None})()
    Listener("api-server", []).on_starting(job)
    assert job.dag_id is None
    Listener("scheduler", []).on_starting(job)
    assert job.dag_id == MARK


@pytest.mark.parametrize(
    ("arguments", "has_listener"),
    [
        (["airflow", "scheduler"], True),
        (["airflow", "scheduler", "-D"], True),
        (["airflow", "api-server"], True),
        (["airflow", "dag-processor"], False),
        (["airflow", "triggerer"], False),
        (["airflow", "standalone"], False),
        (["airflow", "celery", "worker"], False),
        (["airflow"], False),
        (["gunicorn"], False),
    ],
)
def test_only_what_ends_runs_has_a_listener(arguments, has_listener):
    assert (listener_of(arguments) is not None) is has_listener


def test_processes_that_execute_tasks_have_no_listener(listener):
    assert get_listener_manager().has_listeners
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=lambda: queue.put(get_listener_manager().has_listeners))
    child.start()
    assert queue.get() is False
    child.join()
    assert get_listener_manager().has_listeners
