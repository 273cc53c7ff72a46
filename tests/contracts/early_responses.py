"""Responses that a server gives before it has read the body, whichever way the body comes; for every server that we run in.

A response either keeps the connection, which then serves the next request, or says that it closes it, and is not lost.
"""

import http.client
import io
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

BODY = b'{"dag_id": "example_unscheduled"}'
LONG = 300_000
TOO_LONG = 2 * 1024 * 1024
PAUSE = 0.1


@dataclass(frozen=True)
class Early:
    """A request that is responded to early; ``who`` sends it: nobody, a reader, a writer, or a writer who is limited."""

    status: int
    method: str
    path: str
    who: str = "writer"

    def __str__(self) -> str:
        return f"{self.status} {self.method} {self.path}"


EARLY = (
    Early(401, "POST", "/api/v1/dag_runs", "nobody"),
    Early(401, "GET", "/api/v1/dags", "nobody"),
    Early(403, "POST", "/api/v1/dag_runs", "reader"),
    Early(404, "POST", "/api/v1/nothing", "nobody"),
    Early(404, "POST", "//api/v1/dag_runs"),
    Early(404, "GET", "/api/v1/dag_runs/nothing"),
    Early(405, "DELETE", "/api/v1/health/live", "nobody"),
    Early(405, "PURGE", "/api/v1/health/live", "nobody"),
    Early(400, "GET", "/api/v1/dag_runs?limit=x"),
    Early(429, "POST", "/api/v1/dag_runs", "limited"),
    Early(200, "GET", "/api/v1/dags"),
    Early(200, "GET", "/api/v1/health/live", "nobody"),
    Early(200, "OPTIONS", "/api/v1/dag_runs"),
    Early(308, "GET", "/api/v1/docs/", "nobody"),
)


def _chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


BODIES: dict[str, tuple[bytes, ...]] = {
    "none": (b"\r\n",),
    "with the head": (b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,),
    "after the head": (b"Content-Length: %d\r\n\r\n" % len(BODY), BODY),
    "long": (b"Content-Length: %d\r\n\r\n" % LONG, LONG * b" "),
    "very long": (b"Content-Length: %d\r\n\r\n" % TOO_LONG, TOO_LONG * b" "),
    "in chunks": (b"Transfer-Encoding: chunked\r\n\r\n", _chunked(BODY[:5], BODY[5:], b"")),
    "many chunks": (b"Transfer-Encoding: chunked\r\n\r\n", _chunked(*30 * [10_000 * b" "], b"")),
    "a malformed chunk with the head": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",),
    "a malformed chunk after the head": (b"Transfer-Encoding: chunked\r\n\r\n", _chunked(BODY), b"zz\r\n\r\n"),
}
"""What comes after the headers of a request, in pieces with a pause between them."""
EXPECTING = (b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY),)
"""The same of a client that sends its body when it is told to."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("Connection", "").lower() == "close"


def converse(
    connect: Callable[[], Any], head: bytes, pieces: Iterable[bytes], following: bytes = b""
) -> list[Response]:
    """Send a request piece by piece, and another behind it; return every response that comes until the connection ends.

    :raises OSError: when the connection is reset, or does not end.
    """
    with connect() as connection:
        connection.sendall(head)
        for number, piece in enumerate(pieces):
            time.sleep(PAUSE if number else 0)
            connection.sendall(piece)
        if following:
            connection.sendall(following)
        received = bytearray()
        while data := connection.recv(65536):
            received += data
    return list(_responses(bytes(received)))


def wrong_responses(
    connect: Callable[[], Any],
    pieces: Iterable[bytes],
    requests: Iterable[tuple[Early, bytes]],
    following: bytes = b"",
    malformed: int | None = None,
) -> list[tuple[str, object]]:
    """Send early requests with one body each, at the same time; return which of them get what they should not.

    ``malformed`` is a status that the server itself may give.
    """
    requests = list(requests)

    def responses(request: tuple[Early, bytes]) -> object:
        try:
            return converse(connect, request[1], pieces, following)
        except OSError as error:
            return error

    with ThreadPoolExecutor(len(requests)) as threads:
        found = zip(requests, threads.map(responses, requests), strict=True)
    return [(str(early), got) for (early, _), got in found if not _is_right(got, {early.status, malformed}, following)]


def _is_right(got: object, statuses: set[int | None], following: bytes) -> bool:
    if not isinstance(got, list) or not got or got[0].status not in statuses:
        return False
    rest = [response.status for response in got[1:]]
    return rest == [] if got[0].closes else rest == [200] and bool(following)


def head(early: Early, token: str | None, *more: bytes, root: str = "") -> bytes:
    """Return the first lines of a request, without their end."""
    lines = [f"{early.method} {_below(root, early.path)} HTTP/1.1".encode(), b"Host: localhost", *more]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}".encode())
    return b"".join(line + b"\r\n" for line in lines)


def following(root: str = "") -> bytes:
    """Return a request after which the connection is to be closed."""
    return f"GET {root}/api/v1/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def _below(root: str, path: str) -> str:
    return path if path.startswith("//") else root + path


class _Received(io.BytesIO):
    def makefile(self, *_: object) -> io.BytesIO:
        return self

    def close(self) -> None:
        """Stay open, which http.client does not expect of a socket's file."""


def _responses(received: bytes) -> Iterable[Response]:
    stream = _Received(received)
    while stream.tell() < len(received):
        response = http.client.HTTPResponse(stream)  # type: ignore[arg-type]
        line = received[stream.tell() :].partition(b"\r\n")[0]
        if line.startswith(b"HTTP/1.1 100"):
            stream.seek(len(line) + 4, io.SEEK_CUR)
            yield Response(100, http.client.HTTPMessage(), b"")
            continue
        response.begin()
        yield Response(response.status, response.headers, response.read())
