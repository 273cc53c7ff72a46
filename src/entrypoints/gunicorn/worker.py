"""gunicorn's threaded worker with deadlines: a client has only so long to send its request, and to take the answer.

gunicorn's own lets four clients that send half a request each occupy four threads for ever, and lets every client that
leaves its connection open after the last answer hold all the others up for two seconds (27.0).
"""

from __future__ import annotations

import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints.gunicorn.limits import ServerLimits

FIRST_BYTE = 0.05
"""Seconds that a thread waits for a new connection's first byte, which most clients have sent by then. After it the
connection waits without a thread, for ``keepalive`` seconds."""
LINGER = 2.0
"""Seconds that a connection stays open after the last answer, for a client that does not close it."""
MOST_DROPPED = 1024 * 1024
"""Bytes that a client may send meanwhile; more, and it is not listening anyway."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """Serves HTTP/1 clients within these limits."""

    limits = ServerLimits()

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, on a thread."""
        if not (conn.initialized or conn.data_ready or conn.wait_for_data(FIRST_BYTE)):
            return _DEFER
        if not conn.initialized:
            conn.init()
            if not conn.is_http2:
                conn.parser.unreader = _Unreader(conn.parser.unreader, self.limits)
        if not conn.is_http2:
            conn.parser.unreader.expect_request()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Let the application answer a request whose head is complete."""
        conn.parser.unreader.expect_body()
        conn.sock.settimeout(self.limits.send_timeout)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer in the application's place."""
        if isinstance(exc, HeadTooSlow):
            self.log.info("A client of %s took too long to send a request", addr)
            util.write_error(client, 408, "Request Timeout", "")
        else:
            super().handle_error(req, client, addr, exc)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Go on with a connection after a request, or take leave of it."""
        if fs.cancelled() or fs.exception() is not None or fs.result() is not False:
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(0)
        except OSError:  # the client was faster
            self._close(conn)
            return
        conn.timeout = time.monotonic() + LINGER
        conn.dropped = 0
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._linger, conn))

    def _linger(self, conn: Any, sock: socket.socket) -> None:
        """Drop what the client still sends: closed with that unread, the connection might lose the answer on its way."""
        try:
            dropped = len(sock.recv(65536))
        except BlockingIOError:
            return
        except OSError:
            dropped = 0
        conn.dropped += dropped
        if not dropped or conn.dropped > MOST_DROPPED:
            self.poller.unregister(sock)
            self.pending_conns.remove(conn)
            self._close(conn)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()


class HeadTooSlow(Exception):
    """The head of a request is not there in time; for its body the application gets a TimeoutError."""


class _Unreader(SocketUnreader):  # type: ignore[misc]
    """The bytes of a connection, as long as the request that they belong to is in time."""

    def __init__(self, other: Any, limits: ServerLimits) -> None:
        super().__init__(other.sock, other.mxchunk)
        self.buf = other.buf
        self._limits = limits

    def expect_request(self) -> None:
        self._deadline = time.monotonic() + self._limits.receive_timeout
        self._too_slow: type[Exception] = HeadTooSlow

    def expect_body(self) -> None:
        self._too_slow = TimeoutError

    def chunk(self, *size_hint: Any) -> bytes:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._too_slow
        self.sock.settimeout(left)
        try:
            data: bytes = super().chunk(*size_hint)
        except TimeoutError:
            raise self._too_slow from None
        finally:
            self.sock.settimeout(self._limits.send_timeout)
        return data
