"""A client's connection: how it is made safe, what it has sent, and what it is still to get. Its socket never blocks."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn import sock as sockets  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints.gunicorn.request import NOT_YET, Receiver, Request
from airflow_run_groups.entrypoints.gunicorn.threads import Threads

JOINED = 64 * 1024
"""Bytes up to which a response leaves as one piece. Longer ones are not copied: many connections share the bytes."""


class Outgoing(list[bytes]):
    """The response that gunicorn writes, as if this were the socket; the poller sends it."""

    def sendall(self, data: bytes) -> None:
        self.append(data)

    def shutdown(self, how: int) -> None:
        """Refuse it to gunicorn, which closes connections on a thread."""
        raise OSError

    def close(self) -> None:
        """Leave the connection to the poller."""


class Connection:
    """Serves one request after the other. gunicorn reads ``sock``, ``client`` and ``server``."""

    def __init__(self, cfg: Any, connected: socket.socket, client: Any, server: Any) -> None:
        self._cfg = cfg
        self.socket = connected
        self.client = client
        self.server = server
        self.sock = Outgoing()
        self.keeps_open = False
        self.dropped = 0
        self._number = 0
        connected.settimeout(0)

    @property
    def is_kept(self) -> bool:
        """Whether a request has been served on it."""
        return self._number > 0

    def start_tls(self) -> None:
        self.socket = sockets.ssl_context(self._cfg).wrap_socket(
            self.socket,
            server_side=True,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=self._cfg.suppress_ragged_eofs,
        )

    def shake_hands(self) -> int:
        """Go on with the TLS handshake. Return what to wait for, 0 when it is complete.

        :raises OSError: when there will be no connection.
        """
        assert isinstance(self.socket, ssl.SSLSocket)  # noqa: S101 - for the type checker
        try:
            self.socket.do_handshake()
        except NOT_YET as error:
            return _needs(error)
        return 0

    def leave_tls(self) -> None:
        """Speak plainly to a client that does."""
        self.socket = socket.socket(fileno=self.socket.detach())
        self.socket.settimeout(0)

    def receive_by(self, receive_timeout: float, threads: Threads, large: threading.Semaphore) -> None:
        self.receiver = Receiver(self.socket, receive_timeout, threads, large)

    def next_request(self) -> Request:
        """Return the next request, whose body may still be on its way.

        :raises Incomplete: when its head is.
        """
        request = self.receiver.read_head(self._cfg, self.client, self._number + 1)
        self._number += 1
        return request

    def send(self) -> int:
        """Send what the client takes now of the response. Return what to wait for, 0 when all is sent.

        :raises OSError: when the client is gone.
        """
        parts = self.sock
        if len(parts) > 1 and sum(map(len, parts)) <= JOINED:
            parts[:] = [b"".join(parts)]
        while parts:
            try:
                sent = self.socket.send(memoryview(parts[0])[:JOINED])
            except NOT_YET as error:
                return _needs(error)
            if sent < len(parts[0]):
                parts[0] = memoryview(parts[0])[sent:]  # type: ignore[call-overload]
            else:
                del parts[0]
        return 0

    def end_sending(self) -> None:
        """Say that nothing more will come.

        :raises OSError: when the client was faster.
        """
        if isinstance(self.socket, ssl.SSLSocket):
            with suppress(OSError):  # what is to be said is said; the client's own farewell is not waited for
                self.socket.unwrap()
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()


def _needs(error: OSError) -> int:
    return EVENT_READ if isinstance(error, ssl.SSLWantReadError) else EVENT_WRITE
