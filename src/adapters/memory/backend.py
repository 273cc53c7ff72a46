"""The store behind the in-memory repositories: DAGs, their runs, one lock, one clock."""

import datetime as dt
from bisect import insort
from collections.abc import Callable
from threading import RLock

from airflow_run_groups.adapters.memory.dag import MemoryDag
from airflow_run_groups.adapters.memory.queue import RunQueue, StoredRun
from airflow_run_groups.domain import About, Control, DagRunState, GroupRunId, UnfinishedRunLimits, UnfinishedRuns
from airflow_run_groups.domain.control.control import Outcomes, stopped_control
from airflow_run_groups.domain.control.stop_after import EndedRuns

_ENDED = (DagRunState.SUCCESS.value, DagRunState.FAILED.value)


class MemoryBackend:
    """All that the in-memory repositories share; what they do with it they do while they hold ``lock``.

    It lives in one process: several worker processes would each show runs of their own, so serve it with one worker.
    """

    def __init__(self, clock: Callable[[], dt.datetime]) -> None:
        """Start without DAGs; ``clock`` returns the present, aware, and makes the runs move on."""
        self.lock = RLock()
        self.dags: dict[str, StoredDag] = {}
        self.runs: list[StoredRun] = []
        """The runs of all DAGs in the order of their ids, which count from 1."""
        self._clock = clock

    def add(self, dag: MemoryDag) -> None:
        """Put a DAG there.

        :raises ValueError: when there is one with this id already.
        """
        with self.lock:
            if dag.dag_id in self.dags:
                msg = f"there is a DAG {dag.dag_id!r} already"
                raise ValueError(msg)
            self.dags[dag.dag_id] = StoredDag(dag)

    def keep(self, stored: StoredRun) -> None:
        """Store a run, whose id is the next one."""
        self.runs.append(stored)
        self.dags[stored.run.dag_id].keep(stored)

    def unfinished(self, limits: UnfinishedRunLimits, dag_id: str, caller: str | None) -> UnfinishedRuns:
        """Count what the limits are about."""
        self.advance()
        unfinished = [one for one in self.runs if one.run.state not in _ENDED and one.groups]
        return UnfinishedRuns(
            of_dag=None if limits.per_dag is None else sum(one.run.dag_id == dag_id for one in unfinished),
            of_caller=None if limits.per_caller is None else sum(one.created_by == caller for one in unfinished),
        )

    def advance(self) -> dt.datetime:
        """Let the runs of all DAGs move on up to the present, and return it."""
        now = self._clock()
        for dag in self.dags.values():
            dag.advance(now)
        return now


class StoredDag:
    """A DAG with its runs, and with what would take long to find in them."""

    def __init__(self, dag: MemoryDag) -> None:
        self.dag = dag
        self.runs: list[StoredRun] = []
        """In the order of their ids."""
        self.by_run_id: dict[str, StoredRun] = {}
        self.logical_dates: list[dt.datetime] = []
        """Ascending."""
        self.last_numbers: dict[str, int] = {}
        """The highest number of each group, by its prefix."""
        self.groups: dict[str, list[StoredRun]] = {}
        """The runs of each group, by its prefix."""
        self.controls: dict[str, Control] = {}
        """The groups under control, by their prefixes."""
        self.abouts: dict[str, About] = {}
        """Descriptions and labels of groups, by their prefixes."""
        self._queue = self._new_queue()
        self._queues: dict[str, RunQueue] = {}
        """Those of the groups under control."""

    def advance(self, now: dt.datetime) -> None:
        for queue in (self._queue, *self._queues.values()):
            queue.advance(now)

    def queue_of(self, stored: StoredRun) -> RunQueue:
        prefix = stored.controlled_by
        return self._queue if prefix is None else self._queues.get(prefix, self._queue)

    def set_control(self, prefix: str, control: Control | None, now: dt.datetime) -> None:
        """Put a group under this control, or under none. All that happened before now must have been worked out already."""
        run_ids = {one.run.run_id for one in self.runs if one.controlled_by == prefix}
        if control is None:
            if (queue := self._queues.pop(prefix, None)) is not None:
                del self.controls[prefix]
                self._queue.take(*queue.give_up(run_ids))
                self._queue.bound(max_active_runs=self.dag.max_active_runs, is_held=False, now=now)
            return
        if prefix not in self._queues:
            self._queues[prefix] = self._new_queue(prefix)
            self._queues[prefix].take(*self._queue.give_up(run_ids))
        self.controls[prefix] = control
        self._queues[prefix].bound(max_active_runs=control.max_active_runs, is_held=control.paused, now=now)

    def stop_if_due(self, prefix: str, now: dt.datetime) -> None:
        """Hold the group's queued runs if its rule says so."""
        control = self.controls.get(prefix)
        if control is not None:
            after = stopped_control(control, self.outcomes(prefix, control), now=now)
            if after is not control:
                self.set_control(prefix, after, now)

    def outcomes(self, prefix: str, control: Control | None) -> Outcomes:
        """Return what decides whether a group with this control stops."""
        since = None if control is None else control.counted_since
        runs = [one for one in self.runs if prefix in one.groups]
        counted = [one for one in runs if not one.cancelled and (since is None or _ended_after(since, one))]
        success, failed = (sum(one.run.state == state for one in counted) for state in _ENDED)
        has_queued = any(one.run.state == DagRunState.QUEUED for one in runs)
        return Outcomes(EndedRuns(success=success, failed=failed), has_queued=has_queued)

    def _new_queue(self, prefix: str | None = None) -> RunQueue:
        return RunQueue(
            max_active_runs=self.dag.max_active_runs,
            is_paused=self.dag.is_paused or self.dag.is_stale,
            outcome=lambda one: self.dag.outcome(one.run.logical_date, executions=one.executions),
            on_failed=lambda now: None if prefix is None else self.stop_if_due(prefix, now),
        )

    def keep(self, stored: StoredRun) -> None:
        run = stored.run
        self.runs.append(stored)
        self.by_run_id[run.run_id] = stored
        if run.logical_date is not None:
            insort(self.logical_dates, run.logical_date)
        if (parsed := GroupRunId.parse(run.run_id)) is not None:
            self.groups.setdefault(parsed.prefix, []).append(stored)
            self.last_numbers[parsed.prefix] = max(parsed.number, self.last_numbers.get(parsed.prefix, 0))


def _ended_after(moment: dt.datetime, one: StoredRun) -> bool:
    return one.run.end_date is not None and one.run.end_date > moment
