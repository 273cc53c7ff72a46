"""Actions on a group's runs, by the functions that Airflow's own API uses, in our transaction."""

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.sqlalchemy import with_row_locks
from sqlalchemy import case, select, type_coerce
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.compat import IS_CURRENT, DagsOfRuns, SerializedDAG, version_argument
from airflow_run_groups.adapters.airflow.dag_errors import reading_dag
from airflow_run_groups.adapters.airflow.policies import naming_policies
from airflow_run_groups.adapters.airflow.queries.columns import DATE
from airflow_run_groups.adapters.airflow.queries.groups.cancelled import is_for
from airflow_run_groups.adapters.airflow.queries.groups.membership import in_group
from airflow_run_groups.adapters.airflow.writing.actions.cancel import Cancelling
from airflow_run_groups.adapters.airflow.writing.actions.retry import Retrying
from airflow_run_groups.adapters.airflow.writing.audit import entry
from airflow_run_groups.domain.errors import GroupNotFound, Refused
from airflow_run_groups.domain.groups.actions import (
    Cancel,
    Chosen,
    GroupAction,
    GroupActionResult,
    Note,
    Retry,
    Which,
    left_out,
)
from airflow_run_groups.domain.model import DagRunState

_RUN = DagRun.__table__
_TASK = TaskInstance.__table__


def apply(group_action: GroupAction, session: Session, *, seconds: float) -> GroupActionResult:
    """Do the action as part of the session's transaction, with one entry in the audit log if anything was done.

    A run is locked when its turn comes, and left out when it is in another state by then. Airflow clears task by task, with
    some statements for each: after so many seconds no run begins but the first.

    :raises GroupNotFound: when there is no such group.
    :raises UnsupportedAirflowVersion: when tasks would be changed, of an Airflow with which this was not tried.
    :raises Refused: when Airflow cannot read the DAG of a run.
    :raises ClusterPolicyFailed: when a mutation hook raises for a task instance of a run.
    """
    end = time.monotonic() + seconds
    others = _not_due(group_action, session)
    found = _find(group_action, session)
    if not isinstance(group_action.action, Note):
        compat.require_proved("cancel" if isinstance(group_action.action, Cancel) else "retry")
    work = _work(group_action, session)
    done: list[str] = []
    last = None
    for number, run_id in found[: group_action.limit]:
        if done and time.monotonic() > end:
            break
        last = number
        run = _take(number, group_action, session)
        if run is None:
            continue
        with naming_policies(run_id):
            is_done = work.do(run)
        if is_done:
            done.append(run_id)
    if done and not group_action.dry_run:
        session.flush()
        session.add(_audit(group_action, done))
    rest = [number for number, _ in found if last is not None and number > last]
    return GroupActionResult(
        dag_run_ids=tuple(done),
        next_start=last if rest else None,
        dry_run=group_action.dry_run,
        next_not_before=work.not_before(rest[0]) if rest else None,
        warnings=(*work.warnings(), *left_out(group_action.action, others)),
    )


def _not_due(group_action: GroupAction, session: Session) -> Sequence[str]:
    """Return the chosen runs that the action is not for, by their ids; none when it is for all runs of the group.

    :raises Refused: when the group has not all of the chosen runs.
    """
    chosen = group_action.chosen
    if chosen is None:
        return ()
    is_of_group, values = in_group(group_action.dag_id, group_action.prefix, session.connection())
    is_due = case((_is_for(group_action.action), 1), else_=0)
    name = _RUN.c.run_id if chosen.key == "run_ids" else type_coerce(_RUN.c.logical_date, DATE)
    query = select(name.label("name"), _RUN.c.id, _RUN.c.run_id, is_due.label("is_due")).where(
        is_of_group, _is_chosen(chosen)
    )
    rows = session.execute(query.order_by(_RUN.c.id), values).all()
    if rows or not _is_missing(group_action, session):
        chosen.check({row.name for row in rows})
    return [row.run_id for row in rows if not row.is_due and row.id > group_action.start]


def _is_chosen(chosen: Chosen) -> Any:
    return (_RUN.c.run_id if chosen.key == "run_ids" else _RUN.c.logical_date).in_(chosen.names)


def _is_missing(group_action: GroupAction, session: Session) -> bool:
    is_of_group, values = in_group(group_action.dag_id, group_action.prefix, session.connection())
    return session.execute(select(_RUN.c.id).where(is_of_group).limit(1), values).first() is None


def _find(group_action: GroupAction, session: Session) -> Sequence[tuple[int, str]]:
    """Return id and run id of the runs that it is for, one more than the limit if there is one.

    :raises GroupNotFound: when there is no such group.
    """
    is_of_group, values = in_group(group_action.dag_id, group_action.prefix, session.connection())
    query = (
        select(_RUN.c.id, _RUN.c.run_id)
        .where(is_of_group, _RUN.c.id > group_action.start, _is_for(group_action.action))
        .order_by(_RUN.c.id)
        .limit(group_action.limit + 1)
    )
    if group_action.chosen is not None:
        query = query.where(_is_chosen(group_action.chosen))
    if isinstance(group_action.action, Retry):
        query = query.where(
            select(_TASK.c.run_id)
            .where(_TASK.c.dag_id == _RUN.c.dag_id, _TASK.c.run_id == _RUN.c.run_id, IS_CURRENT)
            .exists()
        )
    found = [(number, run_id) for number, run_id in session.execute(query, values)]
    if not found and _is_missing(group_action, session):
        raise GroupNotFound(group_action.dag_id, group_action.prefix)
    return found


def _is_for(action: Cancel | Retry | Note) -> Any:
    if isinstance(action, Retry):
        return is_for(action)
    return _RUN.c.state.in_([state.value for state in action.states])


def _take(number: int, group_action: GroupAction, session: Session) -> DagRun | None:
    """Return the run with this number, if the action is still for it; the scheduler passes it over from now on."""
    query = select(DagRun).where(_RUN.c.id == number, _is_for(group_action.action))
    if not group_action.dry_run:
        query = with_row_locks(query, session, of=DagRun)
    return session.scalars(query).one_or_none()


class _Work(Protocol):
    """An action's effect on one run after the other."""

    def do(self, run: DagRun) -> bool:
        """Do it, or in a dry run nothing; tell whether there is anything to do."""

    def not_before(self, number: int) -> dt.datetime | None:
        """Return the ``not_before`` with which the action goes on at the run with this number."""

    def warnings(self) -> Iterable[str]:
        """Return what is to be known of the runs to which it was done, or was not, once all have had their turn.

        :raises Refused: when nothing was done, as no run has what the request names.
        """


def _work(group_action: GroupAction, session: Session) -> _Work:
    action, dry_run = group_action.action, group_action.dry_run
    dag_of_run = partial(dag_of, dags=DagsOfRuns(session))
    if isinstance(action, Cancel):
        return Cancelling(dag_of_run, session, dry_run=dry_run)
    if isinstance(action, Retry):
        version = version_argument(action.run_on_latest_version, group_action.dag_id, session)
        return Retrying(action, dag_of_run, version, session, dry_run=dry_run)
    return _Annotating(action.note, dry_run=dry_run)


class _Annotating:
    def __init__(self, note: str, *, dry_run: bool) -> None:
        self._note = note
        self._dry_run = dry_run

    def do(self, run: DagRun) -> bool:
        if not self._dry_run:
            annotate(run, self._note)
        return True

    def not_before(self, number: int) -> None:  # noqa: ARG002 - a note starts nothing
        return None

    def warnings(self) -> Iterable[str]:
        return ()


def annotate(run: DagRun, note: str) -> None:
    """Put a note on a run, in place of the one that it has."""
    if run.dag_run_note is None:
        run.note = note
    else:
        run.dag_run_note.content = note
        run.dag_run_note.user_id = None  # who wrote it before did not write this


def dag_of(run: DagRun, dags: DagsOfRuns) -> SerializedDAG:
    """Return the DAG of a run, in the run's version.

    :raises DagUnreadable: when Airflow cannot read it.
    :raises Refused: when Airflow has none.
    """
    with reading_dag(run.dag_id):
        dag = dags.get(run)
    if dag is None:
        msg = f"Airflow has no DAG {run.dag_id!r} for run {run.run_id!r}"
        raise Refused(msg)
    return dag


def _audit(group_action: GroupAction, run_ids: Sequence[str]) -> Log:
    """Return one entry for all of the runs, under the event of Airflow's own endpoint (routes/public/dag_run.py, 3.0 to 3.4)."""
    about: dict[str, object]
    if isinstance(group_action.action, Cancel):
        event, about = "patch_dag_run", {"state": DagRunState.FAILED.value}
    elif isinstance(group_action.action, Note):
        event, about = "patch_dag_run", {"note": group_action.action.note}
    else:
        event, about = "clear_dag_run", {"only_failed": group_action.action.which is not Which.ALL}
        if group_action.action.tasks is not None:
            about = {"task_ids": list(group_action.action.tasks), "include_downstream": True}
    return entry(
        event,
        dag_id=group_action.dag_id,
        caller=group_action.requested_by,
        display_name=group_action.display_name,
        prefix=group_action.prefix,
        dag_runs=len(run_ids),
        first_run_id=run_ids[0],
        last_run_id=run_ids[-1],
        **about,
    )
