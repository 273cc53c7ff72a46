"""What becomes of requests when SQLite is locked, full or read-only, and how long we hold its only lock ourselves."""

import resource
import sqlite3
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from airflow import settings
from sqlalchemy import event, text

from airflow_run_groups.adapters.airflow.custom_code import CustomCode
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.repositories.dag_runs import AirflowDagRunRepository
from airflow_run_groups.domain import DeadlineExceeded, OutcomeUnknown, Unavailable
from airflow_run_groups.entrypoints.settings import Settings
from tests.contracts.world import add, date, group_run, new_run
from tests.integration.airflow.conftest import HOME
from tests.integration.faults.client import LIMITS, LOCK_TIMEOUT, SLACK

WRITE_DEADLINE = LIMITS["write_timeout"] + SLACK


@contextmanager
def locked():
    connection = sqlite3.connect(HOME / "airflow.db", isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    finally:
        connection.close()


class TestLocked:
    def test_by_another_writer_for_long_batches_are_a_503_and_reads_go_on(self, client):
        with locked():
            status, seconds, _ = client.post()
            assert client.get()[0] == 200
        assert status == 503
        assert 2 * LOCK_TIMEOUT <= seconds < WRITE_DEADLINE
        assert client.post()[0] == 200

    def test_for_a_moment_nobody_notices(self, client, dags):
        with locked() as connection:
            threading.Timer(0.5, connection.close).start()
            assert client.post()[0] == 200
        assert dags.count_runs() == 5


@pytest.fixture
def connect():
    """Use the same database on connections that a test can spoil."""
    databases = []

    def connect(**limits):
        databases.append(Database(str(settings.SQL_ALCHEMY_CONN), replace(Settings().database, **limits)))
        return databases[-1]

    yield connect
    for database in databases:
        database.engine.dispose()


def create(database, *runs):
    world = type(
        "World", (), {"runs": AirflowDagRunRepository(database, Schema(allow_unknown=False), CustomCode(grace=4))}
    )
    add(world, "a_dag", *runs)


def create_three(database):
    create(database, *(new_run(group_run("p", day, day), date(day)) for day in (1, 2, 3)))


def fill(database):
    """Create runs; the pages that are free within the file are used first."""
    for number in range(200):
        create(database, *(new_run(f"{number}_{day}", date(3 * number + day)) for day in (1, 2, 3)))


@pytest.mark.parametrize("pragma", ["max_page_count = 1", "query_only = ON"], ids=["full", "read-only"])
def test_a_disk_that_takes_no_writes_is_unavailable_and_nothing_is_written(dags, connect, pragma, caplog):
    database = connect()

    def spoil(connection, _):
        connection.execute(f"PRAGMA {pragma}")  # SQLite makes the one as small as the file has pages

    event.listen(database.engine, "connect", spoil)
    with pytest.raises(Unavailable, match=r"takes no writes|so nothing was written"):
        fill(database)
    assert "full" in caplog.text or "readonly" in caplog.text
    assert dags.count_runs() % 3 == 0
    dags.clear_runs()
    event.remove(database.engine, "connect", spoil)
    database.engine.dispose()
    create_three(database)
    assert dags.count_runs() == 3


@contextmanager
def no_file_grows():
    """Let no file of this process be longer than the database is now."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((HOME / "airflow.db").stat().st_size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def test_disk_error_in_a_commit_is_of_unknown_fate(dags, connect):
    database = connect()

    def grow(session):
        session.execute(text("UPDATE dag SET description = :long"), {"long": "x" * 1_000_000})

    with ExitStack() as stack:
        event.listen(database.engine, "commit", lambda _: stack.enter_context(no_file_grows()))
        with pytest.raises(OutcomeUnknown):
            database.write("a_dag", grow)
    database.engine.dispose()
    with connect().reading() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def test_statement_that_takes_too_long_is_deadline_exceeded(dags, connect):
    database = connect(sqlite_write_timeout=0.5, read_timeout=0.5)
    with pytest.raises(DeadlineExceeded, match="request fewer at a time"):
        database.write("a_dag", lambda session: session.execute(text(ENDLESS)))
    with pytest.raises(DeadlineExceeded, match="ask for less"), database.reading() as connection:
        connection.execute(text(ENDLESS))


def test_a_batch_that_takes_too_long_gives_the_lock_back_before_the_scheduler_suffers(dags, connect):
    database = connect(sqlite_write_timeout=0.5)
    event.listen(database.engine, "before_cursor_execute", lambda *_: time.sleep(0.1))
    waited = []

    def write_as_the_scheduler_does():
        time.sleep(0.3)
        began = time.monotonic()
        with locked():
            waited.append(time.monotonic() - began)

    scheduler = threading.Thread(target=write_as_the_scheduler_does)
    scheduler.start()
    with pytest.raises(DeadlineExceeded, match="request fewer at a time"):
        create_three(database)
    scheduler.join()
    assert waited[0] < 5
    assert dags.count_runs() == 0


def test_a_writer_that_waits_gets_its_turn_between_writes_that_follow_on_each_other(dags, connect):
    database = connect()
    stop = threading.Event()

    def write(session):
        session.execute(text("UPDATE dag SET description = 'written'"))
        time.sleep(0.4)

    def write_on_and_on():
        while not stop.is_set():
            database.write("a_dag", write)

    thread = threading.Thread(target=write_on_and_on)
    thread.start()
    try:
        time.sleep(0.2)
        other = sqlite3.connect(HOME / "airflow.db", isolation_level=None, timeout=5)
        other.execute("BEGIN IMMEDIATE")
        other.close()
    finally:
        stop.set()
        thread.join()


def test_a_read_that_takes_too_long_is_interrupted(dags, connect):
    database = connect(read_timeout=2)
    began = time.monotonic()
    with pytest.raises(Unavailable), database.reading() as connection:
        connection.execute(text(ENDLESS))
    assert time.monotonic() - began < 2 + SLACK
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
