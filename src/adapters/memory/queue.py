"""How the runs of one DAG get their turn: queued, then running, then success, as time passes."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, nsmallest

from airflow_run_groups.domain import Conf, DagRun, DagRunState, GroupRunId

QUEUED_FOR = dt.timedelta(seconds=1)
"""How long a run waits at least, as if a scheduler had to come by first."""
RUNS_FOR = dt.timedelta(seconds=3)
"""How long a run takes."""


@dataclass(slots=True)
class StoredRun:
    """A run in the place where it is stored; its state is replaced as time passes.

    ``waiting_since`` is from when on it could run if it were its turn, ``run_after`` before when it does not start.
    ``created_by`` is the name of its creator, None without one, and ``created_at`` when it was created. ``spaced``: it
    starts later than its schedule says. ``cancelled``: it was, and has not run again since. ``queued_at``: when it was last
    queued, None where that is not known. ``rerun_by``: the group that ran it again last, None when none did. ``executions``: how often
    it has started.
    """

    run: DagRun
    waiting_since: dt.datetime
    run_after: dt.datetime
    created_at: dt.datetime
    created_by: str | None
    conf: Conf
    note: str | None
    spaced: bool = False
    cancelled: bool = False
    queued_at: dt.datetime | None = None
    rerun_by: str | None = None
    executions: int = 0
    prefix: str | None = field(init=False)
    """The group that its id is of, None when it is of none."""

    def __post_init__(self) -> None:
        parsed = GroupRunId.parse(self.run.run_id)
        self.prefix = None if parsed is None else parsed.prefix

    @property
    def groups(self) -> frozenset[str]:
        """The groups that it is in: that of its id, and the one that ran it again last."""
        return frozenset(prefix for prefix in (self.prefix, self.rerun_by) if prefix is not None)

    @property
    def controlled_by(self) -> str | None:
        """The group whose control holds for it, if that has one: the one that ran it again last, else that of its id."""
        return self.prefix if self.rerun_by is None else self.rerun_by

    def queue_again(self, run_after: dt.datetime, now: dt.datetime) -> None:
        self.run = self.run._replace(state=DagRunState.QUEUED.value, start_date=None, end_date=None)
        self.cancelled = False
        self.run_after = run_after
        self.waiting_since = max(now, run_after)
        self.queued_at = now


_Waiting = tuple[dt.datetime, int, dt.datetime, StoredRun]
"""Its ``run_after``, its id, and from when on it could start."""
_Running = tuple[dt.datetime, int, StoredRun]
"""When it ends, and its id."""


class RunQueue:
    """The runs that count together and have not ended yet: those of a group under control, or all others of a DAG.

    They start in the order of their ``run_after``, then their id, with at most so many running at the same time. Nothing
    happens by itself: what would have happened up to a moment is computed with a read, always with the same
    outcome, and each run costs two steps, however many reads there are.
    """

    def __init__(
        self,
        *,
        max_active_runs: int,
        is_paused: bool,
        outcome: Callable[[StoredRun], DagRunState] = lambda _: DagRunState.SUCCESS,
        on_failed: Callable[[dt.datetime], None] = lambda _: None,
    ) -> None:
        """Start with no runs; a paused DAG's runs never start. A run ends in the state that ``outcome`` returns."""
        self._max_active_runs = max_active_runs
        self._is_paused = is_paused
        self._outcome = outcome
        self._on_failed = on_failed
        self._is_held = False
        self._waiting: list[_Waiting] = []
        self._running: list[_Running] = []
        self._last_start = dt.datetime.min.replace(tzinfo=dt.timezone.utc)

    def bound(self, *, max_active_runs: int, is_held: bool, now: dt.datetime) -> None:
        """Let so many run at the same time from now on, and none start while it is held; running ones end all the same."""
        self._max_active_runs = max_active_runs
        self._is_held = is_held
        self._last_start = max(self._last_start, now)

    def put(self, stored: StoredRun, *, run_after: dt.datetime, now: dt.datetime) -> None:
        """Add a run that was created now. All that happened before must have been worked out already."""
        heappush(self._waiting, (run_after, stored.run.id, max(run_after, now + QUEUED_FOR), stored))

    def remove(self, stored: StoredRun) -> None:
        self._waiting = [entry for entry in self._waiting if entry[-1] is not stored]
        self._running = [entry for entry in self._running if entry[-1] is not stored]
        heapify(self._waiting)
        heapify(self._running)

    def give_up(self, run_ids: Collection[str]) -> tuple[list[_Waiting], list[_Running]]:
        """Return those of the runs that have these ids, and know nothing of them any more."""
        waiting = [entry for entry in self._waiting if entry[-1].run.run_id in run_ids]
        running = [entry for entry in self._running if entry[-1].run.run_id in run_ids]
        self._waiting = [entry for entry in self._waiting if entry[-1].run.run_id not in run_ids]
        self._running = [entry for entry in self._running if entry[-1].run.run_id not in run_ids]
        heapify(self._waiting)
        heapify(self._running)
        return waiting, running

    def take(self, waiting: list[_Waiting], running: list[_Running]) -> None:
        """Add runs that another queue has given up."""
        self._waiting += waiting
        self._running += running
        heapify(self._waiting)
        heapify(self._running)

    def advance(self, now: dt.datetime) -> None:
        if self._is_paused:
            return
        while self._may_start() and (start := self._next_start()) <= now:
            self._finish_until(start)
            if not self._may_start():  # as what has failed holds the others
                break
            _, run_number, _, stored = heappop(self._waiting)
            stored.run = stored.run._replace(state=DagRunState.RUNNING.value, start_date=start)
            stored.executions += 1
            heappush(self._running, (start + RUNS_FOR, run_number, stored))
            self._last_start = start
        self._finish_until(now)

    def _next_start(self) -> dt.datetime:
        start = max(self._waiting[0][2], self._last_start)
        before = len(self._running) - self._max_active_runs + 1
        return start if before < 1 else max(start, nsmallest(before, self._running)[-1][0])

    def _may_start(self) -> bool:
        return bool(self._waiting) and not self._is_held

    def _finish_until(self, moment: dt.datetime) -> None:
        while self._running and self._running[0][0] <= moment:
            self._finish_first()

    def _finish_first(self) -> None:
        end, _, stored = heappop(self._running)
        outcome = self._outcome(stored)
        stored.run = stored.run._replace(state=outcome.value, end_date=end)
        if outcome is DagRunState.FAILED:
            self._on_failed(end)
