"""The service for Airflow's own users, who send what they send to Airflow's API: alone, and mounted in its API server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.console import log
from benchmarks.creating import COMPARED_WITH_ALL, RUNS, Creating
from benchmarks.line import Line, at_most, faster
from benchmarks.reading import LISTS, OUR_LIST, OUR_REPEATS, OUR_RUNS, ROUNDS, THEIR_REPEATS, THEIR_RUNS
from benchmarks.rounds import gets, in_turn
from benchmarks.servers import Server
from benchmarks.size import PAGE

_WARM_UPS = 3
"""Creations by each of our servers before any is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Three servers of ours on one database: two that verify a token of Airflow's, and one that compares its own."""

    alone: Server
    creating: Creating
    """With the server that has its own token; its Airflow has another mounted."""

    def lines(self) -> list[Line]:
        ours = (("`auth = airflow`", self.alone), ("mounted", self.creating.airflow))
        return [*self._lists(ours), *self._creations(ours)]

    def _lists(self, ours: Sequence[tuple[str, Server]]) -> list[Line]:
        log("listing runs as users of Airflow")
        works = [
            gets(server, [OUR_LIST], repeats=OUR_REPEATS, items=OUR_RUNS)
            for server in (self.creating.ours, *(server for _, server in ours))
        ]
        works += [
            gets(self.creating.airflow, [path], repeats=THEIR_REPEATS, items=THEIR_RUNS) for path in LISTS.values()
        ]
        with_token, alone, mounted, *theirs = in_turn(ROUNDS, *works)
        lines = []
        for (how, _), values in zip(ours, (alone, mounted), strict=True):
            work = f"list {PAGE} runs, {how}"
            lines += [
                faster(work, values, f"Airflow `GET /api/v2/dags/~/dagRuns?limit={PAGE}`, {form}", peer, 20)
                for form, peer in zip(LISTS, theirs, strict=True)
            ]
            lines.append(at_most(work, values, "the same list with this service's own token", with_token))
        return lines

    def _creations(self, ours: Sequence[tuple[str, Server]]) -> list[Line]:
        log("creating runs as users of Airflow")
        dag_id = f"tasks_{COMPARED_WITH_ALL}"
        creations = [replace(self.creating, ours=server) for _, server in ours]
        works: list[Callable[[str], float]] = [self.creating.by_us, *(one.by_us for one in creations)]
        works += [self.creating.by_backfill, self.creating.by_triggers]
        for one in creations * _WARM_UPS:
            one.by_us(dag_id)
        with_token, alone, mounted, backfill, triggers = in_turn(
            self.creating.size.rounds, *(partial(work, dag_id) for work in works)
        )
        lines = []
        for (how, _), values in zip(ours, (alone, mounted), strict=True):
            work = f"create {RUNS} runs x {COMPARED_WITH_ALL} tasks, {how}"
            lines += [
                faster(work, values, "Airflow `POST /api/v2/backfills`, the same range", backfill, 25),
                faster(work, values, self.creating.triggers(), triggers, 50),
                at_most(work, values, "the same with this service's own token", with_token),
            ]
        return lines
