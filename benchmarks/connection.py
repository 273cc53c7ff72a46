"""A client that costs next to nothing: one keep-alive connection, read to its Content-Length."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any


class Failed(Exception):
    """A server did not respond as it should."""


class Unavailable(Failed):
    """The status is 503."""


class Connection:
    """A connection to a server on this machine."""

    def __init__(self, port: int, token: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: 127.0.0.1:{port}\r\nAccept: application/json\r\n"
        if token:
            self._head += f"Authorization: Bearer {token}\r\n"

    def close(self) -> None:
        self._socket.close()

    def get(self, path: str) -> tuple[float, bytes]:
        """Return the seconds until the whole response was received, and its body.

        :raises Failed: when its status is not in the 200s.
        """
        return self._send(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())

    def post(self, path: str, body: Mapping[str, object]) -> tuple[float, bytes]:
        """Do as ``get`` does, with a JSON body."""
        content = json.dumps(body).encode()
        head = f"{self._head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        return self._send(f"POST {path} HTTP/1.1\r\n{head}".encode() + content)

    def _send(self, request: bytes) -> tuple[float, bytes]:
        begin = time.perf_counter()
        self._socket.sendall(request)
        response = b""
        while b"\r\n\r\n" not in response:
            response += self._receive()
        head, _, body = response.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        parts = [body]
        missing = int(headers["content-length"]) - len(body)
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        seconds = time.perf_counter() - begin
        body = b"".join(parts)
        if not status.startswith("HTTP/1.1 2"):
            msg = f"{request[:300]!r} was answered {status}: {body[:1000]!r}"
            raise Unavailable(msg) if " 503 " in status else Failed(msg)
        return seconds, body

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            msg = "the server closed the connection"
            raise Failed(msg)
        return data


def count(body: bytes, *keys: str) -> int:
    """Return how many items the list below these keys of a response has."""
    value: Any = json.loads(body)
    for key in keys:
        value = value[key]
    return len(value)
