"""What becomes of requests when PostgreSQL, or the way to it, fails: an answer in time, and nothing half done."""

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
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.domain import Unavailable
from airflow_run_groups.entrypoints.settings import Settings
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

    def test_when_nobody_can_say_what_became_of_a_commit_the_answer_says_that(self, client, proxy, dags):
        def lose_all(link):
            link.mute = True
            proxy.freeze()

        proxy.trap(COMMIT, lose_all)
        status, _, answer = client.post()
        assert status == 503
        assert "may exist or not" in answer["error"]
        proxy.heal()
        wait_until(lambda: dags.count_runs() in (0, 5), seconds=5)


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

    def test_gets_connections_back_without_the_limits_of_a_batch(self, database):
        names = ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")

        def look(connection):
            return [connection.execute(text(f"SHOW {name}")).scalar() for name in names]

        with database.reading() as connection:
            before = look(connection)
        assert database.write("a_dag", look) == ["5s", "15s", "25s"]
        with database.reading() as connection:
            assert look(connection) == before


def refuse_options(link):
    link.mute = True
    error = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
    link.client.sendall(b"E" + struct.pack("!i", len(error) + 4) + error)


@pytest.fixture
def driver_url():
    def driver_url(driver, **query):
        url = settings.engine.url.set(drivername=f"postgresql+{driver}").update_query_dict(query)
        return url.render_as_string(hide_password=False)

    return driver_url


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_a_silent_server_is_given_up_whatever_the_driver(dags, postgres, driver, driver_url):
    database = Database(driver_url(driver), Settings(read_timeout=1, write_timeout=1).database)
    with database.reading() as connection:
        connection.execute(text("SELECT 1"))
        began = time.monotonic()
        with postgres.frozen(), pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))
    assert time.monotonic() - began < SLACK
    database.write("a_dag", lambda _: None)
    began = time.monotonic()
    with postgres.frozen(), pytest.raises(Unavailable):  # on a connection that has worked a moment ago
        database.write("a_dag", lambda _: None)
    assert time.monotonic() - began < SLACK
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
