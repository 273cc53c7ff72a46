"""How long the server bears with a client, and how it takes its leave; gunicorn's own options bound the rest."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """The limits of one server, each with the reason for its default; times are in seconds."""

    receive_timeout: float = field(
        default=5.0,
        metadata={
            "reason": "From a request's first byte to its last. It holds a thread meanwhile; a whole request is a few "
            "hundred bytes, and one of the largest, 1 MiB, comes in time at 2 Mbit/s."
        },
    )
    send_timeout: float = field(
        default=10.0,
        metadata={
            "reason": "For a client to take the answer. It holds a thread meanwhile; the longest answers are some "
            "hundred KiB."
        },
    )
    drain_delay: float = field(
        default=3.0,
        metadata={
            "reason": "Between SIGTERM and the end of listening. /health/ready answers 503 meanwhile, so that a load "
            "balancer that asks every second or two sends nothing more here. None with the memory backend, on Ctrl-C, "
            "and at a second SIGTERM."
        },
    )
