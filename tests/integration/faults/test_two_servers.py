"""Two services on one database: deploys, and sockets and connections that no two processes share."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil

from tests.integration.airflow.processes import wait_until
from tests.integration.faults.client import send


@contextmanager
def traffic(server, threads=6):
    """Send requests without a pause, each on a connection of its own; yield what came of them so far."""
    answers, stop = [], threading.Event()

    def go_on(number):
        count = 0
        while not stop.is_set():
            count += 1
            if number % 2:
                status, _ = send(server, "GET", "/api/v1/dag_runs")
            else:
                body = {"dag_id": "a_dag", "prefix": f"p{number}_{count}", "start_date": "2024-01-01", "limit": 3}
                status, _ = send(server, "POST", "/api/v1/dag_runs", {**body, "partial": True})
            answers.append(status)

    with ThreadPoolExecutor(threads) as pool:
        for number in range(threads):
            pool.submit(go_on, number)
        try:
            yield answers
        finally:
            stop.set()


def workers(server):
    return {child.pid for child in psutil.Process(server.popen.pid).children()}


def test_a_connection_that_the_master_had_open_answers_nobody_elses_question(dags, second):
    ids = [f"run_{number}" for number in range(40)]
    for run_id in ids:
        dags.run("a_dag", run_id)

    def ask(run_id):
        status, answer = send(second, "GET", f"/api/v1/dag_runs/{run_id}")
        return status, answer.get("dag_run", {}).get("run_id")

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(ask, 10 * ids)) == [(200, run_id) for run_id in 10 * ids]
    dags.clear_runs()


def test_two_services_of_one_user_share_no_socket(first, second):
    sockets = [
        connection.laddr
        for server in (first, second)
        for connection in psutil.Process(server.popen.pid).net_connections("unix")
    ]
    assert [path for path in sockets if path] == []


def test_a_reload_replaces_every_worker_and_loses_no_request(dags, second):
    before = workers(second)
    with traffic(second) as answers:
        wait_until(lambda: len(answers) > 20, what="answers")
        second.popen.send_signal(signal.SIGHUP)
        wait_until(lambda: len(workers(second)) == 2 and not workers(second) & before, what="new workers only")
        served = len(answers)
        wait_until(lambda: len(answers) > served + 20, what="more answers")
    assert set(answers) == {200}


def test_before_a_server_stops_it_says_that_it_is_not_ready_and_the_other_goes_on(dags, first, second):
    with traffic(first) as others, traffic(second) as answers:
        wait_until(lambda: len(answers) > 20, what="answers")
        second.popen.send_signal(signal.SIGTERM)
        wait_until(lambda: not second.answers("/health/ready"), seconds=10, what="not being ready")
        told = second.client.get("/health/ready")
        assert (told.status_code, told.json()["response"]["error"]) == (503, "the service is stopping")
        assert second.client.get("/health/live").status_code == 200
        assert first.client.get("/health/ready").status_code == 200
        served = len(answers)
        wait_until(lambda: len(answers) > served + 20, what="more answers")
    assert set(answers) == {200}
    second.popen.send_signal(signal.SIGTERM)  # it would drain for ten minutes more
    assert second.popen.wait(30) == 0
    assert set(others) == {200}
    assert first.answers("/health/ready")
