"""Queues of writers in one process: those of one DAG follow each other, and wait for nobody else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from airflow_run_groups.adapters.airflow.custom_code import Once


class NoTurn(Exception):
    """Those before in the queue have taken too long."""


@dataclass(eq=False, slots=True)
class _Queue:
    lock: threading.Lock = field(default_factory=threading.Lock)
    members: int = 0


class Queues:
    """A queue for each name that somebody waits under. One that is empty is forgotten, so that no client makes them grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, _Queue] = {}

    def __len__(self) -> int:
        return len(self._queues)

    @contextmanager
    def turn(self, name: str, *, seconds: float) -> Iterator[Callable[[], None]]:
        """Wait for one's turn in the queue of this name, and have it within the block, or until the function is called.

        :raises NoTurn: when it has not come after so many seconds.
        """
        with self._lock:
            queue = self._queues.setdefault(name, _Queue())
            queue.members += 1
        try:
            if not queue.lock.acquire(timeout=max(0, seconds)):
                raise NoTurn
            release = Once(queue.lock.release)
            try:
                yield release
            finally:
                release()
        finally:
            with self._lock:
                queue.members -= 1
                if queue.members == 0:
                    del self._queues[name]
