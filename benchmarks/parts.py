"""The parts of a request for 500 runs, and the time of each beside the floor of the database."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from benchmarks.console import log
from benchmarks.creating import COMPARED_WITH_ALL, RUNS, Creating, group_of
from benchmarks.in_process import responses
from benchmarks.line import duration
from benchmarks.rounds import in_turn

DAG_ID = f"tasks_{COMPARED_WITH_ALL}"
ROUNDS = 15
_HEADINGS = ("part of a request for 500 runs x 10 tasks", "time", "part of all", "times the floor")
_TASKS, _RUNS, _OTHERS = "`INSERT … SELECT` of task instances", "`INSERT … SELECT` of runs", "all other statements"
_TEMPLATE = "one `create_dagrun`, the template, with its statements"
_DATES, _PLAN = "dates of the schedule, by Airflow's timetable", "planning: numbers, types, run ids"
_WRITING, _FACTS = "writing, Python: JSON of the runs", "facts, Python: the DAG is read, its group"
_COMMIT, _HTTP = "commit", "the application's HTTP, the pool, locks and limits, Python"
_WIRE = "gunicorn, socket, and the other process (what is left)"
_ORDER = (_TASKS, _RUNS, _TEMPLATE, _DATES, _PLAN, _FACTS, _OTHERS, _WRITING, _COMMIT, _HTTP, _WIRE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Measures the parts in a process with our application; beside it the same request over HTTP, and the floor."""

    creating: Creating

    def rows(self) -> list[tuple[str, ...]]:
        """Return a table, its headings first. Times are medians of the rounds, each of which measures everything in turn."""
        creating = self.creating
        creating.warm_up()
        creating.by_us(DAG_ID, keep=True)
        creating.process.call(begin)
        creating.forget(DAG_ID)
        found: dict[str, list[float]] = defaultdict(list)

        def in_process() -> float:
            parts = creating.process.call(measured)
            creating.forget(DAG_ID)
            for name, seconds in parts.items():
                found[name].append(seconds)
            return sum(parts.values())

        log(f"{ROUNDS} rounds of {RUNS} runs x {COMPARED_WITH_ALL} tasks")
        here, wire, floor = in_turn(
            ROUNDS, in_process, partial(creating.by_us, DAG_ID), partial(creating.by_insert, DAG_ID)
        )
        found[_WIRE] = [over - within for over, within in zip(wire, here, strict=True)]
        whole, least = median(wire), median(floor)
        rows = [(name, median(found[name])) for name in _ORDER]
        ratio = median(over / under for over, under in zip(wire, floor, strict=True))
        return [
            _HEADINGS,
            *(
                (name, duration(max(seconds, 0)), f"{100 * seconds / whole:.0f} %", f"{seconds / least:.2f}")
                for name, seconds in rows
            ),
            ("all of it, over HTTP", duration(whole), "100 %", f"{ratio:.2f}"),
            ("floor: one raw `INSERT … SELECT` each, with the commit", duration(least), "", "1"),
        ]


# What follows runs in a process with Airflow.


class _Watch:
    """Counts the time of each part without that of the parts within it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._within: list[str] = []
        self._since = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._count()
        self._within.append(name)
        try:
            yield
        finally:
            self._count()
            self._within.pop()

    def inside(self, name: str) -> bool:
        return name in self._within

    def _count(self) -> None:
        now = time.perf_counter()
        if self._within:
            self.seconds[self._within[-1]] += now - self._since
        self._since = now


_WATCH = _Watch()
_SEND: list[Callable[..., Any]] = []


def begin() -> None:
    """Build the application, with a watch around its parts, and send it a first request."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.engine.default import DefaultDialect

    from airflow_run_groups.adapters.airflow.repositories.snapshot import AirflowDag
    from airflow_run_groups.adapters.airflow.timetables import AirflowTimetable
    from airflow_run_groups.adapters.airflow.writing import runs
    from airflow_run_groups.domain.use_cases import create_runs

    _SEND.append(responses())
    _around(runs, "_create", _TEMPLATE)
    _around(AirflowDag, "add", _WRITING)
    _around(AirflowDag, "facts", _FACTS)
    _around(create_runs, "runs_to_create", _PLAN)
    original = AirflowTimetable.infos_between

    def infos_between(self: Any, *bounds: Any) -> Iterator[Any]:
        infos = original(self, *bounds)
        while True:
            with _WATCH.part(_DATES):
                info = next(infos, None)
            if info is None:
                return
            yield info

    setattr(AirflowTimetable, "infos_between", infos_between)  # noqa: B010 - the types of a method of its own
    running: list[Any] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        copies = "SELECT" in statement and not _WATCH.inside(_TEMPLATE)
        kind = _TEMPLATE if _WATCH.inside(_TEMPLATE) else _OTHERS
        if copies and statement.startswith("INSERT INTO task_instance"):
            kind = _TASKS
        elif copies and statement.startswith("INSERT INTO dag_run "):
            kind = _RUNS
        running.append(_WATCH.part(kind))
        running[-1].__enter__()

    @event.listens_for(Engine, "after_cursor_execute")
    def after(*_: Any) -> None:
        running.pop().__exit__(None, None, None)

    _around(DefaultDialect, "do_commit", _COMMIT)
    _SEND[0]("POST", "/api/v1/dag_runs", "", group_of(DAG_ID, "warm", runs=2))


def measured() -> dict[str, float]:
    """Return the seconds of each part of a creation."""
    _WATCH.seconds.clear()
    with _WATCH.part(_HTTP):
        response = _SEND[0]("POST", "/api/v1/dag_runs", "", group_of(DAG_ID, "bench"))
    assert len(response["dag_run_ids"]) == RUNS, len(response["dag_run_ids"])
    return dict(_WATCH.seconds)


def _around(owner: Any, name: str, part: str) -> None:
    original = getattr(owner, name)

    def watched(*arguments: Any, **more: Any) -> Any:
        with _WATCH.part(part):
            return original(*arguments, **more)

    setattr(owner, name, watched)
