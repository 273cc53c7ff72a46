"""Cancelling a run: its tasks end so that Airflow, whenever it looks at them again, finds a failed run.

Airflow's own "mark as failed" (api/common/mark_tasks.py) skips what has not run. A run whose last tasks are skipped is a
success to the scheduler, which looks again where teardown tasks are to come, or where it held the run in memory.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from airflow.api.common.mark_tasks import set_dag_run_state_to_failed
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState
from sqlalchemy import case, func, null, select
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.compat import SerializedDAG
from airflow_run_groups.adapters.airflow.queries.groups.cancelled import is_marked, mark
from airflow_run_groups.adapters.airflow.writing.actions.listeners import on_cancelled
from airflow_run_groups.adapters.airflow.writing.actions.task_states import (
    ACTIVE,
    EXECUTED,
    FAILURES,
    NOT_STARTED,
    State,
    is_not_started,
    of_run,
)
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.groups.actions import count_runs
from airflow_run_groups.domain.model import DagRunState

_TASK = TaskInstance.__table__
_UPSTREAM_FAILED = TaskInstanceState.UPSTREAM_FAILED.value
_SKIPPED = TaskInstanceState.SKIPPED.value
_FAILED = TaskInstanceState.FAILED.value


class _Task(NamedTuple):
    """A task instance, as much of it as decides what becomes of a run."""

    id: Any
    task_id: str
    state: State


class Cancelling:
    """Cancels one run after the other."""

    def __init__(self, dag_of: Callable[[DagRun], SerializedDAG], session: Session, *, dry_run: bool) -> None:
        self._dag_of = dag_of
        self._session = session
        self._dry_run = dry_run
        self._tearing_down: list[str] = []
        self._left_out: list[str] = []

    def do(self, run: DagRun) -> bool:
        cancellation = Cancellation(run, self._dag_of(run), self._session, lock=not self._dry_run)
        if not cancellation.is_due:
            self._left_out.append(run.run_id)
            return False
        if cancellation.tears_down:
            self._tearing_down.append(run.run_id)
        if not self._dry_run:
            cancellation.do()
        return True

    def not_before(self, number: int) -> None:  # noqa: ARG002 - nothing starts
        return None

    def warnings(self) -> Iterator[str]:
        if self._tearing_down:
            yield (
                f"{count_runs(self._tearing_down)} with teardown tasks to come: Airflow runs them first, in a paused DAG when it "
                "is unpaused, and then the run fails"
            )
        if self._left_out:
            yield f"{count_runs(self._left_out)} not cancelled: nothing is left to run, or only teardown tasks"


class Cancellation:
    """The effect on one run: which of its tasks are broken off, which never run, and which still tear down."""

    def __init__(self, run: DagRun, dag: SerializedDAG, session: Session, *, lock: bool) -> None:
        """Look at the run's tasks, and lock them if it is to be done."""
        self._run = run
        self._dag = dag
        self._session = session
        query = select(_TASK.c.id, _TASK.c.task_id, _TASK.c.state).where(of_run(run)).order_by(_TASK.c.id)
        rows = session.execute(query.with_for_update() if lock else query)
        tasks = [_Task(*row) for row in rows]
        teardowns = {task.task_id for task in dag.tasks if task.is_teardown}
        self._killed = [task for task in tasks if task.state in ACTIVE and task.task_id not in teardowns]
        killed = {task.id for task in self._killed}
        now = [task._replace(state=_FAILED) if task.id in killed else task for task in tasks]
        self._kept = _torn_down(dag, now)
        self._passed = _holding(dag)
        stopped = [task for task in now if is_not_started(task.state) and task.task_id not in self._kept]
        self._stops = bool(stopped or self._killed)
        self.tears_down = any(task.task_id in self._kept and _is_unfinished(task.state) for task in now)
        """Whether the run goes on with teardown tasks, and ends after them."""
        after = {task.id: task._replace(state=self._end_of(task)) for task in stopped}
        self._after = [after.get(task.id, task) for task in now]

    @property
    def is_due(self) -> bool:
        """Whether there is something to do: a run that has done its work, but for teardown tasks, ends as it has earned."""
        has_worked = self.tears_down or (self._run.state == DagRunState.RUNNING.value and bool(self._after))
        return self._stops or not has_worked or is_marked(self._run)

    def do(self) -> None:
        """Do it with Airflow's own functions, and mark the run."""
        run, session = self._run, self._session
        killed: list[Any] = [session.get(TaskInstance, task.id) for task in self._killed]
        for task in killed:
            # one by one, since Airflow's function would walk the DAG's timetable to find the run (get_run_ids)
            task.set_state(TaskInstanceState.FAILED, session=session)
        self._stop()
        set_dag_run_state_to_failed(dag=self._dag, run_id=run.run_id, commit=True, session=session)
        run.creating_job_id = mark(run.clear_number, fails_by_itself=self._fails_by_itself)
        session.flush()
        on_cancelled(run, self._dag, killed)

    def _stop(self) -> None:
        now = utc_now()
        passes = _TASK.c.task_id.in_(self._passed)
        is_retried = _TASK.c.state == TaskInstanceState.UP_FOR_RETRY.value
        self._session.execute(
            _TASK.update()
            .where(of_run(self._run), NOT_STARTED, _TASK.c.task_id.not_in(self._kept))
            .values(
                state=case((passes, _SKIPPED), (is_retried, _FAILED), else_=_UPSTREAM_FAILED),
                start_date=func.coalesce(_TASK.c.start_date, now),
                # without one, it is known from those that a branch has skipped
                end_date=case((passes, null()), else_=func.coalesce(_TASK.c.end_date, now)),
                duration=func.coalesce(_TASK.c.duration, 0.0),
            )
        )

    def _end_of(self, task: _Task) -> State:
        if task.task_id in self._passed:
            return _SKIPPED
        return _FAILED if task.state == TaskInstanceState.UP_FOR_RETRY.value else _UPSTREAM_FAILED

    @property
    def _fails_by_itself(self) -> bool:
        """Whether a task that decides the run's end has failed, so that a scheduler that looks again finds a failed run."""
        run: Any = self._run
        deciding = run._tis_for_dagrun_state(dag=self._dag, tis=self._after)  # noqa: SLF001 - Airflow's own rule
        return any(task.state in FAILURES for task in deciding)


def _torn_down(dag: SerializedDAG, tasks: Iterable[_Task]) -> Collection[str]:
    """Return the teardown tasks for which there is something to tear down, as Airflow's trigger rule has it.

    It lets them run when a setup of theirs has succeeded (ALL_DONE_SETUP_SUCCESS), for each mapped one by itself.
    """
    states: dict[str, set[State]] = {}
    for task in tasks:
        states.setdefault(task.task_id, set()).add(task.state)
    return {
        task.task_id
        for task in dag.tasks
        if task.is_teardown and (states.get(task.task_id, set()) & ACTIVE or _has_set_up(task, states))
    }


def _has_set_up(teardown: Any, states: Mapping[str, set[State]]) -> bool:
    setups = [task.task_id for task in teardown.upstream_list if task.is_setup]
    if setups:
        return any(TaskInstanceState.SUCCESS.value in states.get(task_id, ()) for task_id in setups)
    return any(states.get(task_id, set()) & EXECUTED for task_id in teardown.get_flat_relative_ids(upstream=True))


def _holding(dag: SerializedDAG) -> Collection[str]:
    """Return the tasks that would hold up those of later runs unless they have succeeded or are skipped (PrevDagrunDep)."""
    holding = {task.task_id for task in dag.tasks if task.depends_on_past}
    for task in dag.tasks:
        if getattr(task, "wait_for_downstream", False):
            holding |= {task.task_id, *task.downstream_task_ids}
    return holding


def _is_unfinished(state: State) -> bool:
    return is_not_started(state) or state in ACTIVE
