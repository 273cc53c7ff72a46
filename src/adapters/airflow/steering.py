"""What is done to a group's runs, by the functions that Airflow's own API does it with, in our transaction."""

import datetime as dt
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

from airflow_api_plugin.adapters.airflow.audit import entry
from airflow_api_plugin.adapters.airflow.compat import DagsOfRuns, SerializedDAG
from airflow_api_plugin.adapters.airflow.group_statements import in_group
from airflow_api_plugin.domain.errors import GroupNotFound, Refused
from airflow_api_plugin.domain.groups import Annotate, Cancel, Retry, Steered, Steering, Which
from airflow_api_plugin.domain.model import DagRunState

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


def steer(order: Steering, session: Session, *, seconds: float) -> Steered:
    """Do what is ordered as part of the session's transaction, with one entry in the audit log if anything was done.

    A run is locked when its turn comes, and left out when it is in another state by then. Airflow clears task by task, with
    some statements for each: after so many seconds no run begins but the first.

    :raises GroupNotFound: when there is no such group.
    :raises Refused: when Airflow cannot read the DAG of a run.
    """
    end = time.monotonic() + seconds
    found = _find(order, session)
    dags = DagsOfRuns(session)
    steered: list[str] = []
    last = None
    for number, run_id in found[: order.limit]:
        if steered and time.monotonic() > end:
            break
        last = number
        if order.dry_run or _do(order.act, number, dags, session):
            steered.append(run_id)
    if steered and not order.dry_run:
        session.flush()
        session.add(_audit(order, steered))
    is_all = not found or last == found[-1][0]
    return Steered(dag_run_ids=tuple(steered), next_start=None if is_all else last, dry_run=order.dry_run)


def _find(order: Steering, session: Session) -> Sequence[tuple[int, str]]:
    """Return id and run id of the runs that it is for, one more than the limit if there is one."""
    is_of_group, values = in_group(order.dag_id, order.prefix, session.connection())
    query = (
        select(_RUN.c.id, _RUN.c.run_id)
        .where(is_of_group, _RUN.c.id > order.start, _is_for(order.act))
        .order_by(_RUN.c.id)
        .limit(order.limit + 1)
    )
    if isinstance(order.act, Retry):
        query = query.where(
            select(_TASK.c.run_id).where(_TASK.c.dag_id == _RUN.c.dag_id, _TASK.c.run_id == _RUN.c.run_id).exists()
        )
    found = [(number, run_id) for number, run_id in session.execute(query, values)]
    if not found and session.execute(select(_RUN.c.id).where(is_of_group).limit(1), values).first() is None:
        raise GroupNotFound
    return found


def _is_for(act: Cancel | Retry | Annotate) -> Any:
    return _RUN.c.state.in_([state.value for state in act.states])


def _do(act: Cancel | Retry | Annotate, number: int, dags: DagsOfRuns, session: Session) -> bool:
    """Do it to the run with this number, which the scheduler passes over from now on, if it is still for that run."""
    query = select(DagRun).where(_RUN.c.id == number, _is_for(act))
    run = session.scalars(with_row_locks(query, session, of=DagRun)).one_or_none()
    if run is None:
        return False
    if isinstance(act, Annotate):
        _annotate(run, act.note)
    elif isinstance(act, Cancel):
        _cancel(run, _dag_of(run, dags), session)
    else:
        _retry(run, act.which, _dag_of(run, dags), session)
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
    now = dt.datetime.now(dt.timezone.utc)
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
        msg = f"Airflow cannot read DAG {run.dag_id!r}: {type(error).__name__}: {error}"
        raise Refused(msg) from error
    if dag is None:
        msg = f"Airflow has no DAG {run.dag_id!r} for run {run.run_id!r}"
        raise Refused(msg)
    return dag


def _audit(order: Steering, run_ids: Sequence[str]) -> Log:
    """Return one entry for all of the runs, under the event of Airflow's own endpoint (routes/public/dag_run.py, 3.0 to 3.3)."""
    about: dict[str, object]
    if isinstance(order.act, Cancel):
        event, about = "patch_dag_run", {"state": DagRunState.FAILED.value}
    elif isinstance(order.act, Annotate):
        event, about = "patch_dag_run", {"note": order.act.note}
    else:
        event, about = "clear_dag_run", {"only_failed": order.act.which is Which.FAILED}
    return entry(
        event,
        dag_id=order.dag_id,
        caller=order.asked_by,
        prefix=order.prefix,
        dag_runs=len(run_ids),
        first_run_id=run_ids[0],
        last_run_id=run_ids[-1],
        **about,
    )
