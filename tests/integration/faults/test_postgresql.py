"""What becomes of requests when PostgreSQL, or the way to it, fails: an answer in time, and nothing half done."""

import re
import signal
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psutil
import pytest
from airflow import settings
from dependency_injector.providers import Object
from httpx import WSGITransport
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from airflow_run_groups.adapters.airflow.database import engine
from airflow_run_groups.adapters.airflow.database.deadlines import Deadline
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.client import Client, GroupRequest
from airflow_run_groups.domain import DeadlineExceeded, OutcomeUnknown, Unavailable
from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.settings import Auth, Settings
from tests.integration.airflow.processes import wait_until
from tests.integration.faults.client import LIMITS, LOCK_TIMEOUT, SLACK
from tests.integration.faults.proxy import COMMIT

READ_DEADLINE = LIMITS["read_timeout"] + SLACK
WRITE_DEADLINE = LIMITS["write_timeout"] + SLACK
MIDDLE = b"INSERT INTO task_instance"
"""A statement in the middle of a batch."""


@pytest.fixture
def client(client, server, proxy, dags):
    """See that the service has recovered when the test is over."""
    yield client
    proxy.heal()
    wait_until(lambda: server.answers("/health/ready"), seconds=20, what="recovery")
    before = dags.count_runs()
    assert client.post(prefix="after", start="2023-05-01", end="2023-05-02")[0] == 200
    assert dags.count_runs() == before + 2


@contextmanager
def holding(statement):
    """Hold what this statement locks, in a transaction of somebody else."""
    with settings.engine.connect() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(text(statement))
        yield
        connection.rollback()


def waiting_for_a_lock(world):
    with world.sessions() as session:
        return session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


class TestRestarted:
    def test_between_requests_nobody_notices(self, client, postgres):
        client.burst(client.get)
        postgres.restart()
        assert {status for status, _, _ in client.burst(client.get)} == {200}
        postgres.restart("immediate")
        assert client.post()[0] == 200

    def test_during_a_batch_it_is_a_503_and_nothing_is_written(self, client, server, postgres, proxy, dags):
        proxy.trap(MIDDLE, lambda link: postgres.restart("immediate"))
        assert client.post()[0] == 503
        wait_until(lambda: server.answers("/health/ready"), seconds=20, what="the end of the restart")
        assert (dags.count_runs(), dags.count_tasks()) == (0, 0)
        assert client.post()[0] == 200

    def test_while_it_is_down_answers_come_at_once(self, client, server, postgres):
        postgres.stop()
        try:
            answers = [*client.burst(client.get), *client.burst(client.post)]
            assert server.client.get("/health/ready").status_code == 503
            assert server.client.get("/health/live").status_code == 200
        finally:
            postgres.start()
        assert {status for status, _, _ in answers} == {503}
        assert max(seconds for _, seconds, _ in answers) < WRITE_DEADLINE


class TestSilent:
    """Frozen with its connections alive: the one fault that no driver notices."""

    @pytest.mark.parametrize("fault", ["the server is stopped", "the network swallows everything"])
    def test_every_request_is_answered_within_its_deadline_and_no_thread_is_lost(self, client, postgres, proxy, fault):
        client.burst(client.get)
        fault = postgres.frozen() if fault == "the server is stopped" else frozen(proxy)
        with fault, ThreadPoolExecutor(2) as threads:
            bursts = threads.submit(client.burst, client.get, 40), threads.submit(client.burst, client.post, 10)
            reads, writes = (burst.result() for burst in bursts)
        assert {status for status, _, _ in [*reads, *writes]} == {503}
        assert max(seconds for _, seconds, _ in reads) < READ_DEADLINE
        assert max(seconds for _, seconds, _ in writes) < WRITE_DEADLINE
        assert {status for status, _, _ in client.burst(client.get, 64)} == {200}

    def test_in_the_middle_of_a_batch_nothing_is_written_and_the_dags_lock_is_given_back(self, client, proxy, dags):
        proxy.trap(MIDDLE, lambda link: proxy.freeze())
        status, seconds, _ = client.post()
        assert (status, seconds < WRITE_DEADLINE) == (503, True)
        with holding("SELECT 1 FROM dag WHERE dag_id = 'a_dag' FOR UPDATE"):  # its transaction was idle for too long
            pass
        proxy.heal()
        assert (dags.count_runs(), dags.count_tasks()) == (0, 0)

    def test_while_the_answer_to_a_commit_is_lost_the_runs_are_found_to_exist(self, client, proxy, dags):
        def lose_the_answer(link):
            link.mute = True

        proxy.trap(COMMIT, lose_the_answer)
        status, _, answer = client.post()
        assert (status, len(answer["dag_run_ids"]), dags.count_runs()) == (200, 5, 5)


class TestCommitOfUnknownFate:
    """The connection is lost while the COMMIT is under way, and nobody can say what became of it."""

    @pytest.mark.parametrize("write", ["one run now", "dates", "cancel", "retry", "note"])
    def test_commit_of_unknown_fate_is_a_504_for_every_write(self, client, server, proxy, dags, write):
        if write not in ("one run now", "dates"):
            client.post()

        def send():
            if write in ("one run now", "dates"):
                return client.post(prefix="q", start=None if write == "one run now" else "2024-02-01", end="2024-02-02")
            body = {"note": "n"} if write == "note" else {}
            return client.timed(lambda: server.client.post(f"/api/v1/groups/a_dag/p/{write}", json=body))

        if write == "retry":
            server.client.post("/api/v1/groups/a_dag/p/cancel", json={})
        proxy.trap(COMMIT, lambda link: proxy.refuse())
        status, _, answer = send()
        proxy.heal()
        assert (status, answer["reason"]) == (504, "outcome_unknown")
        assert "may exist or not" in answer["error"]

    def test_fate_of_a_commit_is_looked_up_again_when_that_fails(self, client, proxy, dags):
        def lose_for_a_while(link):
            proxy.refuse()
            threading.Timer(0.7, proxy.heal).start()

        proxy.trap(COMMIT, lose_for_a_while)
        status, _, answer = client.post()
        assert (status, len(answer["dag_run_ids"]), dags.count_runs()) == (200, 5, 5)

    @pytest.mark.parametrize("then", ["no connection", "an error of the driver itself"])
    def test_work_of_unknown_fate_is_not_done_once_more(self, dags, proxy, then):
        database = Database(f"postgresql+psycopg2://postgres@127.0.0.1:{proxy.port}/postgres", Settings().database)
        done = []

        def work(session):
            done.append(session.execute(text("UPDATE dag SET description = 'written' WHERE dag_id = 'other'")))

        def fail(_):
            raise database.engine.dialect.dbapi.OperationalError

        def lose(link):
            if then == "no connection":
                proxy.refuse()
            else:
                event.listen(database.engine, "engine_connect", fail)
                proxy.reset()

        proxy.trap(COMMIT, lose)
        with pytest.raises(OutcomeUnknown):
            database.write("other", work)
        proxy.heal()
        assert len(done) == 1
        database.engine.dispose()


class TestTooSlow:
    """The database responds, and the work takes longer than it may."""

    @pytest.fixture
    def database(self, dags):
        database = Database(settings.engine.url.render_as_string(hide_password=False), LIMITS_OF_A_MOMENT)
        yield database
        database.engine.dispose()

    def test_work_that_takes_too_long_is_deadline_exceeded(self, database):
        def work(session):
            session.execute(text("SELECT 1 FROM dag WHERE dag_id = 'a_dag' FOR UPDATE"))
            session.execute(text("SELECT pg_sleep(0.7)"))
            session.execute(text("SELECT pg_sleep(60)"))

        with pytest.raises(DeadlineExceeded, match="within 2 seconds, so nothing was: request fewer at a time"):
            database.write("a_dag", work)
        with settings.engine.connect() as connection:  # PostgreSQL has ended it, too, and its locks are free
            connection.execute(text("SELECT 1 FROM dag WHERE dag_id = 'a_dag' FOR UPDATE NOWAIT"))
            connection.rollback()

    def test_work_that_takes_too_long_on_a_connection_that_is_gone_by_then_is_deadline_exceeded(self, database):
        def work(session):
            number = session.scalar(text("SELECT pg_backend_pid()"))
            with settings.engine.begin() as connection:
                connection.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
            time.sleep(LIMITS_OF_A_MOMENT.write_timeout)
            session.execute(text("SELECT 1"))

        with pytest.raises(DeadlineExceeded):
            database.write("a_dag", work)

    def test_time_that_ends_as_the_database_is_told_how_little_is_left_is_deadline_exceeded(
        self, database, monkeypatch
    ):
        def end(deadline):
            deadline._end = time.monotonic()  # noqa: SLF001 - as time does it
            deadline.enforce()
            return 1

        monkeypatch.setattr(Deadline, "lower_limit_of_the_database", end)
        with pytest.raises(DeadlineExceeded):
            database.write("a_dag", lambda session: session.execute(text("SELECT 1")))

    def test_many_short_statements_that_take_too_long_are_deadline_exceeded(self, database):
        with pytest.raises(DeadlineExceeded):
            database.write("a_dag", lambda session: [session.execute(text("SELECT pg_sleep(0.1)")) for _ in range(100)])

    def test_read_that_takes_too_long_is_deadline_exceeded(self, database):
        with pytest.raises(DeadlineExceeded, match="longer than 2 seconds"), database.reading() as connection:
            connection.execute(text("SELECT pg_sleep(60)"))

    def test_statement_that_others_end_is_not(self, database):
        def be_ended(session):
            session.execute(text("SELECT pg_cancel_backend(pg_backend_pid())"))

        with pytest.raises(Unavailable) as caught:
            database.write("a_dag", be_ended)
        assert caught.type is Unavailable

    def test_steps_shrink_until_the_database_copes(self, dags):
        """Each run takes a twentieth of a second, and a write may take two seconds."""
        settings_of_service = Settings(auth=Auth.NONE, write_timeout=2)
        app = Container(settings=Object(settings_of_service), log_request=Object(lambda _: None)).app()
        retries = []
        with settings.engine.begin() as connection:
            for statement in SLOW_RUNS:
                connection.execute(text(statement))
        try:
            with Client("http://localhost", transport=WSGITransport(app=app), on_retry=retries.append) as client:
                request = GroupRequest(dag_id="a_dag", prefix="p", start_date="2024-01-01", end_date="2024-03-04")
                sizes = [len(step.created["dag_run_ids"]) for step in client.create_all(request)]
        finally:
            with settings.engine.begin() as connection:
                connection.execute(text("DROP FUNCTION be_slow CASCADE"))
        assert sum(sizes) == dags.count_runs() == 64
        assert len(sizes) > 1
        assert "request fewer at a time" in retries[0].reason


LIMITS_OF_A_MOMENT = Settings(read_timeout=2, write_timeout=2).database
SLOW_RUNS = (
    "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END'",
    "CREATE TRIGGER be_slow BEFORE INSERT ON dag_run FOR EACH ROW EXECUTE FUNCTION be_slow()",
)


@contextmanager
def frozen(proxy):
    proxy.freeze()
    try:
        yield
    finally:
        proxy.thaw()


class TestBrokenNetwork:
    def test_connections_reset_while_idle_are_not_noticed(self, client, proxy):
        client.burst(client.get)
        proxy.reset()
        wait_until(lambda: proxy.is_idle, what="the end of all connections")
        assert {status for status, _, _ in client.burst(client.get)} == {200}

    def test_a_connection_reset_in_the_middle_of_a_batch_is_a_503(self, client, proxy, dags):
        proxy.trap(MIDDLE, lambda link: proxy.reset())
        assert client.post()[0] == 503
        assert dags.count_runs() == 0

    def test_a_slow_network_slows_down_and_breaks_nothing(self, client, proxy, dags):
        proxy.delay = 0.05
        answers = [*client.burst(client.get, 4), *client.burst(client.post, 2)]
        assert {status for status, _, _ in answers} == {200}
        assert dags.count_runs() == 5

    def test_on_one_that_is_too_slow_for_a_batch_its_deadline_holds_and_nothing_is_written(self, client, proxy, dags):
        client.post(prefix="before", start="2022-01-01", end="2022-01-01")
        proxy.delay = 0.5
        status, seconds, _ = client.post()
        assert (status, seconds < WRITE_DEADLINE) == (503, True)
        proxy.heal()
        assert dags.count_runs() == 1


class TestBusy:
    def test_a_dag_that_somebody_else_has_locked_is_a_503_after_two_tries_and_others_go_on(self, client, dags):
        with holding("SELECT 1 FROM dag WHERE dag_id = 'a_dag' FOR UPDATE"):
            status, seconds, _ = client.post()
            assert client.post(dag_id="other")[0] == 200
            assert client.get()[0] == 200
        assert status == 503
        assert 2 * LOCK_TIMEOUT <= seconds < LIMITS["write_timeout"]

    def test_a_lock_that_is_released_at_the_second_try_is_not_noticed(self, client, dags):
        released = threading.Event()

        def hold():
            with holding("SELECT 1 FROM dag WHERE dag_id = 'a_dag' FOR UPDATE"):
                held.set()
                released.wait(1.5)

        held = threading.Event()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        assert client.post()[0] == 200
        released.set()
        thread.join()
        assert dags.count_runs() == 5

    def test_a_deadlock_is_resolved_by_a_second_try(self, client, dags):
        """Two transactions lock the DAG's row and the runs in opposite order; PostgreSQL ends one of them."""
        with settings.engine.connect() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '30s'"))  # so that it is ours that is ended
            connection.execute(text("LOCK TABLE dag_run IN EXCLUSIVE MODE"))
            with ThreadPoolExecutor() as threads:
                posted = threads.submit(client.post)
                wait_until(lambda: waiting_for_a_lock(dags), what="the batch waiting for the runs")
                connection.execute(text("SELECT 1 FROM dag WHERE dag_id = 'a_dag' FOR UPDATE"))
                connection.rollback()
                assert posted.result()[0] == 200

    def test_when_the_pool_is_exhausted_reads_are_refused_in_time(self, client):
        with holding("LOCK TABLE dag_run IN ACCESS EXCLUSIVE MODE"):
            answers = client.burst(client.get, 40)
        assert {status for status, _, _ in answers} == {503}
        seconds = sorted(seconds for _, seconds, _ in answers)
        assert seconds[0] < LIMITS["read_timeout"], "most of them have no connection to wait with"
        assert seconds[-1] < READ_DEADLINE

    def test_a_read_that_takes_too_long_is_ended_by_the_server_too(self, client, dags):
        with holding("LOCK TABLE dag_run IN ACCESS EXCLUSIVE MODE"):
            assert client.get()[0] == 503
            wait_until(lambda: waiting_for_a_lock(dags) == 0, seconds=5, what="the end of the abandoned read")


class TestKilled:
    def test_a_worker_killed_in_the_middle_of_a_batch_leaves_nothing_and_is_replaced(self, client, server, dags):
        workers = psutil.Process(server.popen.pid).children()
        with holding("LOCK TABLE task_instance IN EXCLUSIVE MODE"), ThreadPoolExecutor() as threads:
            posted = threads.submit(client.post)
            wait_until(lambda: waiting_for_a_lock(dags), what="the batch waiting for the task instances")
            for worker in workers:
                worker.send_signal(signal.SIGKILL)
            assert posted.exception() is not None
        wait_until(lambda: server.answers("/health/ready"), what="new workers")
        assert (dags.count_runs(), dags.count_tasks()) == (0, 0)
        assert client.post()[0] == 200


class TestPooler:
    """Behind one such as PgBouncer in transaction mode, a connection is somebody else's after each transaction."""

    @pytest.fixture
    def database(self, dags, proxy):
        database = Database(f"postgresql+psycopg2://postgres@127.0.0.1:{proxy.port}/postgres", Settings().database)
        yield database
        database.engine.dispose()

    def test_that_refuses_startup_options_is_used_without_them(self, database, proxy, caplog):
        proxy.trap(b"options", refuse_options)
        for _ in range(2):
            with database.reading() as connection:
                assert connection.execute(text("SHOW statement_timeout")).scalar() == "0"
            database.engine.dispose()
        assert caplog.text.count("takes no options") == 1

    def test_that_takes_options_again_is_given_them(self, database, proxy, monkeypatch):
        monkeypatch.setattr(engine, "RECYCLE", 0)
        proxy.trap(b"options", refuse_options)
        shown = []
        for _ in range(2):
            with database.reading() as connection:
                shown.append(connection.execute(text("SHOW statement_timeout")).scalar())
            database.engine.dispose()
        assert shown == ["0", "7200ms"]

    def test_is_told_apart_from_errors_that_name_something_option(self):
        refusals = [
            'connection to server at "db" (10.0.0.1), port 6432 failed: FATAL:  unsupported startup parameter: options',
            "ERROR: unsupported startup parameter in options: statement_timeout",
            "connection failed: FATAL:  Feature not supported: RDS Proxy currently doesn't support command-line options.",
        ]
        others = [
            'could not translate host name "options.example.com" to address: Name or service not known',
            'connection to server at "option-db" (10.0.0.1), port 5432 failed: FATAL:  the database system is starting up',
            'connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  database "startup options" does not exist',
            'connection to server at "unsupported startup parameter" failed: Connection refused',
        ]
        assert all(map(engine.refusal_of_options, refusals))
        assert not any(map(engine.refusal_of_options, others))

    def test_error_that_names_something_option_leaves_the_limits_as_they_are(self, database, proxy):
        words = b'Mdatabase "options" is not currently accepting connections'
        proxy.trap(b"options", lambda link: refuse(link, b"C55000", words))
        with pytest.raises(Unavailable), database.reading():
            pass
        with database.reading() as connection:
            assert connection.execute(text("SHOW statement_timeout")).scalar() == "7200ms"

    def test_gets_connections_back_without_the_limits_of_a_batch(self, database):
        names = ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")

        def look(connection):
            return [connection.execute(text(f"SHOW {name}")).scalar() for name in names]

        with database.reading() as connection:
            before = look(connection)
        *others, statement = database.write("a_dag", look)
        assert others == ["5s", "15s"]
        assert re.fullmatch("24s|2[0-3][0-9]{3}ms", statement)  # all but the last second of what is left of 25
        with database.reading() as connection:
            assert look(connection) == before


def refuse_options(link):
    refuse(link, b"C08P01", b"Munsupported startup parameter: options")


def refuse(link, code, words):
    link.mute = True
    error = b"\0".join((b"SFATAL", code, words, b"", b""))
    link.client.sendall(b"E" + struct.pack("!i", len(error) + 4) + error)


@pytest.fixture
def driver_url():
    def driver_url(driver, **query):
        url = settings.engine.url.set(drivername=f"postgresql+{driver}").update_query_dict(query)
        return url.render_as_string(hide_password=False)

    return driver_url


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_silent_server_is_given_up_whatever_the_driver(dags, postgres, driver, driver_url):
    database = Database(driver_url(driver), Settings(read_timeout=3, write_timeout=3).database)
    with database.reading() as connection:
        connection.execute(text("SELECT 1"))
        began = time.monotonic()
        with postgres.frozen(), pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))
    assert time.monotonic() - began < 3 + SLACK
    database.write("a_dag", lambda _: None, Settings().database)
    began = time.monotonic()
    with postgres.frozen(), pytest.raises(Unavailable) as caught:  # on a connection that has worked a moment ago
        database.write("a_dag", lambda _: None)
    assert caught.type is Unavailable, "it does not respond at all"
    assert time.monotonic() - began < 3 + SLACK
    database.engine.dispose()


@pytest.mark.parametrize("hole", ["connected, and no word", "not connected"])
def test_a_server_that_takes_no_connection_is_given_up_whatever_the_driver(dags, hole):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as black_hole, ExitStack() as stack:
        port = black_hole.getsockname()[1]
        for _ in range(
            4 if hole == "not connected" else 0
        ):  # nobody accepts them, and the kernel drops what comes next
            client = stack.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(("127.0.0.1", port))

        def give_up(driver):
            url = f"postgresql+{driver}://postgres@127.0.0.1:{port}/postgres"
            began = time.monotonic()
            with pytest.raises(Unavailable), Database(url, Settings(read_timeout=2).database).reading():
                pass
            return time.monotonic() - began

        with ThreadPoolExecutor() as threads:
            assert max(threads.map(give_up, ["psycopg2", "psycopg"])) < 2 + SLACK


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_connection_lost_after_the_last_answer_is_no_error_and_takes_no_place_in_the_pool(
    dags, postgres, driver_url, driver
):
    database = Database(driver_url(driver), Settings(pool_size=1, read_timeout=2).database)

    def look(connection):
        return connection.execute(text("SELECT 1")).scalar()

    def lose(connection, *_):
        with settings.engine.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": connection.info.backend_pid})

    database.write("a_dag", look)
    event.listen(database.engine, "reset", lose, insert=True)
    for _ in range(2):
        assert database.write("a_dag", look) == 1
        with database.reading() as connection:
            assert look(connection) == 1
    database.engine.dispose()
