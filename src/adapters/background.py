"""Work on a thread of its own, beside a loop that must not wait for it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)


class Background:
    """Does work about things that are put here, and looks round by itself once in a while.

    The thread ends with the process. It is no thread of a forked child, whose parent has it.
    """

    def __init__(  # noqa: PLR0913 - each is a number of its own
        self,
        work: Callable[[set[Any]], None],
        look_round: Callable[[], None],
        *,
        most: int,
        gather: float,
        first: float,
        every: float,
    ) -> None:
        """Make the thread, which ``start`` starts.

        :param work: called with the different things that were put within ``gather`` seconds.
        :param look_round: called ``first`` seconds after the start, and then each so many seconds.
        :param most: how many things may wait; more are dropped, for ``look_round`` to find.
        """
        self._work = work
        self._look_round = look_round
        self._most = most
        self._gather = gather
        self._every = every
        self._next = first
        self._things: set[Any] = set()
        self._has_dropped = False
        self._has_things = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="airflow-run-groups", daemon=True)

    def start(self) -> None:
        self._next += time.monotonic()
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and wait at most so long for the end of what is under way."""
        self._over.set()
        self._has_things.set()
        self._thread.join(seconds)

    def put(self, things: set[Any]) -> None:
        """Have work be done about these things soon. It waits for nothing."""
        with self._lock:
            room = self._most - len(self._things)
            self._has_dropped = self._has_dropped or len(things) > room
            self._things.update(list(things)[: max(0, room)])
        self._has_things.set()

    def _run(self) -> None:
        while not self._over.is_set():
            if self._has_things.wait(max(0.0, self._next - time.monotonic())):
                time.sleep(self._gather)
            if self._over.is_set():
                return
            self._do(self._take())
            if time.monotonic() >= self._next and not self._over.is_set():
                self._do_safely(self._look_round)
                self._next = time.monotonic() + self._every

    def _take(self) -> set[Any]:
        self._has_things.clear()
        with self._lock:
            things, self._things = self._things, set()
            dropped, self._has_dropped = self._has_dropped, False
        if dropped:
            _log.warning("more than %d runs have ended meanwhile: some of their groups are looked at later", self._most)
        return things

    def _do(self, things: set[Any]) -> None:
        if things:
            self._do_safely(lambda: self._work(things))

    def _do_safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - the thread goes on, whatever it is
            _log.exception("work beside the scheduler failed")
