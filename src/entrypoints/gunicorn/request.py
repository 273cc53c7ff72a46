"""The source that gunicorn's parser reads from: a connection that never blocks, except in the body of a request."""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from gunicorn.http import message  # type: ignore[import-untyped]
from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders  # type: ignore[import-untyped]
from gunicorn.http.unreader import Unreader  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints.gunicorn.threads import Threads
from airflow_run_groups.entrypoints.http.security.same_origin import FORWARDED_HOST

READ = 16 * 1024
"""Bytes that are read at a time: as many as a TLS record has, so that no decrypted bytes stay where the poller sees none."""
MAX_HEAD = 32 * 1024
"""Bytes that the head of a request may have. Every connection may be in the middle of one."""
MAX_DRAINED = 64 * 1024
"""Bytes of an unread body that are dropped to keep the connection, if they are there already."""
SMALL_BODY = 64 * 1024
"""Bytes of a body that every request may send at its own pace; of longer bodies, some are received at a time."""
NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Incomplete(Exception):
    """The client has not sent all of it yet."""


class Request(message.Request):  # type: ignore[misc]
    """A request for the host of its target, if that names one (RFC 9112, 3.2.2); nobody but a trusted proxy forwards one."""

    unreader: Receiver
    headers: list[tuple[str, str]]
    _closes: bool | None = None

    def parse(self, unreader: Any) -> Any:
        rest = super().parse(unreader)
        if not self._peer_is_trusted_proxy():  # gunicorn's own rule, FORWARDED_ALLOW_IPS
            self.headers = [header for header in self.headers if header[0] != FORWARDED_HOST.upper()]
        if self.uri[0] not in "/*" and self.method != "CONNECT":
            target = urlsplit(self.uri)
            if target.scheme not in ("http", "https") or not target.netloc or "@" in target.netloc:
                raise InvalidRequestLine(self.uri)
            if self.version < (1, 1) or any(name == "HOST" for name, _ in self.headers):
                others = [(name, value) for name, value in self.headers if name != "HOST"]
                self.headers = [("HOST", target.netloc), *others]
        return rest

    def should_close(self) -> bool:
        """Decide, when the response is about to say it, whether the connection serves another request.

        Bytes of the body that nobody has read would be taken for the next request.
        """
        if self._closes is None:
            self._closes = super().should_close() or not self.unreader.drop(self.body)
        return self._closes


class Receiver(Unreader):  # type: ignore[misc]
    """Reads a connection until the deadline of the request, which its first byte sets.

    A head is parsed anew when more of it has arrived. The body is waited for on the thread that reads it.
    """

    buf: io.BytesIO

    def __init__(
        self, sock: socket.socket, receive_timeout: float, threads: Threads, large: threading.Semaphore
    ) -> None:
        super().__init__()
        self.sock = sock
        self.deadline = 0.0
        self._receive_timeout = receive_timeout
        self._threads = threads
        self._large = large
        self._head: bytearray | None = None
        self._waits = False
        self._is_expected_to_continue = False
        self._received = 0
        self._is_large = False
        self._received_at = 0.0

    def read_head(self, cfg: Any, client: Any, number: int) -> Request:
        """Read the head of a request.

        :raises Incomplete: when there is more to come.
        """
        if self._head is None:
            self._head = bytearray(self.buf.getvalue())
            self.deadline = 0.0
        self.buf = io.BytesIO(self._head)
        try:
            request = Request(cfg, self, client, number)
        finally:
            if self._head and not self.has_begun:
                self.deadline = time.monotonic() + self._receive_timeout
        _check_length(len(self._head) - self.buf.getbuffer().nbytes)
        self._head = None
        self._received = self.buf.getbuffer().nbytes
        self._received_at = time.monotonic()
        self._waits = True
        # gunicorn would say "100 Continue" before the application has seen the request.
        self._is_expected_to_continue = request._expected_100_continue  # noqa: SLF001 - gunicorn has no other name
        request._expected_100_continue = False  # noqa: SLF001 - as above
        return request

    @property
    def has_begun(self) -> bool:
        """Whether the first byte of a request has come."""
        return self.deadline > 0

    def end(self) -> None:
        """Give back what the body of the request has held."""
        self._waits = False
        if self._is_large:
            self._is_large = False
            self._large.release()

    def drop(self, body: Any) -> bool:
        """Read the rest of a body, as far as it is there; return whether that was all."""
        self._waits = False
        try:
            return not body.failed and len(body.read(MAX_DRAINED + 1)) <= MAX_DRAINED
        except Exception:  # noqa: BLE001 - whatever is wrong with the rest
            return False

    def chunk(self, size_hint: int | None = None) -> bytes:
        size = max(size_hint or 0, READ) if self._is_large else READ
        if self._head is not None:
            _check_length(len(self._head))
        data = self._at_hand(size) if self._head is not None or not self._waits else self._of_body(size)
        if data is None:
            raise Incomplete
        if self._head is not None:
            self._head += data
        return data

    def _at_hand(self, size: int) -> bytes | None:
        try:
            data = self.sock.recv(size)
        except NOT_YET:
            return None
        self._received_at = time.monotonic()
        return data

    def _of_body(self, size: int) -> bytes:
        self.deadline += time.monotonic() - self._received_at  # which was the server's own time
        left = self._left()
        if self._received > SMALL_BODY and not self._is_large:
            with self._threads.paused():
                self._is_large = self._large.acquire(timeout=left)
            left = self._left()
        data = self._at_hand(size)
        if data is None:
            with self._threads.paused():
                data = self._wait_for(size, left)
        self._is_expected_to_continue = False
        self._received += len(data)
        return data

    def _wait_for(self, size: int, left: float) -> bytes:
        self.sock.settimeout(left)
        try:
            if self._is_expected_to_continue:
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            data = self.sock.recv(size)
        finally:
            self.sock.settimeout(0)
        self._received_at = time.monotonic()
        return data

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _check_length(head: int) -> None:
    if head > MAX_HEAD:
        msg = f"the head is longer than {MAX_HEAD} bytes"
        raise LimitRequestHeaders(msg)
