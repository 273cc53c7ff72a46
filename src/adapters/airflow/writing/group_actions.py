"""Actions on a group's runs, by the functions that Airflow's own API uses, in our transaction."""

import time
from collections.abc import Sequence
from typing import Any

from airflow.api.common.mark_tasks import set_dag_run_state_to_failed
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.sqlalchemy import with_row_locks
from airflow.utils.state import TaskInstanceState
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.compat import DagsOfRuns, SerializedDAG
from airflow_run_groups.adapters.airflow.queries.groups import in_group
from airflow_run_groups.adapters.airflow.writing.audit import entry
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.errors import DagUnreadable, GroupNotFound, Refused
from airflow_run_groups.domain.groups import Cancel, GroupAction, GroupActionResult, Note, Retry, Which
from airflow_run_groups.domain.model import DagRunState

_RUN = DagRun.__table__
_TASK = TaskInstance.__table__
_NOT_STARTED = _TASK.c.state.is_(None) | _TASK.c.state.in_(
    [
        TaskInstanceState.SCHEDULED.value,
        TaskInstanceState.QUEUED.value,
        TaskInstanceState.RESTARTING.value,
        TaskInstanceState.UP_FOR_RETRY.value,
    ]
)
"""What Airflow skips when it lets a run fail: all that has not ended, and is not being executed."""
_NOT_SUCCEEDED = _TASK.c.state.in_(
    [TaskInstanceState.FAILED.value, TaskInstanceState.UPSTREAM_FAILED.value, TaskInstanceState.SKIPPED.value]
)
"""Airflow's ``only_failed``, and what was skipped: a run that was cancelled, or timed out, has skipped tasks that never ran.
Those that a branch has skipped are skipped again (NotPreviouslySkippedDep, 3.0 to 3.3)."""


def apply(group_action: GroupAction, session: Session, *, seconds: float) -> GroupActionResult:
    """Do the action as part of the session's transaction, with one entry in the audit log if anything was done.

    A run is locked when its turn comes, and left out when it is in another state by then. Airflow clears task by task, with
    some statements for each: after so many seconds no run begins but the first.

    :raises GroupNotFound: when there is no such group.
    :raises Refused: when Airflow cannot read the DAG of a run.
    """
    end = time.monotonic() + seconds
    found = _find(group_action, session)
    dags = DagsOfRuns(session)
    done: list[str] = []
    last = None
    for number, run_id in found[: group_action.limit]:
        if done and time.monotonic() > end:
            break
        last = number
        if group_action.dry_run or _do(group_action.action, number, dags, session):
            done.append(run_id)
    if done and not group_action.dry_run:
        session.flush()
        session.add(_audit(group_action, done))
    is_all = not found or last == found[-1][0]
    return GroupActionResult(dag_run_ids=tuple(done), next_start=None if is_all else last, dry_run=group_action.dry_run)


def _find(group_action: GroupAction, session: Session) -> Sequence[tuple[int, str]]:
    """Return id and run id of the runs that it is for, one more than the limit if there is one."""
    is_of_group, values = in_group(group_action.dag_id, group_action.prefix, session.connection())
    query = (
        select(_RUN.c.id, _RUN.c.run_id)
        .where(is_of_group, _RUN.c.id > group_action.start, _is_for(group_action.action))
        .order_by(_RUN.c.id)
        .limit(group_action.limit + 1)
    )
    if isinstance(group_action.action, Retry):
        query = query.where(
            select(_TASK.c.run_id).where(_TASK.c.dag_id == _RUN.c.dag_id, _TASK.c.run_id == _RUN.c.run_id).exists()
        )
    found = [(number, run_id) for number, run_id in session.execute(query, values)]
    if not found and session.execute(select(_RUN.c.id).where(is_of_group).limit(1), values).first() is None:
        raise GroupNotFound
    return found


def _is_for(action: Cancel | Retry | Note) -> Any:
    return _RUN.c.state.in_([state.value for state in action.states])


def _do(action: Cancel | Retry | Note, number: int, dags: DagsOfRuns, session: Session) -> bool:
    """Do it to the run with this number, which the scheduler passes over from now on, if it is still for that run."""
    query = select(DagRun).where(_RUN.c.id == number, _is_for(action))
    run = session.scalars(with_row_locks(query, session, of=DagRun)).one_or_none()
    if run is None:
        return False
    if isinstance(action, Note):
        _annotate(run, action.note)
    elif isinstance(action, Cancel):
        _cancel(run, _dag_of(run, dags), session)
    else:
        _retry(run, action.which, _dag_of(run, dags), session)
    return True


def _annotate(run: DagRun, note: str) -> None:
    if run.dag_run_note is None:
        run.note = note
    else:
        run.dag_run_note.content = note
        run.dag_run_note.user_id = None  # who wrote it before did not write this


def _cancel(run: DagRun, dag: SerializedDAG, session: Session) -> None:
    """Skip what has not started, then have Airflow do the rest.

    Airflow would skip it, too, task by task, and until 3.2 outside our transaction (set_dag_run_state_to_failed). It leaves
    a run alone that has teardown tasks to come, so these are skipped where nothing has started for them to tear down.
    """
    keeps_teardowns = run.state != DagRunState.QUEUED.value or _has_begun(run, session)
    _skip(run, [task.task_id for task in dag.tasks if task.is_teardown] if keeps_teardowns else [], session)
    set_dag_run_state_to_failed(dag=dag, run_id=run.run_id, commit=True, session=session)


def _has_begun(run: DagRun, session: Session) -> bool:
    """Tell whether some task of the run has been executed, as when it was cleared in part."""
    query = select(_TASK.c.run_id).where(_TASK.c.dag_id == run.dag_id, _TASK.c.run_id == run.run_id, ~_NOT_STARTED)
    return session.execute(query.limit(1)).first() is not None


def _skip(run: DagRun, but: Sequence[str], session: Session) -> None:
    now = utc_now()
    session.execute(
        _TASK.update()
        .where(_TASK.c.dag_id == run.dag_id, _TASK.c.run_id == run.run_id, _NOT_STARTED, _TASK.c.task_id.not_in(but))
        .values(
            state=TaskInstanceState.SKIPPED.value,
            start_date=func.coalesce(_TASK.c.start_date, now),
            end_date=func.coalesce(_TASK.c.end_date, now),
            duration=func.coalesce(_TASK.c.duration, 0.0),
        )
    )


def _retry(run: DagRun, which: Which, dag: SerializedDAG, session: Session) -> None:
    cleared: Any = 0
    if which is Which.FAILED:
        query = select(_TASK.c.task_id, _TASK.c.map_index).where(
            _TASK.c.dag_id == run.dag_id, _TASK.c.run_id == run.run_id, _NOT_SUCCEEDED
        )
        tasks = [(task_id, map_index) for task_id, map_index in session.execute(query)]
        cleared = dag.clear(run_id=run.run_id, task_ids=tasks, session=session) if tasks else 0
    if not cleared:
        dag.clear(run_id=run.run_id, session=session)


def _dag_of(run: DagRun, dags: DagsOfRuns) -> SerializedDAG:
    try:
        dag = dags.get(run)
    except Exception as error:
        raise DagUnreadable(run.dag_id, error) from error
    if dag is None:
        msg = f"Airflow has no DAG {run.dag_id!r} for run {run.run_id!r}"
        raise Refused(msg)
    return dag


def _audit(group_action: GroupAction, run_ids: Sequence[str]) -> Log:
    """Return one entry for all of the runs, under the event of Airflow's own endpoint (routes/public/dag_run.py, 3.0 to 3.3)."""
    about: dict[str, object]
    if isinstance(group_action.action, Cancel):
        event, about = "patch_dag_run", {"state": DagRunState.FAILED.value}
    elif isinstance(group_action.action, Note):
        event, about = "patch_dag_run", {"note": group_action.action.note}
    else:
        event, about = "clear_dag_run", {"only_failed": group_action.action.which is Which.FAILED}
    return entry(
        event,
        dag_id=group_action.dag_id,
        caller=group_action.requested_by,
        prefix=group_action.prefix,
        dag_runs=len(run_ids),
        first_run_id=run_ids[0],
        last_run_id=run_ids[-1],
        **about,
    )
