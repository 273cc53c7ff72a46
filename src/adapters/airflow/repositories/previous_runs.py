"""Whether running runs wait for the run before them, by Airflow's own rule for a task (``PrevDagrunDep``)."""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.ti_deps.dep_context import DepContext
from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep
from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.compat import IS_CURRENT, DagsOfRuns, SerializedDAG
from airflow_run_groups.adapters.airflow.dag_errors import reading_dag
from airflow_run_groups.adapters.airflow.queries.groups.progress import LATEST_VERSION, TASKS
from airflow_run_groups.domain.errors import DagUnreadable
from airflow_run_groups.domain.groups.waiting import PreviousRun, RunningRun
from airflow_run_groups.domain.model import DagRunState
from airflow_run_groups.domain.run_id import GroupRunId

CHECKED_TASKS = 20
"""Task instances of a run on which Airflow's rule is tried, as it takes some statements for each."""
KNOWN_VERSIONS = 1000
"""Versions of DAGs of which a process remembers whether their tasks depend on the run before."""

_log = logging.getLogger(__name__)


class PreviousRuns:
    """Finds out what running runs wait for. Of most DAGs no task depends on the run before, which one statement tells."""

    def __init__(self) -> None:
        self._depending: dict[object, frozenset[str]] = {}

    def of(self, running: Sequence[Any], dag_id: str, prefix: str, session: Session) -> list[RunningRun]:
        """Return the running runs of the rows of ``queries.groups.progress.RUNNING``, in the same order."""
        latest = session.execute(LATEST_VERSION, {"dag_id": dag_id}).first() if running else None
        look = _Look(session)
        return [
            RunningRun(
                run_id=row.run_id,
                in_group=(parsed := GroupRunId.parse(row.run_id)) is not None and parsed.prefix == prefix,
                has_place=bool(row.has_place),
                waits_for=look.waits_for(row.id, depending)
                if (depending := self._depending_tasks(row, latest, look))
                else None,
            )
            for row in running
        ]

    def _depending_tasks(self, row: Any, latest: Any, look: "_Look") -> frozenset[str]:
        """Return the tasks that depend on the run before, in the version of the DAG with which the run goes on."""
        key = (row.created_dag_version_id, row.bundle_version, latest and tuple(latest))
        if (known := self._depending.get(key)) is None:
            if len(self._depending) >= KNOWN_VERSIONS:
                self._depending.clear()
            known = self._depending[key] = look.depending_tasks(row.id)
        return known


class _Tasks(NamedTuple):
    """The tasks that a run has, and those of them that have an instance which was neither a success nor skipped."""

    there: frozenset[str]
    not_done: frozenset[str]


class _Look:
    """The facts about a DAG's runs that one look at a group reads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._dags = DagsOfRuns(session)
        self._tasks: dict[int, _Tasks] = {}

    def depending_tasks(self, number: int) -> frozenset[str]:
        run = self._session.get(DagRun, number)
        if run is None:
            return frozenset()
        try:
            with reading_dag(run.dag_id):
                dag = self._dags.get(run)
        except DagUnreadable as error:  # a look at its group goes on
            _log.warning("nothing is known of tasks that wait for a run before: %s", error)
            return frozenset()
        return frozenset(task.task_id for task in dag.tasks if task.depends_on_past) if dag else frozenset()

    def waits_for(self, number: int, depending: frozenset[str]) -> PreviousRun | None:
        """Return the run before this one if tasks wait for it, which are among these.

        While the run before is running it is returned in any case: what matters is whether that one can go on.
        """
        run = self._session.get(DagRun, number)
        dag = run and self._dags.get(run)
        if run is None or dag is None:
            return None
        previous = (
            DagRun.get_previous_scheduled_dagrun(run.id, session=self._session)
            if dag.catchup
            else DagRun.get_previous_dagrun(run, session=self._session)
        )
        if previous is None:
            return None
        state = str(previous.state)
        if state != DagRunState.RUNNING.value and not self._is_refused(run, previous, dag, depending):
            return None
        return PreviousRun(run_id=previous.run_id, state=state)

    def _is_refused(self, run: DagRun, previous: DagRun, dag: SerializedDAG, depending: frozenset[str]) -> bool:
        """Tell whether Airflow lets a task of the run wait, for what the run before has not done.

        Airflow is asked about those tasks alone whose counterparts are not there, or not done.
        """
        before = self._tasks_of(previous)
        suspects = [
            task_id
            for task_id in depending
            if task_id in before.not_done
            or task_id not in before.there
            or (
                (task := dag.get_task(task_id)).wait_for_downstream
                and not before.not_done.isdisjoint(task.downstream_task_ids)
            )
        ]
        if not suspects:
            return False
        waiting = (
            select(TaskInstance)
            .where(
                TaskInstance.dag_id == run.dag_id,
                TaskInstance.run_id == run.run_id,
                IS_CURRENT,
                TaskInstance.state.is_(None),
                TaskInstance.task_id.in_(suspects),
            )
            .limit(CHECKED_TASKS)
        )
        return any(self._is_waiting(instance, dag) for instance in self._session.scalars(waiting).all())

    def _is_waiting(self, instance: TaskInstance, dag: SerializedDAG) -> bool:
        instance.task = dag.get_task(instance.task_id)
        found = PrevDagrunDep().get_dep_statuses(ti=instance, session=self._session, dep_context=DepContext())
        return not all(status.passed for status in found)

    def _tasks_of(self, run: DagRun) -> _Tasks:
        if run.id not in self._tasks:
            rows = self._session.execute(TASKS, {"dag_id": run.dag_id, "run_id": run.run_id}).all()
            self._tasks[run.id] = _Tasks(
                there=frozenset(row.task_id for row in rows),
                not_done=frozenset(row.task_id for row in rows if row.done < row.instances),
            )
        return self._tasks[run.id]
