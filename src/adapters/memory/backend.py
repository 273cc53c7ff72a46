"""The store behind the in-memory repositories: DAGs, their runs, one lock, one clock."""

from __future__ import annotations

import datetime as dt
from bisect import insort
from collections.abc import Callable
from threading import RLock

from airflow_run_groups.adapters.memory.dag import MemoryDag
from airflow_run_groups.adapters.memory.queue import RunQueue, StoredRun
from airflow_run_groups.domain import Conf, DagNotFound, DagRun, DagRunState, DagRunType, GroupRunId
from airflow_run_groups.domain.run_id import DEFAULT_RUN_ID_PATTERN


def utc_now() -> dt.datetime:
    """Return the present."""
    return dt.datetime.now(dt.timezone.utc)


class MemoryBackend:
    """All that the in-memory repositories share; what they do with it they do while they hold ``lock``.

    It lives in one process: several worker processes would each show runs of their own, so serve it with one worker.
    """

    def __init__(
        self, *, clock: Callable[[], dt.datetime] = utc_now, run_id_pattern: str = DEFAULT_RUN_ID_PATTERN
    ) -> None:
        """Start without DAGs; ``clock`` tells the present, aware, and makes the runs move on."""
        self.lock = RLock()
        self.run_id_pattern = run_id_pattern
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

    def place(  # noqa: PLR0913 - a run has that many columns, and each has a default
        self,
        dag_id: str,
        run_id: str,
        *,
        run_type: DagRunType = DagRunType.MANUAL,
        state: DagRunState = DagRunState.SUCCESS,
        logical_date: dt.datetime | None = None,
        start_date: dt.datetime | None = None,
        end_date: dt.datetime | None = None,
        created_by: str | None = None,
    ) -> DagRun:
        """Put a run there as if something else had made it; it stays as it is.

        :raises DagNotFound: when there is no such DAG.
        """
        with self.lock:
            if dag_id not in self.dags:
                raise DagNotFound(dag_id)
            run = DagRun(
                id=len(self.runs) + 1,
                dag_id=dag_id,
                run_id=run_id,
                state=state.value,
                run_type=run_type.value,
                logical_date=logical_date,
                start_date=start_date,
                end_date=end_date,
            )
            self.keep(run, run_after=logical_date, created_by=created_by)
            return run

    def keep(
        self,
        run: DagRun,
        *,
        run_after: dt.datetime | None,
        created_by: str | None = None,
        conf: Conf | None = None,
        note: str | None = None,
    ) -> StoredRun:
        """Store a run whose id is the next one, made now; without ``run_after`` it may start now."""
        now = self._clock()
        run_after = run_after or now
        stored = StoredRun(
            run,
            waiting_since=max(now, run_after),
            run_after=run_after,
            created_by=created_by,
            conf=conf or {},
            note=note,
        )
        self.runs.append(stored)
        self.dags[run.dag_id].keep(stored)
        return stored

    def advance(self) -> dt.datetime:
        """Let the runs of all DAGs move on up to the present, and return it."""
        now = self._clock()
        for dag in self.dags.values():
            dag.queue.advance(now)
        return now


class StoredDag:
    """A DAG with its runs, and with what would take long to find in them."""

    def __init__(self, dag: MemoryDag) -> None:
        """Start without runs."""
        self.dag = dag
        self.runs: list[StoredRun] = []
        """In the order of their ids."""
        self.by_run_id: dict[str, StoredRun] = {}
        self.logical_dates: list[dt.datetime] = []
        """Ascending."""
        self.last_numbers: dict[str, int] = {}
        """The highest number of each group, by its prefix."""
        self.queue = RunQueue(max_active_runs=dag.max_active_runs, is_paused=dag.is_paused)

    def keep(self, stored: StoredRun) -> None:
        """Store a run of this DAG."""
        run = stored.run
        self.runs.append(stored)
        self.by_run_id[run.run_id] = stored
        if run.logical_date is not None:
            insort(self.logical_dates, run.logical_date)
        if (parsed := GroupRunId.parse(run.run_id)) is not None:
            self.last_numbers[parsed.prefix] = max(parsed.number, self.last_numbers.get(parsed.prefix, 0))
