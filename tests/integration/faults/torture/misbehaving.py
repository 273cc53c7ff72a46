"""Clients that send half a request, or nonsense, and then wait for an answer or go away."""

import socket
from contextlib import ExitStack, contextmanager, suppress

HEAD = b"POST /api/v1/dag_runs HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HALF = HEAD + b"Content-Length: 100\r\n\r\n{"
MESSAGES = (
    b"",
    b"G",
    HEAD,
    HALF,
    HEAD + b"Content-Length: 1000000000\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b'{"dag_id": "first"}\r\n\r\n',
)


def say(server, message, *, listen) -> bytes:
    """Send this, and return the answer, if one is waited for and comes."""
    try:
        with _connected(server) as connection:
            connection.sendall(message)
            answer = b""
            while listen and (piece := connection.recv(65536)):
                answer += piece
            return answer
    except OSError:
        return b""


@contextmanager
def crowd(server, number=100):
    """Have so many clients send half a request within the block."""
    with ExitStack() as stack:
        for _ in range(number):
            with suppress(OSError):  # the server may be busy with something else
                stack.enter_context(_connected(server)).sendall(HALF)
        yield


def _connected(server):
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)
