"""How much of a database a backend may hold, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLimits:
    """The limits of one process, each with the reason for its default; times are in seconds."""

    pool_size: int = field(
        default=8,
        metadata={
            "reason": "Connections of one process. Reads take milliseconds, and batches of one DAG queue up before they "
            "take a connection, so a few serve many threads."
        },
    )
    pool_timeout: float = field(
        default=3.0,
        metadata={"reason": "Wait for one of them. Short, as whoever waits holds a thread that others need."},
    )
    connect_timeout: float = field(
        default=3.0,
        metadata={
            "reason": "Until the database has taken a connection (at least 2), or shown that an idle one still works. "
            "One that is there does so in milliseconds."
        },
    )
    read_timeout: float = field(
        default=8.0,
        metadata={
            "reason": "For one read. Each is a short statement or two; one that takes longer will hardly end. Proxies "
            "and probes tend to give up after 10."
        },
    )
    write_timeout: float = field(
        default=25.0,
        metadata={
            "reason": "For one batch with all its waits. Below gunicorn's graceful_timeout of 30, so that a server that "
            "stops has finished its batches before it is made to end."
        },
    )
    queue_timeout: float = field(
        default=12.0,
        metadata={
            "reason": "The part of write_timeout for which a batch waits for earlier ones of its DAG in the same process "
            "(on SQLite: of any DAG). The rest suffices for the largest batch."
        },
    )
    lock_timeout: float = field(
        default=5.0,
        metadata={
            "reason": "Wait for another process that writes the same DAG, and once more as long at the second try (on "
            "SQLite: for one that writes anything). The largest batches take a few seconds, and what is done to a group ends "
            "a step after half of it."
        },
    )
    idle_in_transaction_timeout: float = field(
        default=15.0,
        metadata={
            "reason": "After which PostgreSQL rolls a batch back whose process, or the network to it, is gone. Between "
            "two statements of a batch lies a second at most, on a busy machine a few."
        },
    )
    sqlite_write_timeout: float = field(
        default=4.0,
        metadata={
            "reason": "For the part of a batch in which nobody else can write. Airflow's own components give up after 5, "
            "and its scheduler does not survive that."
        },
    )
