"""How the suites put DAGs and runs into a backend, and create more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_run_groups.domain import (
    AuditLog,
    Conf,
    CreatedRuns,
    DagRepository,
    DagRunRepository,
    DataInterval,
    Denial,
    GroupRepository,
    GroupRequest,
    GroupRunId,
    NewDagRun,
    PlanningFacts,
)

NOW = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
CONF: Conf = {}


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What is stored of a run, beside what lists show."""

    run_after: dt.datetime
    conf: Mapping[str, object]
    note: str | None


class World(Protocol):
    """A backend without DAGs and runs, and the means to furnish it."""

    @property
    def dags(self) -> DagRepository:
        """The repository under test."""

    @property
    def runs(self) -> DagRunRepository:
        """The repository under test."""

    @property
    def groups(self) -> GroupRepository:
        """The repository under test."""

    @property
    def hurried_groups(self) -> GroupRepository:
        """The same with hardly any time, so that it ends each step as soon as it may."""

    @property
    def hurried_runs(self) -> DagRunRepository:
        """The same of the repository of runs."""

    @property
    def large_runs(self) -> DagRunRepository:
        """The same, where one request creates up to 2,000 runs, and more than 500 with up to 1,200 task instances."""

    def clock(self) -> dt.datetime:
        """Return the present, by the clock of the backend; it is later each time."""

    @property
    def audit(self) -> AuditLog:
        """The audit log under test."""

    def denials(self) -> list[Denial]:
        """Return what the audit log holds of refusals, in their order, not through the audit log under test."""

    def dag(  # noqa: PLR0913 - each argument is one fact that a test may be about
        self,
        dag_id: str,
        *,
        schedule: str | dt.timedelta | None = "0 0 * * *",
        start_date: dt.datetime | None = None,
        end_date: dt.datetime | None = None,
        windows: Sequence[tuple[dt.datetime | None, dt.datetime | None]] = (),
        catchup: bool = False,
        depends_on_past: bool = False,
        is_paused: bool = False,
        is_stale: bool = False,
        has_import_errors: bool = False,
        max_active_runs: int = 16,
        params: Mapping[str, Mapping[str, object]] | None = None,
        tags: Sequence[str] = (),
    ) -> object:
        """Put a DAG there, with at least one task. A param's schema may hold type, enum, minimum, maximum, default.

        :param windows: the first and last date of each task, in place of one task that has the DAG's.
        """

    def run(  # noqa: PLR0913 - as above
        self,
        dag_id: str,
        run_id: str,
        *,
        logical_date: dt.datetime | None = None,
        run_type: str = "manual",
        state: str = "success",
        start_date: dt.datetime | None = None,
        end_date: dt.datetime | None = None,
        created_by: str | None = None,
    ) -> int:
        """Put a run there that something else made, and return its id."""

    def end(self, dag_id: str, run_id: str, state: str) -> None:
        """Let a run that was created come to this state, with its tasks, as if it had started and ended now."""

    def stored(self, dag_id: str, run_id: str) -> Stored:
        """Return what is stored of a run and shown in no list, not through the repository under test."""

    @property
    def knows_makers(self) -> bool:
        """Whether the backend knows the creator of a run."""

    @property
    def knows_versions(self) -> bool:
        """Whether a run can be of a version of its DAG's bundle."""

    def count_runs(self) -> int:
        """Count the runs of all DAGs, not through the repository under test."""


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.timezone.utc)


def date(day: int) -> dt.datetime:
    """Return the n-th day of a sequence of midnights, all in the past."""
    return utc(2021, 1, 1) + dt.timedelta(days=day - 1)


def new_run(run_id: str, logical_date: dt.datetime) -> NewDagRun:
    return NewDagRun(
        run_id=run_id,
        logical_date=logical_date,
        data_interval=DataInterval(start=logical_date, end=logical_date),
        run_after=logical_date,
        conf=CONF,
    )


def created_runs(dag_id: str, runs: Iterable[NewDagRun]) -> CreatedRuns:
    return CreatedRuns(
        dag_id=dag_id,
        prefix="group",
        runs=tuple(runs),
        existing=0,
        next_start_date=None,
        next_not_before=None,
        warnings=(),
        note=None,
        created_by=None,
    )


def group_run(prefix: str, number: int, day: int = 1) -> str:
    return str(GroupRunId(prefix=prefix, number=number, logical_date=date(day)))


def add(world: World, dag_id: str, *runs: NewDagRun) -> None:
    """Create exactly these runs."""
    world.runs.transaction(dag_id, lambda dag: dag.add(created_runs(dag_id, runs)))


def facts(world: World, dag_id: str, **request: Any) -> PlanningFacts:
    """Return what the plan of a request depends on."""
    return world.runs.snapshot(dag_id, lambda dag: dag.facts(GroupRequest(dag_id=dag_id, **request), NOW))
