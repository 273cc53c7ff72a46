"""How much of a database a backend may hold, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLimits:
    """The limits of one process, and of one write; times are in seconds."""

    pool_size: int
    read_timeout: float
    write_timeout: float
    pool_timeout: float
    connect_timeout: float
    queue_timeout: float
    lock_timeout: float
    idle_in_transaction_timeout: float
    sqlite_write_timeout: float
    brief_write_timeout: float
    max_task_instances: int

    @classmethod
    def derive(cls, *, pool_size: int, read_timeout: float, write_timeout: float) -> DatabaseLimits:
        """Return the limits that follow from those which an operator sets."""
        return cls(
            pool_size=pool_size,
            read_timeout=read_timeout,
            write_timeout=write_timeout,
            # The wait for a free connection. It is short, because the request holds a thread that others need.
            pool_timeout=min(3.0, read_timeout / 2),
            # Until the database has taken a connection (at least 2), or shown that an idle one still works: milliseconds
            # where nothing is wrong.
            connect_timeout=min(3.0, read_timeout),
            # The wait for earlier writers of the DAG in this process (on SQLite: of any DAG). The other half suffices
            # for two tries at the lock below, and for the largest group.
            queue_timeout=write_timeout * 12 / 25,
            # The wait for another process that writes the same DAG (on SQLite: that writes anything), at each of two
            # tries. The largest groups take a few seconds, and an action on a group ends a step after half of this time.
            lock_timeout=write_timeout / 5,
            # PostgreSQL rolls a transaction back after this time if the process, or the network to it, is gone. A busy
            # machine leaves a few seconds at most between two statements.
            idle_in_transaction_timeout=write_timeout * 3 / 5,
            # The part of a write in which nobody else can write. Airflow's own components give up after 5 seconds, and
            # its scheduler does not survive that.
            sqlite_write_timeout=4.0,
            # A write that no request is about: the entry about a denial, a stop. A scheduler may wait for it.
            brief_write_timeout=min(3.0, write_timeout),
            # The task instances of one request for more than 500 runs. A quiet PostgreSQL writes so many in a fifth of the
            # time, for which others wait for the lock of the DAG, and one that is five times as slow within all of it.
            max_task_instances=int(4_000 * write_timeout),
        )

    def brief(self) -> DatabaseLimits:
        """Return the limits of a brief write, which waits for others who write a second at most, at each of two tries."""
        seconds = self.brief_write_timeout
        limits = self.derive(pool_size=1, read_timeout=seconds, write_timeout=seconds)
        return replace(limits, lock_timeout=min(1.0, seconds / 3))
