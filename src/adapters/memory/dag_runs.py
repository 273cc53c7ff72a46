"""The in-memory repository of DAG runs."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TypeVar

from airflow_run_groups.adapters.memory.backend import MemoryBackend, StoredDag
from airflow_run_groups.adapters.memory.params import check_confs
from airflow_run_groups.adapters.memory.queue import StoredRun
from airflow_run_groups.adapters.memory.timetables import timetable_of, timetable_of_interval
from airflow_run_groups.domain import (
    DEFAULT_RUN_ID_PATTERN,
    AmbiguousRunId,
    BundleVersionNotFound,
    CreatedRuns,
    Dag,
    DagNotFound,
    DagRun,
    DagRunFilter,
    DagRunNotFound,
    DagRunPage,
    DagRunState,
    DagRunType,
    DagSnapshot,
    DagTransaction,
    ExistingGroup,
    ExistingRun,
    GroupRequest,
    NewDagRun,
    PlanningFacts,
    Refused,
    RerunDagRun,
    Timetable,
    UnfinishedRunLimits,
    UnfinishedRuns,
    group_prefix,
)
from airflow_run_groups.domain.about import NOTHING
from airflow_run_groups.domain.control.pace import is_spaced
from airflow_run_groups.domain.groups.estimate import RECENT_RUNS
from airflow_run_groups.domain.model import MAX_LIMIT
from airflow_run_groups.domain.planning.bounds import CreationBounds

T = TypeVar("T")

RUNS_PER_LOOP = 20
"""Airflow's default for ``[scheduler] max_dagruns_per_loop_to_schedule``."""

_TICK = dt.timedelta(microseconds=1)
_ENDED = (DagRunState.SUCCESS.value, DagRunState.FAILED.value)
_NEVER = dt.datetime.min.replace(tzinfo=dt.timezone.utc)


class MemoryDagRunRepository:
    def __init__(
        self, backend: MemoryBackend, *, max_limit: int = MAX_LIMIT, max_task_instances: int | None = None
    ) -> None:
        """Let a request create so many runs, and if they are more than 500, so many task instances; None: any number."""
        self._backend = backend
        self._bounds = CreationBounds(max_limit=max_limit, max_task_instances=max_task_instances)

    def list(self, where: DagRunFilter) -> DagRunPage:
        with self._backend.lock:
            self._backend.advance()
            start = where.start
            after = start if isinstance(start, int) else self._find(start, where.dag_id, where.readable).id
            runs = self._runs_of(where.dag_id)
            first = bisect_right(runs, after, key=lambda stored: stored.run.id)
            later = (runs[index].run for index in range(first, len(runs)))
            found = tuple(islice((run for run in later if _passes(run, where)), where.limit + 1))
        page = found[: where.limit]
        return DagRunPage(runs=page, next_start=page[-1].id if len(found) > len(page) else None)

    def get(self, run_id: str, *, dag_id: str | None, readable: frozenset[str] | None) -> DagRun:
        with self._backend.lock:
            self._backend.advance()
            return self._find(run_id, dag_id, readable)

    def snapshot(self, dag_id: str, work: Callable[[DagSnapshot], T]) -> T:
        with self._backend.lock:
            self._backend.advance()
            return work(_Transaction(self._live(dag_id), self._backend, self._bounds))

    def transaction(self, dag_id: str, work: Callable[[DagTransaction], T]) -> T:
        with self._backend.lock:
            transaction = _Transaction(self._live(dag_id), self._backend, self._bounds)
            result = work(transaction)
            transaction.commit()
            return result

    def _live(self, dag_id: str) -> StoredDag:
        stored = self._backend.dags.get(dag_id)
        if stored is None or stored.dag.is_stale:
            raise DagNotFound(dag_id)
        return stored

    def _runs_of(self, dag_id: str | None) -> Sequence[StoredRun]:
        if dag_id is None:
            return self._backend.runs
        stored = self._backend.dags.get(dag_id)
        return () if stored is None else stored.runs

    def _find(self, run_id: str, dag_id: str | None, readable: frozenset[str] | None) -> DagRun:
        found = {
            name: dag.by_run_id[run_id].run
            for name, dag in self._backend.dags.items()
            if run_id in dag.by_run_id and (dag_id is None or name == dag_id) and (readable is None or name in readable)
        }
        if not found:
            raise DagRunNotFound
        if len(found) > 1:
            raise AmbiguousRunId(run_id, found)
        return next(iter(found.values()))


class _Transaction:
    def __init__(self, stored: StoredDag, backend: MemoryBackend, bounds: CreationBounds) -> None:
        self._stored = stored
        self._backend = backend
        self._bounds = bounds
        self._added: list[CreatedRuns] = []

    def facts(self, request: GroupRequest, now: dt.datetime) -> PlanningFacts:
        dag = self._stored.dag
        if request.bundle_version not in {None, dag.bundle_version}:
            raise BundleVersionNotFound(dag.dag_id, str(request.bundle_version))
        since = request.start_date or now
        return PlanningFacts(
            dag=replace(dag.as_planned, latest_automated=self._latest_automated()),
            timetable=timetable_of(dag.schedule),
            existing_dates=self._dates_since(since)
            if request.dates is None
            else sorted(self.existing_runs(request.dates)),
            last_number=self._stored.last_numbers.get(group_prefix(request.prefix), 0),
            group=None if request.new_group is False else self._group(group_prefix(request.prefix)),
            control=self._stored.controls.get(group_prefix(request.prefix)),
            unfinished_runs=self._unfinished_runs(),
            run_id_pattern=DEFAULT_RUN_ID_PATTERN,
            runs_per_loop=RUNS_PER_LOOP,
            interval_timetable=None if request.interval is None else timetable_of_interval(request.interval),
            check_confs=partial(check_confs, dag.params),
            existing_runs=self._runs_at(request, since) if request.looks_at_runs else None,
            dag_version=dag.version,
            bounds=replace(self._bounds, task_instances=dag.tasks_of_a_run),
        )

    def schedule(self) -> tuple[Dag, Timetable]:
        dag = self._stored.dag
        return dag.as_planned, timetable_of(dag.schedule)

    def existing_runs(self, dates: Collection[dt.datetime]) -> Mapping[dt.datetime, ExistingRun]:
        wanted = set(dates)
        return {
            stored.run.logical_date: _existing(stored)
            for stored in self._stored.runs
            if stored.run.logical_date is not None and stored.run.logical_date in wanted
        }

    def recent_durations(self, count: int) -> Sequence[dt.timedelta]:
        return recent_durations(self._stored, count)

    def unfinished(self, limits: UnfinishedRunLimits, caller: str | None) -> UnfinishedRuns:
        return self._backend.unfinished(limits, self._stored.dag.dag_id, caller)

    def add(self, created: CreatedRuns) -> CreatedRuns:
        self._added.append(created)
        return created

    def commit(self) -> None:
        for created in self._added:
            _check_runs(created.runs, self._stored)
            self._store(created)

    def _store(self, created: CreatedRuns) -> None:
        now = self._backend.advance()
        for rerun in created.reruns:
            self._run_again(rerun, created, now)
        if created.runs or created.reruns:
            self._stored.set_control(created.prefix, created.control, now)
            said = self._stored.abouts.get(created.prefix, NOTHING)
            self._stored.abouts[created.prefix] = said.with_more(created, now=now)
        for new in created.runs:
            run = DagRun(
                id=len(self._backend.runs) + 1,
                dag_id=created.dag_id,
                run_id=new.run_id,
                state=DagRunState.QUEUED.value,
                run_type=new.run_type.value,
                logical_date=new.logical_date,
                is_of_api=True,
            )
            stored = StoredRun(
                run,
                waiting_since=max(now, new.run_after),
                run_after=new.run_after,
                created_at=now,
                created_by=created.created_by,
                conf=new.conf,
                note=created.note,
                spaced=is_spaced(new.run_after, (new.logical_date, new.data_interval.end), created_at=now),
                queued_at=now,
            )
            self._backend.keep(stored)
            self._stored.queue_of(stored).put(stored, run_after=new.run_after, now=now)
        self._stored.stop_if_due(created.prefix, now)

    def _run_again(self, rerun: RerunDagRun, created: CreatedRuns, now: dt.datetime) -> None:
        stored = self._stored.by_run_id[rerun.run_id]
        stored.rerun_by = created.prefix
        stored.queue_again(rerun.run_after, now)
        if created.now is not None:  # later than the plan by which it is done, also where the clock stands still
            stored.queued_at = max(now, created.now + _TICK)
        if rerun.conf is not None:
            stored.conf = rerun.conf
        if created.note is not None:
            stored.note = created.note
        self._stored.queue_of(stored).put(stored, run_after=rerun.run_after, now=now)

    def _runs_at(self, request: GroupRequest, since: dt.datetime) -> Sequence[ExistingRun]:
        """Return the runs at the dates of a request, or from its first date on, by their dates."""
        group, dates = group_prefix(request.prefix), frozenset(request.dates or ())
        found = [
            replace(_existing(stored), in_group=group in stored.groups)
            for stored in self._stored.runs
            if (date := stored.run.logical_date) is not None
            and (date >= since if request.dates is None else date in dates)
        ]
        return sorted(found, key=lambda run: run.logical_date)

    def _group(self, prefix: str) -> ExistingGroup | None:
        runs = self._stored.groups.get(prefix)
        if runs is None:
            return None
        return ExistingGroup(
            run_ids=frozenset(one.run.run_id for one in runs),
            created_at=min(one.created_at for one in runs),
            created_by=tuple(sorted({one.created_by for one in runs if one.created_by is not None})),
        )

    def _latest_automated(self) -> dt.datetime | None:
        automated = {DagRunType.BACKFILL.value, DagRunType.SCHEDULED.value}
        dates = (one.run.logical_date for one in self._stored.runs if one.run.run_type in automated)
        return max((date for date in dates if date is not None), default=None)

    def _unfinished_runs(self) -> int:
        unfinished = (
            one
            for one in self._stored.runs
            if one.run.state not in _ENDED and one.run.run_type != DagRunType.BACKFILL.value
        )
        return len(list(islice(unfinished, self._stored.dag.max_active_runs)))

    def _dates_since(self, since: dt.datetime) -> Iterator[dt.datetime]:
        dates = self._stored.logical_dates
        return (dates[index] for index in range(bisect_left(dates, since), len(dates)))


def _existing(stored: StoredRun) -> ExistingRun:
    run = stored.run
    return ExistingRun(
        logical_date=run.logical_date or stored.run_after,
        run_id=run.run_id,
        state=run.state,
        run_type=run.run_type,
        created_by=stored.created_by,
        id=run.id,
        run_after=stored.run_after,
        queued_at=stored.queued_at,
        start_date=run.start_date,
    )


def _passes(run: DagRun, where: DagRunFilter) -> bool:
    return (
        (where.state is None or run.state == where.state)
        and (where.external_trigger is None or run.external_trigger == where.external_trigger)
        and (where.prefix is None or run.run_id.startswith(where.prefix))
        and (where.readable is None or run.dag_id in where.readable)
    )


def _check_runs(runs: Iterable[NewDagRun], stored: StoredDag) -> None:
    """Refuse runs that Airflow's database would refuse, or would take and leave without tasks."""
    dag = stored.dag
    run_ids = set(stored.by_run_id)
    dates = set(stored.logical_dates)
    for new in runs:
        if new.run_id in run_ids:
            msg = f"DAG {dag.dag_id!r} has a run with the id {new.run_id!r} already"
            raise Refused(msg)
        if new.logical_date in dates:
            msg = f"DAG {dag.dag_id!r} has a run at {new.logical_date.isoformat()} already"
            raise Refused(msg)
        if not dag.as_planned.has_task_at(new.logical_date):
            msg = f"a run of DAG {dag.dag_id!r} at {new.logical_date.isoformat()} would have no tasks: it lies beyond the DAG's dates"
            raise Refused(msg)
        run_ids.add(new.run_id)
        dates.add(new.logical_date)


def recent_durations(dag: StoredDag, count: int) -> Sequence[dt.timedelta]:
    """Return how long the last runs took, by their logical date, that have ended: at most ``count`` of them."""
    dated = sorted(
        (stored.run for stored in dag.runs if stored.run.logical_date is not None),
        key=lambda run: run.logical_date or _NEVER,
        reverse=True,
    )
    ended = (run for run in dated[:RECENT_RUNS] if run.state in _ENDED)
    durations = (run.end_date - run.start_date for run in ended if run.start_date and run.end_date)
    return list(islice(durations, count))
