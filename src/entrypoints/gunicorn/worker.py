"""gunicorn's threaded worker, in which no client holds a thread but while its request is worked on.

gunicorn's own (27.0) lets four clients that send half a request each occupy four threads without end, waits for a TLS
handshake without end, drops unread bodies on a thread, and lets every client that leaves its connection open after the
last answer hold all the others up for two seconds. Here connections wait in the poller: for the handshake, for a
request's head, for the client to take the response, and for its last bytes. A thread that waits for a body lets
another one work.
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker  # type: ignore[import-untyped]

from airflow_run_groups.entrypoints.gunicorn.connection import Connection
from airflow_run_groups.entrypoints.gunicorn.request import NOT_YET, Incomplete, Request
from airflow_run_groups.entrypoints.gunicorn.threads import Threads
from airflow_run_groups.entrypoints.gunicorn.waits import Step, Wait, Waits

MAX_DROPPED = 16 * 1024 * 1024
"""Bytes that a client may send after the last response. A client that sends more does not listen anyway."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class HeadTooSlow(Exception):
    """The head of a request did not arrive in time. For a body, the application gets a TimeoutError."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """Serves HTTP/1 clients; each wait for a client has one of these deadlines.

    ``receive_timeout`` seconds for the TLS handshake, for a request from its first byte to its last, and after the last
    response until the client closes; twice as long for a client to take a response, as responses are longer; and
    ``keepalive`` seconds for a connection without a request. A connection beyond ``worker_connections`` takes the
    place of one that waits.
    """

    receive_timeout: float

    def get_thread_pool(self) -> Threads:
        return Threads(self.cfg.threads)

    def run(self) -> None:
        self._waits = Waits(self.poller, self._go_on)
        self._large_bodies = threading.Semaphore(self.cfg.threads)
        super().run()

    def accept(self, listener: socket.socket) -> None:
        try:
            connected, client = listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._make_room()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        conn = Connection(self.cfg, connected, client, listener.getsockname())
        self._go_on(conn, self._start)
        if self.nr_conns >= self.worker_connections:
            self._make_room(but=conn)  # which may have its request to send still, while all others are at their bodies

    def murder_pending(self) -> None:
        """End the waits whose deadline has passed. gunicorn calls this about once a second, and after every event."""
        self._waits.expire(time.monotonic())

    def murder_keepalived(self, force: bool = False) -> None:
        """Close all that waits, if ``force`` says so, as gunicorn does in the end."""
        while force and (conn := self._waits.take_next()) is not None:
            self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Let connections between two requests wait no longer than this: gunicorn is about to stop."""
        self._waits.hasten_kept(deadline)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        deadline = self._waits.next_deadline()
        left = timeout if deadline is None else deadline - time.monotonic()
        super().wait_for_and_dispatch_events(timeout=min(timeout, max(left, 0)))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        if isinstance(exc, HeadTooSlow):
            self.log.info("A client of %s took too long to send a request", addr)
            util.write_error(client, 408, "Request Timeout", "")
        else:
            super().handle_error(req, client, addr, exc)

    def _make_room(self, but: Connection | None = None) -> None:
        """Close the connection whose deadline is next, ``but`` for this one."""
        conn = self._waits.take_next(but=but)
        if conn is not None:
            self._close(conn)

    def _go_on(self, conn: Connection, step: Step) -> None:
        """Take a step of a connection, whose faults are its own."""
        try:
            step(conn)
        except OSError as error:
            self.log.debug("Closing the connection of %s: %s", conn.client, error)
            self._close(conn)
        except Exception:
            self.log.exception("Closing a connection")
            self._close(conn)

    def _start(self, conn: Connection) -> None:
        if self.cfg.is_ssl:
            conn.start_tls()
            self._shake_hands(conn, time.monotonic() + self.receive_timeout)
        else:
            self._receive_first(conn)

    def _shake_hands(self, conn: Connection, deadline: float) -> None:
        try:
            events = conn.shake_hands()
        except ssl.SSLError as error:
            if error.reason != "HTTP_REQUEST":
                raise
            conn.leave_tls()
            self._refuse(conn, error)
            return
        if events:
            self._waits.add(conn, Wait(events, deadline, partial(self._shake_hands, deadline=deadline), self._close))
        else:
            self._receive_first(conn)

    def _receive_first(self, conn: Connection) -> None:
        conn.receive_by(self.receive_timeout, self.tpool, self._large_bodies)
        self._receive(conn)

    def _receive(self, conn: Connection) -> None:
        """Give a request to a thread as soon as its head is there."""
        try:
            request = conn.next_request()
        except Incomplete:
            self._wait_for_head(conn)
        except (StopIteration, NoMoreData):
            self._close(conn)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - the parser has many
            self._refuse(conn, error)
        else:
            self.tpool.submit(partial(self._serve, conn, request))

    def _wait_for_head(self, conn: Connection) -> None:
        if conn.receiver.has_begun:
            late = partial(self._refuse, error=HeadTooSlow())
            self._waits.add(conn, Wait(EVENT_READ, conn.receiver.deadline, self._receive, late))
            return
        seconds = self.cfg.keepalive or self.receive_timeout
        if conn.is_kept and not self.alive:
            seconds = min(seconds, STOP_KEEPALIVE_LINGER)
        self._waits.add(
            conn, Wait(EVENT_READ, time.monotonic() + seconds, self._receive, self._close, kept=conn.is_kept)
        )

    def _serve(self, conn: Connection, request: Request) -> None:
        """Have the application respond, and send what the client takes at once. The only work on a thread."""
        conn.keeps_open = False
        try:
            conn.keeps_open = self.handle_request(request, conn)
        except BaseException as error:  # noqa: BLE001 - whatever the application raises ends its request, and no more
            conn.sock.clear()  # of a response that it had begun nothing is sent yet
            self.handle_error(request, conn.sock, conn.client, error)
        finally:
            conn.receiver.end()
            with suppress(OSError):  # which the next attempt finds, too
                conn.send()
            self.method_queue.defer(self._go_on, conn, self._respond)

    def _refuse(self, conn: Connection, error: BaseException) -> None:
        conn.keeps_open = False
        self.handle_error(None, conn.sock, conn.client, error)
        self._respond(conn)

    def _respond(self, conn: Connection) -> None:
        self._send(conn, time.monotonic() + 2 * self.receive_timeout)

    def _send(self, conn: Connection, deadline: float) -> None:
        events = conn.send()
        if events:
            self._waits.add(conn, Wait(events, deadline, partial(self._send, deadline=deadline), self._close))
        elif conn.keeps_open:
            self._receive(conn)
        else:
            conn.end_sending()
            self._linger(conn, time.monotonic() + self.receive_timeout)

    def _linger(self, conn: Connection, deadline: float) -> None:
        """Drop what the client still sends. If it stayed unread, closing the connection could lose the response."""
        try:
            dropped = len(conn.socket.recv(65536))
        except NOT_YET:
            pass
        else:
            conn.dropped += dropped
            if not dropped or conn.dropped > MAX_DROPPED:
                self._close(conn)
                return
        self._waits.add(conn, Wait(EVENT_READ, deadline, partial(self._linger, deadline=deadline), self._close))

    def _close(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()
