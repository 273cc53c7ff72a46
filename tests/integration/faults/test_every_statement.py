"""A write that fails at any one of its statements leaves the database as it was; one that is tried again is complete."""

import datetime as dt
from contextlib import contextmanager
from dataclasses import replace

import pytest
from airflow import settings
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import event, func, select, text, update
from sqlalchemy.exc import IntegrityError

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.domain import (
    Cancel,
    CreateRuns,
    DagUnreadable,
    GroupAction,
    GroupChange,
    GroupRequest,
    Groups,
    Note,
    Pace,
    ReprocessBehavior,
    Retry,
    Unavailable,
)
from airflow_run_groups.entrypoints.http.security.authentication import FullAccess
from tests.integration.airflow.conftest import DATABASE

UTC = dt.timezone.utc
REQUEST = GroupRequest(
    dag_id="a_dag",
    prefix="p",
    start_date=dt.datetime(2024, 1, 1, tzinfo=UTC),
    end_date=dt.datetime(2024, 1, 3, tzinfo=UTC),
)


class Crash(Exception):
    """Something that nobody has foreseen."""


@pytest.fixture(params=["copied", "made one by one"])
def create(request, dags, monkeypatch):
    if request.param == "made one by one":
        monkeypatch.setattr(compat, "PROVED_MINORS", set())
    return lambda: CreateRuns(dags.runs, lambda: dt.datetime.now(UTC)).create(REQUEST, FullAccess())


@pytest.fixture
def statements(create, dags):
    """How many statements a batch takes, once all that is looked at only once has been."""
    create()
    dags.clear_runs()
    count = dags.count_statements(create)
    dags.clear_runs()
    assert count > 8
    return range(1, count + 1)


@contextmanager
def failing_at(engine, number, fail, *, always=True):
    """Call ``fail`` with the connection before the statement of this number, in every transaction or in the first.

    Yield the numbers at which it was called.
    """
    sent, called = 0, []

    def start_again(_):
        nonlocal sent
        sent = 0 if always else sent

    def count(connection, *_):
        nonlocal sent
        sent += 1
        if sent == number:
            called.append(number)
            fail(connection)

    event.listen(engine, "rollback", start_again)
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield called
    finally:
        event.remove(engine, "rollback", start_again)
        event.remove(engine, "before_cursor_execute", count)


def crash(_):
    raise Crash


def be_late(_):
    raise IntegrityError("INSERT", {}, Crash())  # noqa: EM101 - the first argument is a statement


def fail_to_serialize(connection):
    connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$")


def end_the_session(connection):
    with settings.engine.begin() as other:
        pid = connection.connection.dbapi_connection.info.backend_pid
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


FAILURES = [(crash, Crash)] if DATABASE == "sqlite" else [(crash, Crash), (end_the_session, Unavailable)]
THAT_PASS = [be_late] if DATABASE == "sqlite" else [be_late, fail_to_serialize]


def rows(world):
    with world.sessions() as session:
        return [session.scalar(select(func.count()).select_from(model)) for model in (DagRun, TaskInstance, Log)]


@pytest.mark.parametrize(("fail", "error"), FAILURES)
def test_what_fails_at_any_statement_leaves_nothing_behind(create, statements, dags, fail, error):
    before = rows(dags)
    for number in statements:
        with failing_at(dags.backend.database.engine, number, fail), pytest.raises(error):
            create()
        assert rows(dags) == before, f"after a failure at statement {number}"
    assert len(create().runs) == 3


def test_a_batch_that_is_always_too_late_at_one_statement_is_unavailable_and_leaves_nothing_behind(
    create, statements, dags
):
    """Airflow itself swallows this error where it inserts task instances, and rolls back in silence."""
    before = rows(dags)
    for number in statements:
        with failing_at(dags.backend.database.engine, number, be_late), pytest.raises(Unavailable):
            create()
        assert rows(dags) == before, f"after a failure at statement {number}"


@pytest.mark.parametrize("fail", THAT_PASS)
def test_a_batch_that_fails_once_because_of_others_is_complete_at_the_second_try(create, statements, dags, fail):
    before = rows(dags)
    for number in statements:
        with failing_at(dags.backend.database.engine, number, fail, always=False):
            assert len(create().runs) == 3
        assert rows(dags) == [before[0] + 3, before[1] + 6, before[2] + 1], f"after a failure at statement {number}"
        dags.clear_runs()
        before = rows(dags)


def done_to(world, action):
    Groups(world.groups, lambda: dt.datetime.now(UTC)).apply(
        GroupAction(dag_id="a_dag", prefix="p", action=action), CALLER
    )


def changed(world):
    change = GroupChange(
        dag_id="a_dag", prefix="p", paused=True, pace=Pace(runs=1, interval=dt.timedelta(hours=1)), description="d"
    )
    Groups(world.groups, lambda: dt.datetime.now(UTC)).change(change, CALLER)


def run_again(world):
    request = replace(REQUEST, reprocess_behavior=ReprocessBehavior.FAILED)
    CreateRuns(world.runs, lambda: dt.datetime.now(UTC)).create(request, CALLER)


CALLER = FullAccess()
WRITES = {
    "cancel": lambda world: done_to(world, Cancel()),
    "retry": lambda world: done_to(world, Retry()),
    "note": lambda world: done_to(world, Note(note="n")),
    "change": changed,
    "run again": run_again,
}
OF_CANCELLED_RUNS = {"retry", "run again"}
TABLES = [model.__table__ for model in (DagRun, TaskInstance, DagRunNote, Backfill, BackfillDagRun, Log)]


@pytest.fixture(params=WRITES)
def prepare(request, dags):
    """Return what furnishes the group that a write is for, and returns the write."""
    write = WRITES[request.param]

    def prepare():
        dags.clear_runs()
        CreateRuns(dags.runs, lambda: dt.datetime.now(UTC)).create(REQUEST, CALLER)
        if request.param in OF_CANCELLED_RUNS:
            done_to(dags, Cancel())
        elif request.param == "change":  # which then looks at what running runs wait for
            with dags.sessions.begin() as session:
                session.execute(update(DagRun).where(DagRun.run_id.startswith("p_0000001")).values(state="running"))
        return lambda: write(dags)

    return prepare


def content(world):
    with world.sessions() as session:
        return [sorted(map(repr, session.execute(select(table)))) for table in TABLES]


@pytest.mark.parametrize(("fail", "error"), FAILURES)
def test_what_fails_at_any_statement_of_an_action_or_a_change_has_changed_nothing(prepare, dags, fail, error):
    """Nor does anything fail after the commit, so that an error would not say what was done."""
    prepare()()
    count = dags.count_statements(prepare())
    assert count > 5
    write = prepare()
    for number in range(1, count + 1):
        before = content(dags)
        with failing_at(dags.backend.database.engine, number, fail, always=False) as called:
            try:
                write()
            except (error, DagUnreadable):
                assert content(dags) == before, f"after a failure at statement {number}"
            else:  # at the second try, or where the failure has kept something from the response, and no more
                assert content(dags) != before
                write = prepare()
        assert called == [number]
    write()
    assert content(dags) != before
