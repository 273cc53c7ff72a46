"""Letting a run run again: what Airflow's "clear only failed" clears, and what was stopped before it could run."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.compat import TIMEOUT_ENDS_TASKS, SerializedDAG
from airflow_run_groups.adapters.airflow.queries.groups.cancelled import is_marked
from airflow_run_groups.adapters.airflow.writing.actions.task_states import (
    EXECUTED,
    FAILURES,
    State,
    is_not_started,
    of_run,
)
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.control.pace import Restarts, is_spaced
from airflow_run_groups.domain.groups.actions import Retry, Which, count_runs, unknown_tasks

_RUN = DagRun.__table__
_SUCCESS = TaskInstanceState.SUCCESS.value


class _Task(NamedTuple):
    """A task instance, as much of it as decides whether it runs again."""

    task_id: str
    map_index: int
    state: State
    end_date: dt.datetime | None


class Retrying:
    """Lets one run after the other run again."""

    def __init__(
        self,
        retry: Retry,
        dag_of: Callable[[DagRun], SerializedDAG],
        version: Mapping[str, Any],
        session: Session,
        *,
        dry_run: bool,
    ) -> None:
        """Clear runs with these arguments for the DAG's version."""
        self._is_whole = retry.which is Which.ALL
        self._dag_of = dag_of
        self._version = version
        self._session = session
        self._dry_run = dry_run
        self._restarts = Restarts(retry.pace, retry.not_before, now=utc_now())
        self._left_out: list[str] = []
        self._tasks = None if retry.tasks is None else ChosenTasks(retry.tasks, session)

    def do(self, run: DagRun) -> bool:
        if self._tasks is not None:
            return self._do_tasks(run, self._tasks)
        partial = None if self._is_whole else PartialRetry(run, self._dag_of, self._session)
        if partial is not None and not partial.is_due:
            self._left_out.append(run.run_id)
            return False
        run_after = self._restarts.next(run.run_after, spaced=_is_spaced(run))
        if self._dry_run:
            return True
        if partial is None:
            self._dag_of(run).clear(run_id=run.run_id, session=self._session, **self._version)
        else:
            partial.do(self._dag_of(run), self._version)
        run.run_after = run_after
        return True

    def _do_tasks(self, run: DagRun, tasks: "ChosenTasks") -> bool:
        dag = self._dag_of(run)
        task_ids = tasks.of(run, dag)
        if task_ids is None:
            return False
        run_after = self._restarts.next(run.run_after, spaced=_is_spaced(run))
        if not self._dry_run:
            dag.clear(run_id=run.run_id, task_ids=task_ids, session=self._session, **self._version)
            run.run_after = run_after
        return True

    def not_before(self, number: int) -> dt.datetime | None:
        run = self._session.scalars(select(DagRun).where(_RUN.c.id == number)).one()
        return self._restarts.rest(run.run_after, spaced=_is_spaced(run))

    def warnings(self) -> Iterator[str]:
        if self._tasks is not None:
            yield from self._tasks.warnings()
        if self._left_out:
            yield (
                f"{count_runs(self._left_out)} left out, such as {self._left_out[0]}: failed without a task that has failed or "
                "was stopped, as when somebody marks a run as failed; with which = all they run from the start"
            )


def _is_spaced(run: DagRun) -> bool:
    """Tell whether it is to keep its distance from others: it has not had its turn, and others may start before it."""
    scheduled = (run.logical_date, run.data_interval_end)
    return is_marked(run) and is_spaced(run.run_after, scheduled, created_at=getattr(run, "created_at", None))


class ChosenTasks:
    """Tasks that are to run again with all that is downstream of them, as Airflow's own clear finds it."""

    def __init__(self, tasks: Sequence[str], session: Session) -> None:
        self._tasks = frozenset(tasks)
        self._session = session
        self._of_dag: dict[int, tuple[SerializedDAG, list[str]]] = {}
        self._left_out: list[str] = []
        self._known: frozenset[str] = frozenset()
        self._dag_id = ""
        self._any = False

    def of(self, run: DagRun, dag: SerializedDAG) -> list[str] | None:
        """Return what of a run is to be cleared, None when its version of the DAG has not all of the tasks, or it has no instance."""
        if not self._tasks <= dag.task_dict.keys():
            self._known, self._dag_id = frozenset(dag.task_dict), run.dag_id
            self._left_out.append(run.run_id)
            return None
        if id(dag) not in self._of_dag:
            part = dag.partial_subset(task_ids=self._tasks, include_downstream=True, include_upstream=False)
            self._of_dag[id(dag)] = (dag, sorted(part.task_dict))
        task_ids = self._of_dag[id(dag)][1]
        instances = select(TaskInstance.task_id).where(of_run(run), TaskInstance.task_id.in_(task_ids)).limit(1)
        if self._session.execute(instances).first() is None:
            self._left_out.append(run.run_id)
            return None
        self._any = True
        return task_ids

    def warnings(self) -> Iterator[str]:
        """Yield a sentence about the runs that were left out.

        :raises Refused: when all were, as none has the tasks.
        """
        if self._left_out and self._known and not self._any:
            raise unknown_tasks(self._tasks, self._known, self._dag_id)
        if self._left_out:
            yield f"{count_runs(self._left_out)} left out, such as {self._left_out[0]}: without all of the tasks"


class PartialRetry:
    """The task instances of a failed run that are to run again."""

    def __init__(self, run: DagRun, dag_of: Callable[[DagRun], SerializedDAG], session: Session) -> None:
        self._run = run
        self._dag_of = dag_of
        self._session = session
        columns = (TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state, TaskInstance.end_date)
        tasks = [_Task(*row) for row in session.execute(select(*columns).where(of_run(run)))]
        self._states: dict[str, set[State]] = {}
        for task in tasks:
            self._states.setdefault(task.task_id, set()).add(task.state)
        self._stopped = [(task.task_id, task.map_index) for task in tasks if self._is_stopped(task)]
        has = set().union(*self._states.values())
        self._has_failures = bool(has & FAILURES)
        self._is_whole = bool(tasks) and _SUCCESS not in has and not self._has_failures and not self._stopped

    @property
    def is_due(self) -> bool:
        """Whether there is anything: a run that somebody marked as failed may have no task that has not succeeded."""
        return self._has_failures or bool(self._stopped) or self._is_whole

    def do(self, dag: SerializedDAG, version: Mapping[str, Any]) -> None:
        """Clear it with Airflow's own function, whose arguments ``version`` has those that choose the DAG's version."""
        run_id, session = self._run.run_id, self._session
        if self._is_whole:
            dag.clear(run_id=run_id, session=session, **version)
            return
        if self._has_failures:
            dag.clear(run_id=run_id, only_failed=True, session=session, **version)
        again = self._torn_down(dag)
        if self._stopped or again:
            dag.clear(run_id=run_id, task_ids=[*self._stopped, *again], session=session, **version)

    def _is_stopped(self, task: _Task) -> bool:
        """Tell whether something has kept it from running: a cancelled run, or one that took longer than its DAG allows.

        A task that a branch has skipped has an end (SkipMixin, and the execution API); a timeout sets the state alone until
        Airflow 3.3, and the end of the run's time since 3.4 (SchedulerJobRunner._schedule_dag_run). We leave out the end
        where later runs would wait for a failed task.
        """
        if task.state != TaskInstanceState.SKIPPED.value:
            return is_not_started(task.state)
        return task.end_date is None or (
            TIMEOUT_ENDS_TASKS and self._timeout is not None and task.end_date >= self._timeout
        )

    @cached_property
    def _timeout(self) -> dt.datetime | None:
        """When the run has taken as long as its DAG allows, None without a limit."""
        start, limit = self._run.start_date, self._dag_of(self._run).dagrun_timeout
        return None if start is None or limit is None else start + limit

    def _torn_down(self, dag: SerializedDAG) -> list[str]:
        """Return the setups, with their teardowns, that tasks need again because the teardown has been executed.

        Airflow's ``only_failed`` lets a task run again without what has been torn down.
        """
        needed = {task_id for task_id, states in self._states.items() if states & FAILURES}
        needed |= {task_id for task_id, _ in self._stopped}
        again: set[str] = set()
        for task_id in needed:
            if dag.has_task(task_id):
                again |= self._setups_of(dag.get_task(task_id).get_upstreams_only_setups_and_teardowns())
        return sorted(again)

    def _setups_of(self, setups_and_teardowns: Iterable[Any]) -> set[str]:
        tasks = {task.task_id: task for task in setups_and_teardowns}
        torn_down = [
            task for task in tasks.values() if task.is_teardown and self._states.get(task.task_id, set()) & EXECUTED
        ]
        return {task_id for task in torn_down for task_id in (task.task_id, *(tasks.keys() & task.upstream_task_ids))}
