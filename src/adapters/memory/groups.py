"""The in-memory repository of groups."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from airflow_run_groups.adapters.memory.backend import MemoryBackend, StoredDag
from airflow_run_groups.adapters.memory.dag_runs import recent_durations
from airflow_run_groups.adapters.memory.queue import StoredRun
from airflow_run_groups.domain import (
    Cancel,
    DagNotFound,
    DagRunState,
    Group,
    GroupAction,
    GroupActionResult,
    GroupNotFound,
    GroupPage,
    GroupProgress,
    GroupRunId,
    Note,
    Retry,
    StateCounts,
    has_address,
)
from airflow_run_groups.domain.estimate import DURATIONS


class MemoryGroupRepository:
    def __init__(self, backend: MemoryBackend) -> None:
        self._backend = backend

    def list(self, dag_id: str, *, start: int | None, limit: int) -> GroupPage:
        with self._backend.lock:
            self._backend.advance()
            stored = self._backend.dags.get(dag_id)
            if stored is None:
                raise DagNotFound(dag_id)
            groups = [_group(prefix, runs) for prefix, runs in _by_prefix(stored).items() if has_address(prefix)]
        groups.sort(key=lambda group: -group.last_id)
        found = [group for group in groups if start is None or group.last_id < start]
        page = tuple(found[:limit])
        return GroupPage(groups=page, next_start=page[-1].last_id if len(found) > limit else None)

    def get(self, dag_id: str, prefix: str, *, now: dt.datetime) -> GroupProgress:
        with self._backend.lock:
            self._backend.advance()
            stored = self._backend.dags.get(dag_id)
            runs = None if stored is None else _by_prefix(stored).get(prefix)
            if stored is None or runs is None:
                raise GroupNotFound
            queued = [one for one in runs if one.run.state == DagRunState.QUEUED]
            return GroupProgress(
                group=_group(prefix, runs),
                seen_at=now,
                max_active_runs=stored.dag.max_active_runs,
                is_paused=stored.dag.is_paused,
                waiting_since=min((one.waiting_since for one in queued), default=None),
                last_run_after=max((one.run_after for one in queued), default=None),
                durations=recent_durations(stored, DURATIONS),
            )

    def apply(self, group_action: GroupAction) -> GroupActionResult:
        with self._backend.lock:
            now = self._backend.advance()
            dag = self._backend.dags.get(group_action.dag_id)
            runs = None if dag is None else _by_prefix(dag).get(group_action.prefix)
            if dag is None or runs is None:
                raise GroupNotFound
            states = {state.value for state in group_action.action.states}
            found = [one for one in runs if one.run.id > group_action.start and one.run.state in states]
            chosen = found[: group_action.limit]
            if not group_action.dry_run:
                for one in chosen:
                    _apply(one, dag, group_action.action, now)
            return GroupActionResult(
                dag_run_ids=tuple(one.run.run_id for one in chosen),
                next_start=chosen[-1].run.id if len(found) > len(chosen) else None,
                dry_run=group_action.dry_run,
            )


def _apply(one: StoredRun, dag: StoredDag, action: Cancel | Retry | Note, now: dt.datetime) -> None:
    if isinstance(action, Note):
        one.note = action.note
    elif isinstance(action, Cancel):
        dag.queue.remove(one)
        one.run = one.run._replace(state=DagRunState.FAILED.value, end_date=now)
    else:
        one.run = one.run._replace(state=DagRunState.QUEUED.value, start_date=None, end_date=None)
        one.waiting_since = max(now, one.run_after)
        dag.queue.put(one, run_after=one.run_after, now=now)


def _by_prefix(stored: StoredDag) -> dict[str, list[StoredRun]]:
    groups: dict[str, list[StoredRun]] = {}
    for one in stored.runs:
        parsed = GroupRunId.parse(one.run.run_id)
        if parsed is not None:
            groups.setdefault(parsed.prefix, []).append(one)
    return groups


def _group(prefix: str, runs: Sequence[StoredRun]) -> Group:
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
    )
