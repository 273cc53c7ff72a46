"""The in-memory repository of groups."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from airflow_run_groups.adapters.memory.backend import MemoryBackend, StoredDag
from airflow_run_groups.adapters.memory.dag import MemoryDag
from airflow_run_groups.adapters.memory.dag_runs import recent_durations
from airflow_run_groups.adapters.memory.queue import StoredRun
from airflow_run_groups.domain import (
    Cancel,
    ChangedGroup,
    DagNotFound,
    DagRunState,
    Group,
    GroupAction,
    GroupActionResult,
    GroupChange,
    GroupFilter,
    GroupNotFound,
    GroupPage,
    GroupProgress,
    GroupRun,
    GroupRunFilter,
    GroupRunPage,
    Note,
    Retry,
    StateCounts,
    has_address,
)
from airflow_run_groups.domain.about import NOTHING
from airflow_run_groups.domain.control.change import changed_control, run_again_by_others
from airflow_run_groups.domain.control.control import PausedGroups
from airflow_run_groups.domain.control.pace import Restarts
from airflow_run_groups.domain.control.turns import QueuedRun, turns
from airflow_run_groups.domain.groups.actions import left_out, unknown_tasks
from airflow_run_groups.domain.groups.estimate import DURATIONS, WINDOW
from airflow_run_groups.domain.groups.group import GroupChangeResult, page_of
from airflow_run_groups.domain.groups.waiting import holds_of

_UNFINISHED = frozenset({DagRunState.QUEUED.value, DagRunState.RUNNING.value})


class MemoryGroupRepository:
    def __init__(self, backend: MemoryBackend) -> None:
        self._backend = backend

    def list(self, where: GroupFilter) -> GroupPage:
        with self._backend.lock:
            self._backend.advance()
            if where.dag_id is not None and where.dag_id not in self._backend.dags:
                raise DagNotFound(where.dag_id)
            groups = [
                _group(prefix, runs, stored)
                for dag_id, stored in self._backend.dags.items()
                for prefix, runs in _by_prefix(stored).items()
                if has_address(prefix) and where.may_be(dag_id, prefix)
            ]
        groups.sort(key=lambda group: (-group.last_id, group.prefix))
        found = [
            group for group in groups if where.passes(group) and (where.start is None or group.last_id < where.start)
        ]
        return page_of(found, limit=where.limit)

    def get(self, dag_id: str, prefix: str, *, now: dt.datetime) -> GroupProgress:
        with self._backend.lock:
            self._backend.advance()
            stored = self._backend.dags.get(dag_id)
            runs = None if stored is None else _by_prefix(stored).get(prefix)
            if stored is None or runs is None:
                raise GroupNotFound(dag_id, prefix)
            stored.stop_if_due(prefix, now)
            queued = [one for one in runs if one.run.state == DagRunState.QUEUED]
            active = _active_runs(stored, prefix)
            starts = _recent_starts(runs, since=now - WINDOW)
            return GroupProgress(
                group=_group(prefix, runs, stored),
                seen_at=now,
                max_active_runs=stored.dag.max_active_runs,
                active_runs=active,
                is_paused=stored.dag.is_paused,
                is_stale=stored.dag.is_stale,
                waiting_since=min((one.waiting_since for one in queued), default=None),
                last_run_after=max((one.run_after for one in queued), default=None),
                durations=recent_durations(stored, DURATIONS),
                recently_ended=len(starts),
                recently_started=min(starts, default=None),
                previous_run_id=None,  # no task of this backend depends on a run before
                subscription=stored.abouts.get(prefix, NOTHING).subscription,
            )

    def runs(self, dag_id: str, prefix: str, where: GroupRunFilter) -> GroupRunPage:
        with self._backend.lock:
            self._backend.advance()
            stored = self._backend.dags.get(dag_id)
            runs = None if stored is None else _by_prefix(stored).get(prefix)
            if stored is None or runs is None:
                raise GroupNotFound(dag_id, prefix)
            found = [one for one in runs if one.run.id > where.start and where.state in {None, one.run.state}]
            page = tuple(_group_run(one, stored.dag, with_conf=where.conf) for one in found[: where.limit])
        return GroupRunPage(runs=page, next_start=page[-1].id if len(found) > where.limit else None)

    def apply(self, group_action: GroupAction) -> GroupActionResult:
        with self._backend.lock:
            now = self._backend.advance()
            dag = self._backend.dags.get(group_action.dag_id)
            all_runs = None if dag is None else _by_prefix(dag).get(group_action.prefix)
            if dag is None or all_runs is None:
                raise GroupNotFound(group_action.dag_id, group_action.prefix)
            action = group_action.action
            runs = _chosen(group_action, all_runs)
            later = [one for one in runs if one.run.id > group_action.start]
            found = [one for one in later if _is_for(action, one)]
            others = [one.run.run_id for one in later if not _is_for(action, one)]
            if found and isinstance(action, Retry) and not set(action.tasks or ()) <= set(dag.dag.task_ids):
                raise unknown_tasks(action.tasks or (), dag.dag.task_ids, group_action.dag_id)
            chosen, rest = found[: group_action.limit], found[group_action.limit :]
            restarts = Restarts(action.pace, action.not_before, now=now) if isinstance(action, Retry) else None
            next_not_before = None
            if restarts is not None:
                limits = group_action.limits
                unfinished = self._backend.unfinished(limits, group_action.dag_id, group_action.requested_by)
                limits.check(unfinished, more=len(chosen), dag_id=group_action.dag_id)
                starts = [restarts.next(one.run_after, spaced=_keeps_distance(one)) for one in chosen]
                if rest:
                    next_not_before = restarts.rest(rest[0].run_after, spaced=_keeps_distance(rest[0]))
            else:
                starts = [one.run_after for one in chosen]
            if not group_action.dry_run:
                for one, run_after in zip(chosen, starts, strict=True):
                    _apply(one, dag, action, run_after, now)
                if isinstance(action, Cancel):
                    _resume_if_nothing_is_queued(dag, group_action.prefix, now)
                elif isinstance(action, Retry) and chosen:
                    dag.stop_if_due(group_action.prefix, now)
            warnings = left_out(action, others if group_action.chosen else ())
            if isinstance(action, Retry) and chosen:
                warnings = (*warnings, *_holds(dag, group_action.prefix))
            return GroupActionResult(
                dag_run_ids=tuple(one.run.run_id for one in chosen),
                next_start=chosen[-1].run.id if rest else None,
                dry_run=group_action.dry_run,
                next_not_before=next_not_before,
                warnings=warnings,
            )

    def paused(
        self, dag_id: str | None, *, readable: frozenset[str] | None, start: int | None, limit: int
    ) -> PausedGroups:
        with self._backend.lock:
            self._backend.advance()  # which may pause a group by its own rule
            found = [
                (name, prefix)
                for name, dag in self._backend.dags.items()
                for prefix, control in dag.controls.items()
                if control.paused and dag_id in {None, name} and (readable is None or name in readable)
            ]
        first = start or 0
        page = tuple(found[first : first + limit])
        return PausedGroups(page, next_start=first + limit if len(found) > first + limit else None)

    def change(self, change: GroupChange, *, now: dt.datetime) -> GroupChangeResult:
        with self._backend.lock:
            self._backend.advance()
            dag = self._backend.dags.get(change.dag_id)
            runs = None if dag is None else _by_prefix(dag).get(change.prefix)
            if dag is None or runs is None:
                raise GroupNotFound(change.dag_id, change.prefix)
            before = dag.controls.get(change.prefix)
            after = changed_control(
                before,
                change,
                max_active_runs_of_dag=dag.dag.max_active_runs,
                now=now,
                outcomes=dag.outcomes(change.prefix, before),
            )
            held = [one for one in runs if one.controlled_by != change.prefix and one.run.state in _UNFINISHED]
            runs = [one for one in runs if one.controlled_by == change.prefix]
            queued = {one.run.id: one for one in runs if one.run.state == DagRunState.QUEUED}
            queue = [QueuedRun(one.run.id, one.run.logical_date, one.run_after) for one in queued.values()]
            moved = [turn for turn in turns(queue, change, now=now) if turn.run_after != queued[turn.id].run_after]
            relinked = _unfinished_ids(runs) if (before is None) is not (after is None) else set()
            if not change.dry_run:
                dag.set_control(change.prefix, after, now)
                dag.abouts[change.prefix] = dag.abouts.get(change.prefix, NOTHING).after(change, now=now)
                for turn in moved:
                    _start_at(queued[turn.id], dag, turn.run_after, now)
            changed = ChangedGroup(
                control=after,
                changed_runs=len(relinked.union(turn.id for turn in moved)),
                warnings=(run_again_by_others(len(held)),) if held and after is not None else (),
            )
            progress = self.get(change.dag_id, change.prefix, now=now)
            return GroupChangeResult.of(changed, progress, dry_run=change.dry_run)


def _chosen(group_action: GroupAction, runs: Sequence[StoredRun]) -> Sequence[StoredRun]:
    """Return the runs to which the action is limited."""
    chosen = group_action.chosen
    if chosen is None:
        return runs
    named = {(one.run.run_id if chosen.key == "run_ids" else one.run.logical_date): one for one in runs}
    chosen.check(named)
    return [one for name, one in named.items() if name in chosen.names]


def _is_for(action: Cancel | Retry | Note, one: StoredRun) -> bool:
    is_in_state = one.run.state in {state.value for state in action.states}
    return is_in_state and (not isinstance(action, Retry) or action.is_for(cancelled=one.cancelled))


def _keeps_distance(one: StoredRun) -> bool:
    return one.cancelled and one.spaced


def _apply(
    one: StoredRun, dag: StoredDag, action: Cancel | Retry | Note, run_after: dt.datetime, now: dt.datetime
) -> None:
    if isinstance(action, Note):
        one.note = action.note
    elif isinstance(action, Cancel):
        dag.queue_of(one).remove(one)
        one.run = one.run._replace(state=DagRunState.FAILED.value, end_date=now)
        one.cancelled = True
    else:
        dag.queue_of(one).remove(one)
        one.queue_again(run_after, now)
        dag.queue_of(one).put(one, run_after=run_after, now=now)


def _start_at(one: StoredRun, dag: StoredDag, run_after: dt.datetime, now: dt.datetime) -> None:
    """Put a run into the queue, or to another place in it."""
    queue = dag.queue_of(one)
    queue.remove(one)
    one.run_after = run_after
    one.waiting_since = max(now, run_after)
    queue.put(one, run_after=run_after, now=now)


def _resume_if_nothing_is_queued(dag: StoredDag, prefix: str, now: dt.datetime) -> None:
    control = dag.controls.get(prefix)
    if control is None or any(one.run.state == DagRunState.QUEUED for one in dag.groups[prefix]):
        return
    change = GroupChange(dag_id=dag.dag.dag_id, prefix=prefix, paused=False)
    dag.set_control(prefix, changed_control(control, change, max_active_runs_of_dag=1, now=now), now)


def _unfinished_ids(runs: Sequence[StoredRun]) -> set[int]:
    return {one.run.id for one in runs if one.run.state in _UNFINISHED}


def _active_runs(dag: StoredDag, prefix: str) -> int:
    """Return how many running runs count where those of the group do."""
    running = (one for one in dag.runs if one.run.state == DagRunState.RUNNING)
    if prefix in dag.controls:
        return sum(one.controlled_by == prefix for one in running)
    return sum(one.controlled_by not in dag.controls for one in running)


def _by_prefix(stored: StoredDag) -> dict[str, list[StoredRun]]:
    groups: dict[str, list[StoredRun]] = {}
    for one in stored.runs:
        for prefix in one.groups:
            groups.setdefault(prefix, []).append(one)
    return groups


def _recent_starts(runs: Sequence[StoredRun], *, since: dt.datetime) -> list[dt.datetime]:
    """Return when those runs started that have started, and ended after this."""
    ended = (one.run for one in runs if one.run.state in {DagRunState.SUCCESS, DagRunState.FAILED})
    return [run.start_date for run in ended if run.start_date and run.end_date and run.end_date > since]


def _group(prefix: str, runs: Sequence[StoredRun], dag: StoredDag) -> Group:
    about = dag.abouts.get(prefix, NOTHING)
    states = Counter(one.run.state for one in runs)
    dates = [one.run.logical_date for one in runs if one.run.logical_date]
    return Group(
        dag_id=runs[0].run.dag_id,
        prefix=prefix,
        runs=len(runs),
        states=StateCounts._make(states[state.value] for state in DagRunState),
        first_logical_date=min(dates, default=None),
        last_logical_date=max(dates, default=None),
        last_id=runs[-1].run.id,
        cancelled=sum(one.cancelled for one in runs),
        created_at=min(one.created_at for one in runs),
        created_by=runs[0].created_by,
        note=runs[-1].note,
        description=about.description,
        labels=about.labels,
        control=dag.controls.get(prefix),
    )


def _group_run(one: StoredRun, dag: MemoryDag, *, with_conf: bool) -> GroupRun:
    """Return the run as its group shows it: a run that fails by itself does so in its last task."""
    run = one.run
    has_failed = run.state == DagRunState.FAILED and not one.cancelled
    return GroupRun(
        id=run.id,
        run_id=run.run_id,
        logical_date=run.logical_date,
        run_type=run.run_type,
        state=run.state,
        cancelled=one.cancelled,
        start_date=run.start_date,
        end_date=run.end_date,
        note=one.note,
        failed_task_ids=dag.task_ids[-1:] if has_failed else (),
        conf=one.conf if with_conf else None,
    )


def _holds(dag: StoredDag, prefix: str) -> tuple[str, ...]:
    return holds_of(
        dag.dag.dag_id, prefix, dag.controls.get(prefix), is_paused=dag.dag.is_paused, is_stale=dag.dag.is_stale
    )
