"""What is read of a connection, when, and for how long."""

import socket
import threading
import time
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders

from airflow_run_groups.entrypoints.gunicorn.request import MAX_HEAD, SMALL_BODY, Incomplete, Receiver
from airflow_run_groups.entrypoints.gunicorn.threads import Threads

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CLIENT = ("127.0.0.1", 1)


@pytest.fixture
def wire():
    """Return a receiver, and the client's end of its connection."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        ours.settimeout(0)
        large = threading.Semaphore(1)
        receiver = Receiver(ours, 0.2, Threads(1), large)
        yield SimpleNamespace(client=theirs, receiver=receiver, large=large)


def read(wire):
    return wire.receiver.read_head(Config(), CLIENT, 1)


def on_a_thread(wire, job):
    """Do it as a worker does; return the result, or the error."""
    found = []

    def run():
        try:
            found.append(job())
        except Exception as error:  # noqa: BLE001 - it is the result
            found.append(error)
        ended.set()

    ended = threading.Event()
    wire.receiver._threads.submit(run)  # noqa: SLF001 - whose turns it gives away
    assert ended.wait(10)
    return found[0]


def test_a_head_is_parsed_when_all_of_it_is_there(wire):
    for byte in HEAD + b"\r":
        wire.client.sendall(bytes([byte]))
        with pytest.raises(Incomplete):
            read(wire)
    wire.client.sendall(b"\nrest")
    assert read(wire).headers == [("HOST", "localhost")]
    assert wire.receiver.buf.getvalue() == b"rest"


def test_the_deadline_is_set_by_the_first_byte(wire):
    with pytest.raises(Incomplete):
        read(wire)
    assert not wire.receiver.has_begun
    wire.client.sendall(b"G")
    before = time.monotonic()
    with pytest.raises(Incomplete):
        read(wire)
    assert before + 0.2 <= wire.receiver.deadline <= time.monotonic() + 0.2


@pytest.mark.parametrize("ends", [False, True])
def test_a_head_that_is_too_long_is_refused(wire, ends):
    wire.client.sendall(HEAD + (MAX_HEAD // 1000 + 1) * (b"X: " + 1000 * b"x" + b"\r\n") + (b"\r\n" if ends else b""))
    with pytest.raises(LimitRequestHeaders):
        read(wire)


@pytest.mark.parametrize(
    ("target", "sent", "host"),
    [
        (b"/", b"localhost", "localhost"),
        (b"http://evil.example/", b"localhost", "evil.example"),
        (b"https://evil.example:8/", b"localhost", "evil.example:8"),
        (b"*", b"localhost", "localhost"),
    ],
)
def test_the_host_is_that_of_the_target_if_it_names_one(wire, target, sent, host):
    wire.client.sendall(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: " + sent + b"\r\nA: b\r\n\r\n")
    assert sorted(read(wire).headers) == [("A", "b"), ("HOST", host)]


def test_a_target_with_a_host_is_no_reason_to_leave_the_header_out(wire):
    wire.client.sendall(b"GET http://localhost/ HTTP/1.1\r\nA: b\r\n\r\n")
    assert read(wire).headers == [("A", "b")]


@pytest.mark.parametrize("target", [b"http:///", b"ftp://localhost/", b"http://user@localhost/", b"x://localhost/"])
def test_a_target_that_is_none_of_http_is_refused(wire, target):
    wire.client.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with pytest.raises(InvalidRequestLine):
        read(wire)


def test_a_body_that_does_not_come_is_a_timeout(wire):
    wire.client.sendall(HEAD + b"Content-Length: 2\r\n\r\n{")
    request = read(wire)
    assert isinstance(on_a_thread(wire, request.body.read), TimeoutError)
    assert request.should_close()


def test_time_that_the_server_takes_is_not_the_clients(wire):
    wire.client.sendall(HEAD + b"Content-Length: 2\r\n\r\n")
    request = read(wire)
    wire.client.sendall(b"{}")
    time.sleep(0.3)
    assert on_a_thread(wire, request.body.read) == b"{}"


def test_long_bodies_are_received_some_at_a_time(wire):
    half = SMALL_BODY + 1
    wire.client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (2 * half) + half * b" ")
    request = read(wire)
    threading.Timer(0.05, wire.client.sendall, (half * b" ",)).start()
    wire.large.acquire()
    assert isinstance(on_a_thread(wire, lambda: request.body.read(2 * half)), TimeoutError)
    wire.large.release()


def test_a_long_body_gives_its_place_back(wire):
    wire.client.settimeout(10)
    body = 4 * SMALL_BODY * b" "
    wire.client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
    request = read(wire)
    sender = threading.Thread(target=wire.client.sendall, args=(body,))
    sender.start()
    assert on_a_thread(wire, lambda: request.body.read(len(body))) == body
    sender.join()
    assert not wire.large.acquire(blocking=False)
    wire.receiver.end()
    assert wire.large.acquire(blocking=False)
