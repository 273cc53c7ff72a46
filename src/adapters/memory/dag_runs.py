"""The in-memory repository of DAG runs."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from airflow_run_groups.adapters.memory.backend import MemoryBackend, StoredDag
from airflow_run_groups.adapters.memory.params import check_conf
from airflow_run_groups.adapters.memory.queue import StoredRun
from airflow_run_groups.adapters.memory.timetables import Cron, timetable_of
from airflow_run_groups.domain import (
    AmbiguousRunId,
    Batch,
    Conf,
    Dag,
    DagContext,
    DagNotFound,
    DagRun,
    DagRunFilter,
    DagRunNotFound,
    DagRunPage,
    DagRunState,
    DagRunType,
    ExistingRun,
    Interval,
    Refused,
    Timetable,
)

RUNS_PER_LOOP = 20
"""As Airflow's scheduler has it unless it is told otherwise."""
LOOKED_AT = 1000
"""How many of a DAG's last runs are looked at for some that have ended."""

_ENDED = (DagRunState.SUCCESS.value, DagRunState.FAILED.value)
_NEVER = dt.datetime.min.replace(tzinfo=dt.timezone.utc)


class MemoryDagRunRepository:
    """The runs of an in-memory backend."""

    def __init__(self, backend: MemoryBackend) -> None:
        """Read from this backend, and write to it."""
        self._backend = backend

    def list(self, where: DagRunFilter) -> DagRunPage:
        """Return the first runs that pass the filter, ordered by ``id``."""
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
        """Return the one run with this id, in that DAG if given."""
        with self._backend.lock:
            self._backend.advance()
            return self._find(run_id, dag_id, readable)

    def record(self, dag_id: str, decide: Callable[[DagContext], Batch]) -> Batch:
        """Let ``decide`` plan a batch for the DAG, record all of its runs or none, and return it."""
        backend = self._backend
        with backend.lock:
            stored = self._live(dag_id)
            batch = decide(_Context(stored, backend.run_id_pattern))
            _check_batch(batch, stored)
            now = backend.advance()
            for new in batch.runs:
                run = DagRun(
                    id=len(backend.runs) + 1,
                    dag_id=dag_id,
                    run_id=new.run_id,
                    state=DagRunState.QUEUED.value,
                    run_type=DagRunType.MANUAL.value,
                    logical_date=new.logical_date,
                )
                kept = backend.keep(
                    run,
                    run_after=new.run_after,
                    created_by=batch.created_by,
                    conf=batch.conf_of(new),
                    note=batch.note,
                )
                stored.queue.put(kept, run_after=new.run_after, now=now)
            return batch

    def preview(self, dag_id: str, decide: Callable[[DagContext], Batch]) -> Batch:
        """Let ``decide`` plan a batch for the DAG as it stands, and return it."""
        with self._backend.lock:
            self._backend.advance()
            return decide(_Context(self._live(dag_id), self._backend.run_id_pattern))

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


class _Context:
    """A DAG as a plan sees it, under the backend's lock."""

    def __init__(self, stored: StoredDag, run_id_pattern: str) -> None:
        self._stored = stored
        self._run_id_pattern = run_id_pattern

    @property
    def dag(self) -> Dag:
        return self._stored.dag.as_planned

    @property
    def timetable(self) -> Timetable:
        return timetable_of(self._stored.dag.schedule)

    def timetable_of(self, interval: Interval) -> Timetable:
        timetable = timetable_of(interval)
        if isinstance(timetable, Cron):
            timetable.check()
        return timetable

    @property
    def run_id_pattern(self) -> str:
        return self._run_id_pattern

    @property
    def runs_per_loop(self) -> int:
        return RUNS_PER_LOOP

    def logical_dates(self, since: dt.datetime) -> Iterator[dt.datetime]:
        dates = self._stored.logical_dates
        return (dates[index] for index in range(bisect_left(dates, since), len(dates)))

    def runs_on(self, dates: Collection[dt.datetime]) -> Mapping[dt.datetime, ExistingRun]:
        wanted = set(dates)
        return {
            run.logical_date: ExistingRun(
                logical_date=run.logical_date,
                run_id=run.run_id,
                state=run.state,
                run_type=run.run_type,
                created_by=stored.created_by,
            )
            for stored in self._stored.runs
            if (run := stored.run).logical_date is not None and run.logical_date in wanted
        }

    def recent_durations(self, count: int) -> Sequence[dt.timedelta]:
        return recent_durations(self._stored, count)

    def last_number(self, prefix: str) -> int:
        return self._stored.last_numbers.get(prefix, 0)

    def check_conf(self, conf: Conf) -> None:
        check_conf(self._stored.dag.params, conf)


def _passes(run: DagRun, where: DagRunFilter) -> bool:
    return (
        (where.state is None or run.state == where.state)
        and (where.external_trigger is None or run.external_trigger == where.external_trigger)
        and (where.prefix is None or run.run_id.startswith(where.prefix))
        and (where.readable is None or run.dag_id in where.readable)
    )


def _check_batch(batch: Batch, stored: StoredDag) -> None:
    """Hold a batch against what Airflow's database would refuse, or would take and leave without tasks."""
    dag = stored.dag
    run_ids = set(stored.by_run_id)
    dates = set(stored.logical_dates)
    for new in batch.runs:
        if new.run_id in run_ids:
            msg = f"DAG {dag.dag_id!r} has a run with the id {new.run_id!r} already"
            raise Refused(msg)
        if new.logical_date in dates:
            msg = f"DAG {dag.dag_id!r} has a run at {new.logical_date.isoformat()} already"
            raise Refused(msg)
        if (dag.start_date is not None and new.logical_date < dag.start_date) or (
            dag.end_date is not None and new.logical_date > dag.end_date
        ):
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
    ended = (run for run in dated[:LOOKED_AT] if run.state in _ENDED)
    durations = (run.end_date - run.start_date for run in ended if run.start_date and run.end_date)
    return list(islice(durations, count))
