"""gunicorn's threaded worker with deadlines for a client to send its request, and to take the response.

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

from airflow_run_groups.entrypoints.http.security.same_origin import FORWARDED_HOST

FIRST_BYTE = 0.05
"""Seconds that a thread waits for a new connection's first byte, which most clients have sent by then. After it the
connection waits without a thread, for ``keepalive`` seconds."""
LINGER = 2.0
"""Seconds that a connection stays open after the last response, for a client that does not close it."""
MAX_DROPPED = 1024 * 1024
"""Bytes that a client may send meanwhile. A client that sends more does not listen anyway."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """Serves HTTP/1 clients within ``receive_timeout`` seconds for a request, and twice as long for its response.

    A thread is held in both. Responses are longer, up to some hundred KiB, and clients slower to take them.
    """

    receive_timeout: float

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, on a thread."""
        if not (conn.initialized or conn.data_ready or conn.wait_for_data(FIRST_BYTE)):
            return _DEFER
        if not conn.initialized:
            conn.init()
            if not conn.is_http2:
                conn.parser.unreader = _Unreader(conn.parser.unreader, self.receive_timeout, self.send_timeout)
        if not conn.is_http2:
            conn.parser.unreader.expect_request()
        return super().handle(conn)

    @property
    def send_timeout(self) -> float:
        return 2 * self.receive_timeout

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Let the application respond to a request whose head is complete."""
        if not req._peer_is_trusted_proxy():  # noqa: SLF001 - gunicorn's own rule, FORWARDED_ALLOW_IPS
            req.headers = [header for header in req.headers if header[0] != FORWARDED_HOST.upper()]
        conn.parser.unreader.expect_body()
        conn.sock.settimeout(self.send_timeout)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        if isinstance(exc, HeadTooSlow):
            self.log.info("A client of %s took too long to send a request", addr)
            util.write_error(client, 408, "Request Timeout", "")
        else:
            super().handle_error(req, client, addr, exc)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep a connection for the next request, or close it once the client has the response."""
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
        """Drop what the client still sends. If it stayed unread, closing the connection could lose the response."""
        try:
            dropped = len(sock.recv(65536))
        except BlockingIOError:
            return
        except OSError:
            dropped = 0
        conn.dropped += dropped
        if not dropped or conn.dropped > MAX_DROPPED:
            self.poller.unregister(sock)
            self.pending_conns.remove(conn)
            self._close(conn)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()


class HeadTooSlow(Exception):
    """The head of a request did not arrive in time. For a body, the application gets a TimeoutError."""


class _Unreader(SocketUnreader):  # type: ignore[misc]
    """Reads a connection until the deadline of the request."""

    def __init__(self, other: Any, receive_timeout: float, send_timeout: float) -> None:
        super().__init__(other.sock, other.mxchunk)
        self.buf = other.buf
        self._receive_timeout = receive_timeout
        self._send_timeout = send_timeout

    def expect_request(self) -> None:
        self._deadline = time.monotonic() + self._receive_timeout
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
            self.sock.settimeout(self._send_timeout)
        return data
