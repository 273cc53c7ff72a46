"""Ctrl-C while runs are created: the step that is under way is finished, so that it is known what is there."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """Hears Ctrl-C as long as it is entered; the second one ends the program as ever."""

    def __init__(self, on_first: Callable[[], object]) -> None:
        """Have this called at the first one."""
        self.asked_for = False
        self._on_first = on_first
        self._before: Any = None

    def __enter__(self) -> Interruption:  # noqa: PYI034 - typing has Self from Python 3.11 on
        self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _heard(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - Python's signature
        if self.asked_for:
            raise KeyboardInterrupt
        self.asked_for = True
        self._on_first()
