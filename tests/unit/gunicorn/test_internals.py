"""The internals of gunicorn that we build on, one by one: after an upgrade, a test that fails names what has moved."""

import inspect

import pytest
from gunicorn import arbiter, glogging, util
from gunicorn.http import message, unreader
from gunicorn.workers import gthread


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (gthread.ThreadWorker.handle, ["conn"]),
        (gthread.ThreadWorker.handle_request, ["req", "conn"]),
        (gthread.ThreadWorker.handle_error, ["req", "client", "addr", "exc"]),
        (gthread.ThreadWorker.finish_request, ["conn", "fs"]),
        (gthread.TConn.init, []),
        (gthread.TConn.wait_for_data, ["timeout"]),
        (gthread.TConn.close, ["graceful"]),
        (unreader.SocketUnreader.__init__, ["sock", "max_chunk"]),
        (unreader.SocketUnreader.chunk, ["size_hint"]),
        (message.HeaderPolicy._peer_is_trusted_proxy, []),  # noqa: SLF001 - the internal in question
        (util.write_error, ["sock", "status_int", "reason", "mesg"]),
        (util.write_nonblock, ["sock", "data", "chunked"]),
        (glogging.Logger.setup, ["cfg"]),
        (arbiter.Arbiter.handle_int, []),
        (arbiter.Arbiter.handle_term, []),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_methods_take_the_arguments_that_we_pass(function, names):
    assert parameters(function) == names


def test_a_connection_has_the_attributes_that_we_read():
    class Socket:
        def setblocking(self, flag):
            pass

    connection = gthread.TConn(None, Socket(), None, None)
    assert not connection.initialized
    assert not connection.data_ready
    assert not connection.is_http2
    assert {"sock", "parser", "timeout"} <= set(vars(connection))


@pytest.mark.parametrize("name", ["poller", "pending_conns", "nr_conns", "method_queue"])
def test_a_worker_has_the_attribute(name):
    assert f"self.{name} =" in inspect.getsource(gthread.ThreadWorker.__init__)


def test_a_request_without_data_is_deferred_by_a_value_of_its_own():
    assert gthread._DEFER not in (True, False, None)  # noqa: SLF001 - the internal in question


def test_expired_connections_without_data_are_closed_by_their_timeout():
    source = inspect.getsource(gthread.ThreadWorker.murder_pending)
    for part in ("self.pending_conns[0]", "conn.timeout", "self.nr_conns -= 1", "conn.close()"):
        assert part in source


def test_an_unreader_has_a_buffer_its_socket_and_the_size_of_a_chunk():
    reader = unreader.SocketUnreader(type("Socket", (), {"recv": lambda *_: b""})())
    assert {"buf", "sock", "mxchunk"} <= set(vars(reader))


def test_workers_look_write_error_up_in_the_module():
    assert "util.write_error(client, status_int, reason, mesg)" in inspect.getsource(gthread.ThreadWorker.handle_error)
