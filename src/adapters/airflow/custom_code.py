"""Custom code of an Airflow, such as timetables, policies and listeners: it has a time limit, and cannot end the process.

No thread of Python can be ended from outside. So custom code runs on a thread of its own, and the request gives it up when
the time is over. Then an exception is raised in that thread, which ends a loop of Python. Code that hangs in C, or catches
every exception, keeps its thread; the number of such threads is bounded.
"""

import ctypes
import gc
import logging
import math
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any, TypeVar, cast

from airflow_run_groups.domain.errors import CustomCodeFailed, CustomCodeTimeout, DagBusy

AT_ONCE = 4
"""Plans of one DAG that a process makes at a time; others wait. Python executes one of them anyway."""
MOST_LOST = 4
"""Threads that the custom code of one owner, such as a DAG, may keep; then it is called no more until one comes back."""
MOST_LOST_IN_ALL = 32
"""The same for that of all owners."""
TICK = 0.1
"""Seconds between two looks at whether one's turn has come."""

T = TypeVar("T")
_log = logging.getLogger(__name__)
_own = threading.local()


class GivenUp(BaseException):
    """Nobody waits for the work of this thread any more. Custom code that catches each Exception does not catch it."""


class CustomCode:
    """Runs work that calls custom code, and comes back in time."""

    def __init__(self, *, grace: float, most_lost: int = MOST_LOST) -> None:
        """Wait ``grace`` seconds longer than the work should take, for waits of its own that have a deadline."""
        self._grace = grace
        self._most_lost = most_lost
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()

    def run(self, whose: str, work: Callable[[], T], *, seconds: float, at_once: int | None = None) -> T:
        """Do the work on a thread of its own, and return or raise what comes of it.

        :param whose: whose code it is, as errors name it.
        :param at_once: how many calls with the same code may run at a time, None for any number.
        :raises CustomCodeTimeout: when it has not come back within these seconds, or earlier work has not.
        :raises CustomCodeFailed: when it raises what would end a thread or the process, such as SystemExit.
        :raises DagBusy: when it had no turn within these seconds.
        """
        end = time.monotonic() + seconds
        call = _Call(whose, work)
        while not self._begin(call, at_once):
            if time.monotonic() > end:
                msg = f"other requests keep {whose} busy: try again"
                raise DagBusy(msg)
            time.sleep(TICK)
        try:
            call.over.wait(end + self._grace - time.monotonic())
            if call.give_up():
                _log.error("%s has not returned within %g seconds; it is here:\n%s", whose, seconds, call.stack())
                call.interrupt()
                raise CustomCodeTimeout(whose, f"did not return within {seconds:g} seconds")
            call.over.wait()
        finally:
            self._forget_ended()
        return cast("T", call.result())

    def _begin(self, call: "_Call", at_once: int | None) -> bool:
        """Start a call if it is its turn.

        :raises CustomCodeTimeout: when there is no hope for one.
        """
        with self._lock:
            calls = [one for one in self._calls if not one.has_ended]
            lost = [one for one in calls if one.is_given_up]
            for one in lost:
                one.interrupt()  # once more: the first time it may have been caught
            lost_by_owner = [one for one in lost if one.whose == call.whose]
            if len(lost_by_owner) < self._most_lost and len(lost) < MOST_LOST_IN_ALL:
                running = sum(one.whose == call.whose for one in calls)
                if at_once is not None and running >= at_once:
                    return False
                call.start()
                self._calls.add(call)
                return True
        if len(lost_by_owner) >= self._most_lost:
            raise CustomCodeTimeout(call.whose, f"has not returned from {len(lost_by_owner)} earlier requests")
        raise CustomCodeTimeout(call.whose, f"is not called while {len(lost)} others have not returned")

    def _forget_ended(self) -> None:
        with self._lock:
            self._calls = {one for one in self._calls if not one.has_ended}


class _Call:
    """Work on its thread. Everything from outside happens under its lock; the thread itself may end anywhere."""

    def __init__(self, whose: str, work: Callable[[], object]) -> None:
        self.whose = whose
        self.over = threading.Event()
        self.is_given_up = False
        self.is_finishing = False
        self.lock = threading.Lock()
        self.releases: list[Callable[[], None]] = []
        self._work = work
        self._context = copy_context()
        self._result: object = None
        self._error: BaseException | None = None
        self._interrupted = -math.inf
        self._thread = threading.Thread(target=self._do, name="airflow-groups-custom-code", daemon=True)

    @property
    def has_ended(self) -> bool:
        return self.over.is_set() or not self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def result(self) -> object:
        error, self._error = self._error, None
        if error is None:
            return self._result
        if isinstance(error, Exception):
            raise error
        raise CustomCodeFailed(self.whose, error) from error

    def give_up(self) -> bool:
        """Do without the result, unless it is there or on its way; release what the thread holds."""
        with self.lock:
            if self.over.is_set() or self.is_finishing:
                return False
            self.is_given_up = True
        for release in reversed(self.releases):
            with _logged():
                release()
        return True

    def interrupt(self) -> None:
        """Raise an exception in the thread, as soon as it executes Python; once in a second at most."""
        now = time.monotonic()
        if not self.has_ended and now > self._interrupted + 1:
            self._interrupted = now
            raise_in_thread(self._thread, GivenUp)

    def stack(self) -> str:
        with _without_collection():
            frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - it has no other name
        return "".join(traceback.format_stack(frame)) if frame else "(it has ended)"

    def _do(self) -> None:
        with suppress(GivenUp):
            _own.call = self
            try:
                self._result = self._context.run(self._work)
            except BaseException as error:  # noqa: BLE001 - whatever others' code raises
                self._error = error
            self.over.set()


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let no garbage be collected: in ``sys._current_frames`` of Python 3.11.7 that stops the process for good (gh-106883)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def code_of_dag(dag_id: str) -> str:
    """Return how errors name what is called for a DAG."""
    return f"the custom code of DAG {dag_id!r} (its timetable, or a policy or listener of this Airflow)"


def finishing() -> None:
    """Say that no custom code comes any more before this thread's work ends, so that the result is waited for.

    :raises GivenUp: when nobody waits for it.
    """
    call: _Call | None = getattr(_own, "call", None)
    if call is not None:
        with call.lock:
            if call.is_given_up:
                raise GivenUp
            call.is_finishing = True


@contextmanager
def on_giving_up(release: Callable[[], object]) -> Iterator[None]:
    """Have something released if this thread's work is given up in the block. It is called from another thread."""
    call: _Call | None = getattr(_own, "call", None)
    if call is None:
        yield
        return
    once = Once(release)
    with call.lock:
        if call.is_given_up:
            raise GivenUp
        call.releases.append(once)
    try:
        yield
    finally:
        call.releases.remove(once)


@contextmanager
def _logged() -> Iterator[None]:
    try:
        yield
    except Exception:  # noqa: BLE001 - there is more to release
        _log.warning("what custom code holds could not be released", exc_info=True)


class Once:
    """Calls something at the first call only, of whichever thread."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._called = threading.Lock()

    def __call__(self) -> None:
        if self._called.acquire(blocking=False):
            self._work()


def raise_in_thread(thread: threading.Thread, error: type[BaseException]) -> None:
    """Raise an error in another thread when it next executes Python."""
    api: Any = ctypes.pythonapi
    api.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(error))
