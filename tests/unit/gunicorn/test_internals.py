"""The internals of gunicorn that we build on, one by one: after an upgrade, a test that fails names what has moved."""

import inspect
import re

import pytest
from gunicorn import arbiter, glogging, sock as sockets, util
from gunicorn.http import body, message, unreader, wsgi
from gunicorn.workers import gthread


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (gthread.ThreadWorker.handle_request, ["req", "conn"]),
        (gthread.ThreadWorker.handle_error, ["req", "client", "addr", "exc"]),
        (gthread.ThreadWorker.get_thread_pool, []),
        (gthread.ThreadWorker.run, []),
        (gthread.ThreadWorker.accept, ["listener"]),
        (gthread.ThreadWorker.murder_pending, []),
        (gthread.ThreadWorker.murder_keepalived, ["force"]),
        (gthread.ThreadWorker._cap_keepalive, ["deadline"]),  # noqa: SLF001 - the internal in question
        (gthread.ThreadWorker.wait_for_and_dispatch_events, ["timeout"]),
        (gthread.PollableMethodQueue.defer, ["callback", "args"]),
        (message.Request.__init__, ["cfg", "unreader", "peer_addr", "req_number"]),
        (message.Request.parse, ["unreader"]),
        (message.HeaderPolicy._peer_is_trusted_proxy, []),  # noqa: SLF001 - the internal in question
        (message.Request.should_close, []),
        (unreader.Unreader.chunk, ["size_hint"]),
        (sockets.ssl_context, ["conf"]),
        (util.write_error, ["sock", "status_int", "reason", "mesg"]),
        (glogging.Logger.setup, ["cfg"]),
        (arbiter.Arbiter.handle_int, []),
        (arbiter.Arbiter.handle_term, []),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_methods_take_the_arguments_that_we_pass(function, names):
    assert parameters(function) == names


@pytest.mark.parametrize("name", ["poller", "nr_conns", "method_queue", "worker_connections", "tpool"])
def test_a_worker_has_the_attribute(name):
    assert f"self.{name} =" in inspect.getsource(gthread.ThreadWorker.__init__)


def test_a_worker_stops_without_the_waits_that_it_does_not_have():
    source = inspect.getsource(gthread.ThreadWorker.run)
    for part in (
        *("while self.nr_conns > 0", "self._cap_keepalive(", "self.murder_keepalived(force=True)"),
        *("self.wait_for_and_dispatch_events(timeout=", "self.nr_conns < self.worker_connections"),
    ):
        assert part in source


def test_a_request_is_handled_by_what_a_connection_of_ours_has():
    source = inspect.getsource(gthread.ThreadWorker.handle_request)
    assert set(re.findall(r"conn\.(\w+)", source)) == {"sock", "client", "server"}


def test_the_connection_is_kept_or_closed_as_the_request_says_when_the_response_begins():
    assert "self.req.should_close()" in inspect.getsource(wsgi.Response.should_close)
    assert "self.should_close()" in inspect.getsource(wsgi.Response.default_headers)


def test_continue_is_sent_for_a_request_that_says_so():
    assert "if req._expected_100_continue:" in inspect.getsource(wsgi.create)


def test_a_body_that_could_not_be_read_says_so():
    class Broken:
        def read(self, size):
            raise BufferError

    read = body.Body(Broken())
    assert not read.failed
    with pytest.raises(BufferError):
        read.read(1)
    assert read.failed


def test_an_unreader_has_a_buffer():
    assert vars(unreader.Unreader()).keys() == {"buf"}


def test_connections_that_are_kept_live_a_little_longer_when_the_worker_stops():
    assert gthread.STOP_KEEPALIVE_LINGER == 2.0


def test_workers_look_write_error_up_in_the_module():
    assert "util.write_error(client, status_int, reason, mesg)" in inspect.getsource(gthread.ThreadWorker.handle_error)
