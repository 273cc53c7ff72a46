"""A TCP proxy in front of PostgreSQL that falls silent, resets, slows down or loses an answer when a test says so."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

COMMIT = b"Q\0\0\0\x0bCOMMIT\0"
"""The message of this statement, which alone has the word in it that some levels of isolation have, too."""


@dataclass(eq=False)
class Link:
    """One client's connection, and the one to the server that stands for it."""

    client: socket.socket
    server: socket.socket
    mute: bool = False
    """Whether the client hears nothing more of the server."""

    def end(self) -> None:
        """Have both threads stop reading."""
        for side in (self.client, self.server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RD)

    def reset(self) -> None:
        """End it as a machine does that has been restarted."""
        with suppress(OSError):  # it has ended meanwhile
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()


@dataclass(eq=False)
class FaultProxy:
    """Passes everything on to a Unix socket, until it is told otherwise. Clients connect to ``port`` of 127.0.0.1."""

    upstream: str
    delay: float = 0
    """Seconds that each piece of an answer is held back."""
    trapped: threading.Event = field(default_factory=threading.Event)
    """Set when what the trap waits for has passed."""

    def __post_init__(self) -> None:
        self._refusing = False
        self._trap: tuple[bytes, Callable[[Link], None]] | None = None
        self._passing = threading.Event()
        self._passing.set()
        self._links: set[Link] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def freeze(self) -> None:
        """Pass nothing on, and keep all connections; new ones are accepted, and hear nothing."""
        self._passing.clear()

    def thaw(self) -> None:
        self._passing.set()

    def refuse(self) -> None:
        """Break all connections, and each new one at once, until it is healed."""
        self._refusing = True
        self.reset()

    def reset(self) -> None:
        """Break all connections, some moments after this returns."""
        for link in self._links.copy():
            link.reset()

    def mute(self) -> None:
        """Let no client hear anything more on the connections that there are."""
        for link in self._links.copy():
            link.mute = True

    @property
    def is_idle(self) -> bool:
        """Whether there is no connection."""
        return not self._links

    def trap(self, sent: bytes, act: Callable[[Link], None]) -> None:
        """Do something, once, when a client sends a piece that holds these bytes, before it is passed on."""
        self.trapped.clear()
        self._trap = (sent, act)

    def heal(self) -> None:
        """Behave from now on."""
        self._trap = None
        self._refusing = False
        self.delay = 0
        self.thaw()

    def close(self) -> None:
        self.heal()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        return thread

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            link = Link(client, server)
            self._links.add(link)
            if self._refusing:
                link.reset()
            with client, suppress(OSError):
                self._passing.wait()
                server.connect(self.upstream)
                backward = self._start(self._backward, link)
                self._forward(link)
                backward.join()
            self._links.discard(link)

    def _forward(self, link: Link) -> None:
        with suppress(OSError):
            while piece := link.client.recv(65536):
                self._passing.wait()
                if self._trap and self._trap[0] in piece:
                    (_, act), self._trap = self._trap, None
                    act(link)
                    self.trapped.set()
                self._passing.wait()
                link.server.sendall(piece)
        link.end()

    def _backward(self, link: Link) -> None:
        with suppress(OSError):
            while piece := link.server.recv(65536):
                self._passing.wait()
                time.sleep(self.delay)
                if not link.mute:
                    link.client.sendall(piece)
        link.end()
