"""The threads of a worker, of which a fixed number works at a time; those that wait for a client let others work."""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

IDLE = 1.0
"""Seconds after which a thread without work ends."""

Job = Callable[[], None]
_log = logging.getLogger(__name__)


class Threads:
    """Runs jobs, ``size`` at a time and in their order. A job that is ``paused`` does not count."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._working = 0
        self._jobs: deque[Job] = deque()
        self._resuming: deque[threading.Event] = deque()
        self._idle: list[queue.SimpleQueue[Job]] = []

    def submit(self, job: Job) -> None:
        with self._lock:
            if self._working < self._size:
                self._working += 1
                self._start(job)
            else:
                self._jobs.append(job)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let another job work until the end of the block, and wait there for a turn. For the thread of a job."""
        with self._lock:
            self._pass_turn_on()
        try:
            yield
        finally:
            self._take_turn()

    def shutdown(self, *, wait: bool = False) -> None:
        """Do nothing, which is what gunicorn asks for: the threads end with the process."""

    def _take_turn(self) -> None:
        with self._lock:
            if self._working < self._size:
                self._working += 1
                return
            turn = threading.Event()
            self._resuming.append(turn)
        turn.wait()

    def _pass_turn_on(self) -> None:
        if self._resuming:
            self._resuming.popleft().set()
        elif self._jobs:
            self._start(self._jobs.popleft())
        else:
            self._working -= 1

    def _start(self, job: Job) -> None:
        if self._idle:
            self._idle.pop().put(job)
        else:
            threading.Thread(target=self._work, args=(job,), daemon=True).start()

    def _work(self, job: Job | None) -> None:
        own: queue.SimpleQueue[Job] = queue.SimpleQueue()
        while job is not None:
            try:
                job()
            except Exception:  # noqa: BLE001 - one job, which must not take the turn with it
                _log.exception("a job of a worker failed")
            with self._lock:
                self._idle.append(own)
                self._pass_turn_on()
            job = self._next(own)

    def _next(self, own: "queue.SimpleQueue[Job]") -> Job | None:
        try:
            return own.get(timeout=IDLE)
        except queue.Empty:
            with self._lock:
                if own in self._idle:
                    self._idle.remove(own)
                    return None
            return own.get()  # given to this thread at the last moment
