"""The processes that the show starts: each in a session of its own, with a log of its own, and none outlives the show."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

GRACE = 10.0
"""Seconds that a component gets to end by itself."""


class Died(Exception):
    """A component ended although nobody asked it to."""

    def __init__(self, component: Component) -> None:
        lines = component.log.read_text(errors="replace").splitlines()[-20:]
        tail = "\n".join(f"  | {line}" for line in lines)
        super().__init__(
            f"{component.name} ended with status {component.status}. The end of its log, {component.log}:\n{tail}"
        )


class Component:
    """A running command."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        """Start it; the command is one of those installed beside the running Python."""
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [Path(sys.executable).parent / command[0], *command[1:]],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """End it and all that it has started in turn: with its own means if it can in time, else at once."""
        self._process.terminate()
        deadline = time.monotonic() + GRACE
        while (left := self._session()) and time.monotonic() < deadline:
            time.sleep(0.1)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _session(self) -> list[psutil.Process]:
        """Find what runs in its session; a process group is not enough, since Airflow gives each task one of its own."""
        self._process.poll()
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if os.getsid(process.pid) == self._process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


class Components:
    """All that the show has started."""

    def __init__(self, *, logs: Path, environment: Mapping[str, str]) -> None:
        """Give every component this environment, and a log in this folder."""
        self._logs = logs
        self._environment = environment
        self._started: list[Component] = []

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._started)

    def start(self, name: str, *command: str) -> Component:
        """Start one more."""
        log = self._logs / f"{name.replace(' ', '-')}.log"
        component = Component(name, command, log=log, environment=self._environment)
        self._started.append(component)
        return component

    def check(self) -> None:
        """Return while all of them run, or have ended well.

        :raises Died: for the first that has not.
        """
        for component in self._started:
            if component.status:
                raise Died(component)

    def stop(self) -> None:
        """End all of them, the last one first, and return when they are gone."""
        while self._started:
            self._started.pop().stop()
