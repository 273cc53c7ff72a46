"""Groups, read from the ids in Airflow's ``dag_run`` table."""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from airflow.models.dag import DagModel
from airflow.utils.sqlalchemy import with_row_locks
from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow import configuration
from airflow_run_groups.adapters.airflow.custom_code import AT_ONCE, CustomCode, code_of_dag
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.queries.dag_runs import RECENT
from airflow_run_groups.adapters.airflow.queries.groups.controls import (
    Record,
    count_unlinked,
    dag_with_record,
    paused_groups,
)
from airflow_run_groups.adapters.airflow.queries.groups.progress import DAG, FAILED_TASKS, RUNNING, one_group, run_page
from airflow_run_groups.adapters.airflow.queries.schedulers import require_listener
from airflow_run_groups.adapters.airflow.repositories.group_search import (
    group_of_row,
    search,
    with_record,
    with_records,
)
from airflow_run_groups.adapters.airflow.repositories.groups_run_again import with_run_again
from airflow_run_groups.adapters.airflow.repositories.previous_runs import PreviousRuns
from airflow_run_groups.adapters.airflow.repositories.unfinished import count_unfinished
from airflow_run_groups.adapters.airflow.writing.actions.group_actions import apply
from airflow_run_groups.adapters.airflow.writing.control.governor import (
    change_group,
    rejoin,
    resume_if_nothing_is_queued,
)
from airflow_run_groups.adapters.airflow.writing.control.stops import is_due, stop_if_due
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.control.change import ChangedGroup, GroupChange, Keep
from airflow_run_groups.domain.control.control import PausedGroups
from airflow_run_groups.domain.errors import (
    CustomCodeFailed,
    CustomCodeTimeout,
    DagBusy,
    DagNotFound,
    DomainError,
    GroupNotFound,
)
from airflow_run_groups.domain.groups.actions import Cancel, GroupAction, GroupActionResult, Retry
from airflow_run_groups.domain.groups.estimate import DURATIONS, WINDOW
from airflow_run_groups.domain.groups.group import (
    MAX_FAILED_TASKS,
    GroupChangeResult,
    GroupPage,
    GroupProgress,
    GroupRun,
    GroupRunFilter,
    GroupRunPage,
)
from airflow_run_groups.domain.groups.search import GroupFilter
from airflow_run_groups.domain.groups.waiting import RunningRun, holds_of, previous_run_that_blocks
from airflow_run_groups.domain.model import DagRunState
from airflow_run_groups.domain.unfinished import NO_LIMITS

_log = logging.getLogger(__name__)


class _Seen(NamedTuple):
    """A group as its rows show it. The run that it waits for is not known yet: the running runs of the DAG tell it."""

    progress: GroupProgress
    running: Sequence[Any]
    record: Record | None


class AirflowGroupRepository:
    def __init__(self, database: Database, schema: Schema, custom_code: CustomCode) -> None:
        self._database = database
        self._schema = schema
        self._custom_code = custom_code
        self._previous_runs = PreviousRuns()

    def list(self, where: GroupFilter) -> GroupPage:
        with self._database.reading() as connection:
            page = with_records(with_run_again(search(where, connection), where, connection), connection)
            if where.dag_id is not None and not page.groups:
                _require_dag(where.dag_id, connection)
        return page

    def get(self, dag_id: str, prefix: str, *, now: dt.datetime) -> GroupProgress:
        progress, is_due = self._look(dag_id, prefix, now=now)
        if is_due and self._stop(dag_id, prefix, now=now):
            progress, _ = self._look(dag_id, prefix, now=now)
        return progress

    def _stop(self, dag_id: str, prefix: str, *, now: dt.datetime) -> bool:
        """Hold the group as its rule says, which a listener has not done; tell whether it is held.

        A look at the group goes on without, and the next one tries again.
        """

        def work(session: Session) -> None:
            self._schema.require_known(session.connection())
            stop_if_due(dag_id, prefix, session, now=now)

        try:
            self._database.write(dag_id, work, self._database.limits.brief())
        except DomainError as error:
            _log.warning("group %r of DAG %r could not be stopped by its rule: %s", prefix, dag_id, error)
            return False
        return True

    def _look(self, dag_id: str, prefix: str, *, now: dt.datetime) -> tuple[GroupProgress, bool]:
        """Return how far a group is, and whether its rule says that it should be held, and it is not."""
        with self._database.reading() as connection:
            seen = _seen(dag_id, prefix, connection, now=now)
            to_stop = seen.record is not None and is_due(dag_id, prefix, seen.record, connection, now=now)
        return self._with_previous_run(seen), to_stop

    def _with_previous_run(self, seen: _Seen) -> GroupProgress:
        """Add the run that a group waits for, for which Airflow reads the DAG."""
        progress, running = seen.progress, seen.running
        group, control = progress.group, progress.control
        places = progress.max_active_runs if control is None else control.max_active_runs
        previous_run_id = previous_run_that_blocks(
            self._waiting(running, group.dag_id, group.prefix) if running else (),
            has_queued=group.states.queued > 0,
            is_full=progress.active_runs >= places and all(row.running == len(running) for row in running),
        )
        return replace(progress, previous_run_id=previous_run_id)

    def runs(self, dag_id: str, prefix: str, where: GroupRunFilter) -> GroupRunPage:
        with self._database.reading() as connection:
            rows = connection.execute(*run_page(dag_id, prefix, where, connection)).all()
            if not rows:
                _require(dag_id, prefix, connection)
            page = rows[: where.limit]
            failed = [row.run_id for row in page if row.state == DagRunState.FAILED.value]
            tasks = connection.execute(FAILED_TASKS, {"dag_id": dag_id, "run_ids": failed}).all() if failed else ()
        names: defaultdict[str, list[str]] = defaultdict(list)
        for task in tasks:
            names[task.run_id].append(task.task_id)
        runs = tuple(
            GroupRun(
                **{**row._asdict(), "conf": (row.conf or {}) if where.conf else None},
                failed_task_ids=tuple(names[row.run_id][:MAX_FAILED_TASKS]),
            )
            for row in page
        )
        return GroupRunPage(runs=runs, next_start=runs[-1].id if len(rows) > where.limit else None)

    def apply(self, group_action: GroupAction) -> GroupActionResult:

        def work(session: Session) -> GroupActionResult:
            self._lock(group_action.dag_id, session)
            limits = group_action.limits if isinstance(group_action.action, Retry) else NO_LIMITS
            dag_id, caller = group_action.dag_id, group_action.display_name
            unfinished = count_unfinished(limits, dag_id, caller, session, lock=not group_action.dry_run)
            result = apply(group_action, session, seconds=self._database.seconds_for_a_step())
            limits.check(unfinished, more=len(result.dag_run_ids), dag_id=dag_id)
            if isinstance(group_action.action, Retry) and result.dag_run_ids:
                if not group_action.dry_run:
                    rejoin(dag_id, group_action.prefix, session)
                    session.flush()
                holds = _holds(dag_id, group_action.prefix, session.connection())
                result = replace(result, warnings=(*result.warnings, *holds))
            elif isinstance(group_action.action, Cancel) and not group_action.dry_run:
                resume_if_nothing_is_queued(dag_id, group_action.prefix, session, now=utc_now())
            return result

        dag_id, seconds = group_action.dag_id, self._database.limits.write_timeout
        return self._custom_code.run(code_of_dag(dag_id), lambda: self._database.write(dag_id, work), seconds=seconds)

    def _waiting(self, running: Sequence[Any], dag_id: str, prefix: str) -> Sequence[RunningRun]:
        """Return what the running runs wait for, for which Airflow reads their DAG; nothing when that takes too long."""

        def look() -> Sequence[RunningRun]:
            with self._database.reading_objects() as session:
                return self._previous_runs.of(running, dag_id, prefix, session)

        seconds = self._database.limits.read_timeout / 2
        try:
            return self._custom_code.run(f"reading DAG {dag_id!r}", look, seconds=seconds, at_once=AT_ONCE)
        except (CustomCodeTimeout, CustomCodeFailed, DagBusy) as error:
            _log.warning("nothing is known of runs that wait for a run before: %s", error)
            return ()

    def paused(
        self, dag_id: str | None, *, readable: frozenset[str] | None, start: int | None, limit: int
    ) -> PausedGroups:
        values: dict[str, Any] = {"start": start or 0, "rows": limit + 1}
        if dag_id is not None:
            values["dag_id"] = dag_id
        if readable is not None:
            values["readable"] = sorted(readable)
        query = paused_groups(of_dag=dag_id is not None, readable=readable is not None)
        with self._database.reading() as connection:
            rows = connection.execute(query, values).all()
        page = rows[:limit]
        groups = tuple((row.dag_id, row.prefix) for row in page)
        return PausedGroups(groups, next_start=page[-1].id if len(rows) > limit else None)

    def change(self, change: GroupChange, *, now: dt.datetime) -> GroupChangeResult:
        """Read all of the result before the commit, but the run that the group waits for: an error means that nothing changed."""

        def work(session: Session) -> tuple[ChangedGroup, _Seen]:
            limit = self._lock(change.dag_id, session)
            changed = change_group(change, session, max_active_runs_of_dag=_max_active_runs(limit), now=now)
            for key, wish in (("stop_after", change.stop_after), ("notify", change.notify)):
                if not isinstance(wish, Keep) and wish is not None:
                    require_listener(key, session.connection(), now=utc_now())
            session.flush()
            return changed, _seen(change.dag_id, change.prefix, session.connection(), now=now)

        changed, seen = self._database.write(change.dag_id, work)
        progress = seen.progress
        try:
            progress = self._with_previous_run(seen)
        except Exception as error:  # noqa: BLE001 - it is code of Airflow's and of others, and the change has been committed
            _log.warning("nothing is known of runs that wait for a run before: %r", error)
        return GroupChangeResult.of(changed, progress, dry_run=change.dry_run)

    def _lock(self, dag_id: str, session: Session) -> int | None:
        """Take the lock that new runs take: what is done to a group, and additions to it, follow one after the other.

        Return the DAG's ``max_active_runs``, None when it has none of its own.
        """
        self._schema.require_known(session.connection())
        query = select(DagModel.max_active_runs).where(DagModel.dag_id == dag_id)
        return session.scalars(with_row_locks(query, session, of=DagModel)).first()


def _seen(dag_id: str, prefix: str, connection: Connection, *, now: dt.datetime) -> _Seen:
    """Read how far a group is.

    :raises GroupNotFound: when there is no such DAG, or none of its runs is in such a group.
    """
    dag, record = dag_with_record(dag_id, prefix, connection)
    if dag is None:
        raise GroupNotFound(dag_id, prefix)
    number = None if record is None else record.id
    counts = one_group(dag_id, prefix, since=now - WINDOW, number=number, connection=connection)
    row = connection.execute(*counts).one()
    if not row.runs:
        raise GroupNotFound(dag_id, prefix)
    group = group_of_row(dag_id, prefix, row, connection)
    if record is not None:
        group = with_record(group, record)
    ended: Sequence[Any] = ()
    running: Sequence[Any] = ()
    uncontrolled_runs = 0
    if group.states.queued or group.states.running:
        ended = connection.execute(RECENT, {"dag_id": dag_id, "rows": DURATIONS}).all()
        values = {"dag_id": dag_id, "backfill_id": None if group.control is None else number}
        running = connection.execute(RUNNING, values).all()
        if record is not None and group.control is not None:
            uncontrolled_runs = count_unlinked(dag_id, prefix, record, connection)
    progress = GroupProgress(
        group=group,
        seen_at=now,
        max_active_runs=_max_active_runs(dag.dag_limit),
        active_runs=running[0].active if running else 0,
        is_paused=bool(dag.dag_is_paused),
        is_stale=bool(dag.is_stale),
        waiting_since=row.waiting_since,
        last_run_after=row.last_run_after,
        durations=[end - start for start, end in ended],
        recently_ended=row.recently_ended,
        recently_started=row.recently_started,
        previous_run_id=None,
        uncontrolled_runs=uncontrolled_runs,
        subscription=None if record is None else record.about.subscription,
    )
    return _Seen(progress, running, record)


def _holds(dag_id: str, prefix: str, connection: Connection) -> tuple[str, ...]:
    dag, record = dag_with_record(dag_id, prefix, connection)
    control = None if record is None else record.control
    return holds_of(dag_id, prefix, control, is_paused=bool(dag.dag_is_paused), is_stale=bool(dag.is_stale))


def _max_active_runs(of_dag: int | None) -> int:
    return configuration.max_active_runs_per_dag() if of_dag is None else of_dag


def _require_dag(dag_id: str, connection: Connection) -> None:
    if connection.execute(DAG, {"dag_id": dag_id}).first() is None:
        raise DagNotFound(dag_id)


def _require(dag_id: str, prefix: str, connection: Connection) -> None:
    """Require that the group has a run.

    :raises GroupNotFound: when it has none.
    """
    if connection.execute(*run_page(dag_id, prefix, GroupRunFilter(limit=1), connection)).first() is None:
        raise GroupNotFound(dag_id, prefix)
