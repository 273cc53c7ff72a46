"""Clients that send too slowly, too much or nonsense, or do not take their answers: each is told, none harms the others."""

import http.client
import resource
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.envelope import is_error
from tests.integration.http_memory.server import certificate, read_answer, serving

THREADS = 4
BODY = b'{"dag_id": "example_unscheduled"}'
HEAD = b"POST /api/v1/dag_runs HTTP/1.1\r\nHost: localhost\r\n"
DEADLINE = 1
MIB = 1024 * 1024
OPTIONS = f"--threads {THREADS} --worker-connections 300"
CROWD = 600
"""Twice as many clients as there may be connections."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    limits = {"AIRFLOW__AIRFLOW_API_PLUGIN__RECEIVE_TIMEOUT": str(DEADLINE)}
    with serving(tmp_path_factory.mktemp("server") / "log", GUNICORN_CMD_ARGS=OPTIONS, **limits) as server:
        yield server


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    trust, options = certificate(folder)
    limits = {"AIRFLOW__AIRFLOW_API_PLUGIN__RECEIVE_TIMEOUT": str(DEADLINE)}
    with serving(folder / "log", tls=trust, GUNICORN_CMD_ARGS=f"{OPTIONS} {options}", **limits) as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_is_created(server):
    before = count_runs(server)
    yield
    assert count_runs(server) == before


def count_runs(server):
    return len(server.get("/api/v1/dag_runs?dag_id=example_unscheduled&limit=100")[2]["response"]["dag_runs"])


def assert_others_are_served(server):
    assert server.get("/health/live")[0] == 200  # the client gives up after ten seconds


@contextmanager
def clients(server, number, sent=b"", connect=None):
    """Connect, send this and keep the connection."""
    with ExitStack() as stack:
        connections = [stack.enter_context((connect or server.connect)()) for _ in range(number)]
        for connection in connections:
            connection.sendall(sent)
        yield connections


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"G", "was not complete within 1 seconds"),
        (b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n", "was not complete within 1 seconds"),
        (HEAD + b"Content-Length: 33\r\n\r\n" + BODY[:10], "body did not arrive in time"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n21\r\n" + BODY[:10], "body did not arrive in time"),
    ],
    ids=["one byte", "half a head", "half a body", "half a chunk"],
)
def test_half_sent_requests_on_every_thread_are_a_408_and_others_are_served(server, sent, error):
    with clients(server, 2 * THREADS, sent) as connections:
        assert_others_are_served(server)
        for connection in connections:
            status, answer = read_answer(connection)
            assert status == 408
            assert error in answer["response"]["error"]
            assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        HEAD,
        HEAD + b"Content-Length: 33\r\n\r\n" + BODY[:10],
        HEAD + b"Content-Length: 200000\r\n\r\n" + 100_000 * b" ",
    ],
    ids=["nothing", "one byte", "half a head", "half a body", "half a long body"],
)
def test_crowd_that_sends_half_a_request_does_not_keep_health_from_answering(server, sent):
    number = CROWD if len(sent) < MIB / 20 else 10 * THREADS
    with clients(server, number, sent):
        for _ in range(3):
            assert_others_are_served(server)


def test_crowd_that_takes_all_file_descriptors_does_not_keep_health_from_answering(server):
    (worker,) = children(server)
    most = len([*Path(f"/proc/{worker}/fd").iterdir()]) + 50
    before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        with clients(server, 4 * most, HEAD):
            for _ in range(3):
                assert_others_are_served(server)
    finally:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, before)
    assert children(server) == [worker]


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01"], ids=["nothing", "three bytes"])
def test_tls_handshakes_that_do_not_come_hold_no_thread_and_end(tls_server, sent):
    with clients(tls_server, 10 * THREADS, sent, plainly(tls_server)) as connections:
        assert_others_are_served(tls_server)
        assert [connection.recv(1) for connection in connections] == len(connections) * [b""]


def test_crowd_that_sends_half_a_head_over_tls_does_not_keep_health_from_answering(tls_server):
    with clients(tls_server, 50 * THREADS, HEAD) as connections:
        assert_others_are_served(tls_server)
        assert {read_answer(connection)[0] for connection in connections} == {408}


def test_plain_http_where_tls_is_expected_is_a_403(tls_server):
    with clients(tls_server, 1, HEAD + b"\r\n", plainly(tls_server)) as (connection,):
        status, answer = read_answer(connection)
        assert (status, answer["response"]["reason"]) == (403, "forbidden_connection")
        assert connection.recv(1) == b""


def plainly(server):
    return lambda: socket.create_connection(("127.0.0.1", server.port), timeout=10)


def test_body_that_nobody_reads_is_not_waited_for(server):
    sent = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    with clients(server, 2 * THREADS, sent) as connections:
        assert_others_are_served(server)
        for connection in connections:
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert (answer.status, answer.headers["Connection"]) == (404, "close")
            answer.read()
            assert connection.recv(1) == b""


def test_a_half_sent_second_request_on_a_connection_is_no_different(server):
    with clients(server, 2 * THREADS, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n") as connections:
        assert [read_answer(connection)[0] for connection in connections] == [200] * 2 * THREADS
        for connection in connections:
            connection.sendall(HEAD)
        assert_others_are_served(server)
        assert [read_answer(connection)[0] for connection in connections] == [408] * 2 * THREADS


def test_a_body_that_comes_a_byte_at_a_time_has_the_same_deadline_as_one_that_does_not_come(server):
    with clients(server, 2 * THREADS, HEAD + b"Content-Length: 33\r\n\r\n") as connections:
        began = time.monotonic()
        while time.monotonic() - began < 3 * DEADLINE and not readable(connections[0]):
            for connection in connections:
                connection.sendall(b" ")
            time.sleep(0.1)
        assert [read_answer(connection)[0] for connection in connections] == [408] * 2 * THREADS


def readable(connection):
    connection.settimeout(0)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(10)


def test_connections_on_which_nothing_is_sent_hold_no_thread(server):
    with clients(server, 20 * THREADS) as connections:
        assert_others_are_served(server)
        connections[0].sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answer(connections[0])[0] == 200


def test_connections_that_stay_open_after_the_last_answer_hold_nobody_up(server):
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with clients(server, 3 * THREADS, request) as connections:
        for connection in connections:
            assert read_answer(connection)[0] == 200
        assert_others_are_served(server)


@pytest.mark.parametrize("protocol", ["server", "tls_server"])
def test_answers_that_nobody_takes_hold_no_thread(request, protocol):
    server = request.getfixturevalue(protocol)
    server.post(dag_id="example_hourly", prefix="many", start_date="2024-01-01", limit=500, partial=True)
    request = b"GET /api/v1/dag_runs?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(2 * THREADS):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client = stack.enter_context(
                client if server.tls is None else server.tls.wrap_socket(client, server_hostname="127.0.0.1")
            )
            client.sendall(500 * request)  # whose answers are more than the server's side of the connection can hold
        for _ in range(8):
            time.sleep(DEADLINE / 2)
            assert_others_are_served(server)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Content-Length: 1000000000\r\n\r\n", 413),
        (HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n", 413),
        (HEAD + b"Content-Length: 34\r\n\r\n" + BODY, 400),
        (HEAD + b"Content-Length: 50\r\n\r\n" + BODY, 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n21\r\n" + BODY, 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n21\r\n" + BODY + b"\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n20\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + BODY + b"\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 33\r\n\r\n" + BODY, 400),
        (HEAD + b"Transfer-Encoding: nonsense\r\n\r\n" + BODY, 501),
        (HEAD + b"Content-Length: -1\r\n\r\n" + BODY, 400),
        (HEAD + b"Content-Length: 33\r\nContent-Length: 34\r\n\r\n" + BODY, 400),
        (HEAD + 60 * b"X-Many: x\r\n" + b"\r\n", 431),
        (HEAD + 45 * (b"X-Long: " + 1_000 * b"x" + b"\r\n") + b"\r\n", 431),
        (HEAD + b"X-Long: " + 10_000 * b"x" + b"\r\n\r\n", 431),
        (b"GET /" + 5_000 * b"x" + b" HTTP/1.1\r\n\r\n", 414),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
    ],
)
def test_bodies_cut_short_and_nonsense_are_refused_in_our_envelope(server, sent, status):
    with server.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        found, answer = read_answer(connection)
    assert found == status
    assert is_error(answer)


@pytest.mark.parametrize("framing", [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"])
def test_an_endless_body_is_refused_and_takes_no_memory(server, framing):
    piece = b"%x\r\n%s\r\n" % (MIB, MIB * b" ") if b"chunked" in framing else MIB * b" "

    def send(_):
        with server.connect() as connection:
            connection.sendall(HEAD + framing + b"\r\n\r\n")
            try:
                for _ in range(100):
                    connection.sendall(piece)
            except OSError:  # the server has stopped listening, which is what it should do
                pass
            try:
                return read_answer(connection)[0]
            except OSError:
                return 413  # the answer was lost with the connection, as happens to a client that does not stop

    before = peak_memory(server)
    with ThreadPoolExecutor(2 * THREADS) as threads:
        assert set(threads.map(send, range(4 * THREADS))) == {413}
    assert peak_memory(server) - before < 20 * THREADS * MIB


def children(server):
    pids = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(pid) for pid in pids]


def peak_memory(server):
    """Return the most bytes that any process of the server has had."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in children(server)]
    return max(1024 * int(text.split("VmHWM:")[1].split()[0]) for text in status)
