"""A group of runs as a thing of its own: which there are, how far one is, and what may be done to it.

A group is what its runs' ids say; under control, Airflow's scheduler obeys what a caller has said about its runs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from airflow_run_groups.domain.control.change import ChangedGroup
from airflow_run_groups.domain.control.control import Control
from airflow_run_groups.domain.control.notification import GroupEvent, Notify, Subscription
from airflow_run_groups.domain.groups.estimate import expected_end, runs_per_second
from airflow_run_groups.domain.groups.waiting import WaitsFor, holds_of
from airflow_run_groups.domain.model import DagRunState
from airflow_run_groups.domain.rights import Rights

MAX_FAILED_TASKS = 20
"""Failed tasks that are named for one run."""
MAX_CONFS = 100
"""Runs in a part of a group that have their conf with them."""


class StateCounts(NamedTuple):
    queued: int = 0
    running: int = 0
    success: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The runs of one DAG that have one prefix, a number and a date as their id, however many requests made them.

    ``runs`` is at least 1; a state that only a newer Airflow knows counts there alone. ``cancelled`` is the part of the
    failed ones that were cancelled, and have not run again since. ``last_id`` is that of the newest run. The dates are
    aware, and None when none of the runs has one. ``created_at``: when the first of them was created, as far as Airflow
    knows. ``created_by``: the name of the creator of the run with the lowest id, None where Airflow does not know it.
    ``note``: that of the newest run. ``description`` and ``labels``: what callers have said of it. ``control``: None when
    nothing but the DAG's own bounds holds for its runs.
    """

    dag_id: str
    prefix: str
    runs: int
    states: StateCounts
    first_logical_date: dt.datetime | None
    last_logical_date: dt.datetime | None
    last_id: int
    cancelled: int = 0
    created_at: dt.datetime | None = None
    created_by: str | None = None
    note: str | None = None
    description: str | None = None
    labels: tuple[str, ...] = ()
    control: Control | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """Part of a list of groups, newest first; ``next_start`` is the ``start`` of the next part, None on the last.

    A part can have fewer groups than were requested, and none, though others follow: one read looks at so many runs only.
    """

    groups: tuple[Group, ...]
    next_start: int | None


def page_of(groups: Sequence[Group], *, limit: int) -> GroupPage:
    """Return a page of groups, which come with the largest ``last_id`` first.

    Groups that share their newest run, as one of them has run it again, are on the same page.
    """
    end = limit
    while 0 < end < len(groups) and groups[end].last_id == groups[end - 1].last_id:
        end += 1
    return GroupPage(groups=tuple(groups[:end]), next_start=groups[end - 1].last_id if len(groups) > end else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRun:
    """A run of a group, in the state in which its group counts it: a cancelled one is failed.

    ``failed_task_ids``: of a failed run the tasks that have failed, by their ids, at most ``MAX_FAILED_TASKS``. Tasks that
    could not run, as one before them failed, are not among them. The dates are aware; None where there is none. ``conf``:
    None where it was not requested.
    """

    id: int
    run_id: str
    logical_date: dt.datetime | None
    run_type: str
    state: str
    cancelled: bool
    start_date: dt.datetime | None
    end_date: dt.datetime | None
    note: str | None
    failed_task_ids: tuple[str, ...] = ()
    conf: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRunFilter:
    """Which part of a group's runs: the first ones whose id is greater than ``start``, at most ``limit``, 1 to 500.

    ``state``: only those that the group counts in it, None for all. ``conf``: each run with its conf, of which one can be as
    long as 64 KiB, so ``limit`` should be ``MAX_CONFS`` at most.
    """

    start: int = 0
    limit: int = 100
    state: DagRunState | None = None
    conf: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRunPage:
    """Part of a group's runs, by their ids; ``next_start`` is the ``start`` of the next part, None on the last."""

    runs: tuple[GroupRun, ...]
    next_start: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupProgress:
    """How far a group is at the moment ``seen_at``, and what tells when it will be done.

    ``max_active_runs``: how many of the DAG's runs may be active, without those of groups under control. ``active_runs``
    are: of a group under control those of that group, else all of the DAG's but for such groups and Airflow's backfills.
    ``waiting_since``: the first moment at which a run that is still queued could have started.
    ``last_run_after``: the moment before which the last of its queued runs does not start. Both are None when none is queued.
    ``durations``: how long the DAG's last finished runs took, at most ``estimate.DURATIONS`` of them, by their logical date.
    ``recently_ended``: how many of its runs that had started have ended within ``estimate.WINDOW``, and
    ``recently_started`` when the first of these started, None without any.
    ``previous_run_id``: the run before its runs without which it cannot end, None when it can go on by itself.
    ``uncontrolled_runs``: how many of its queued and running runs are not under the group's control all the same, as Airflow
    has cleared them since they ended. ``may``: what its caller may do with it, None without a caller.
    ``subscription``: where its notifications go, None for nowhere.
    """

    group: Group
    seen_at: dt.datetime
    max_active_runs: int
    active_runs: int
    is_paused: bool
    is_stale: bool
    waiting_since: dt.datetime | None
    last_run_after: dt.datetime | None
    durations: Sequence[dt.timedelta]
    recently_ended: int
    recently_started: dt.datetime | None
    previous_run_id: str | None
    uncontrolled_runs: int = 0
    may: Rights | None = None
    subscription: Subscription | None = None

    @property
    def notify(self) -> Notify | None:
        return None if self.subscription is None else self.subscription.notify

    @property
    def notified(self) -> Mapping[GroupEvent, dt.datetime]:
        """When each event that was sent happened for the last time."""
        return {} if self.subscription is None else self.subscription.sent

    @property
    def control(self) -> Control | None:
        """The group's own."""
        return self.group.control

    @property
    def done(self) -> float:
        """The part of the runs that have ended, from 0 to 1."""
        return (self.group.states.success + self.group.states.failed) / self.group.runs

    @property
    def oldest_queued_seconds(self) -> int | None:
        """For how many seconds the first of the queued runs has been waiting, None when none could have started."""
        if self.waiting_since is None or self.waiting_since > self.seen_at:
            return None
        return int((self.seen_at - self.waiting_since).total_seconds())

    @property
    def waiting_for(self) -> tuple[WaitsFor, ...]:
        """The reasons why its runs do not start or end, in the order of ``WaitsFor``; nothing when it is done, or all are running.

        As long as the DAG is paused or stale the scheduler does not look at its runs, running ones included.
        """
        if not self._unfinished:
            return ()
        is_held = self.control is not None and self.control.paused and self._held_runs > 0
        found = {
            WaitsFor.DAG_PAUSED: self.is_paused,
            WaitsFor.DAG_STALE: self.is_stale,
            WaitsFor.GROUP_PAUSED: is_held,
            WaitsFor.PREVIOUS_RUN: self.previous_run_id is not None,
            WaitsFor.RUN_AFTER: self.last_run_after is not None and self.last_run_after > self.seen_at,
        }
        if self.oldest_queued_seconds is not None and not (self.is_paused or self.is_stale or is_held):
            found[self._bound if self.active_runs >= self._places else WaitsFor.SCHEDULER] = True
        return tuple(reason for reason in WaitsFor if found.get(reason))

    @property
    def holds(self) -> tuple[str, ...]:
        """The reasons why none of its queued runs starts until somebody does something, in sentences."""
        group = self.group
        return holds_of(group.dag_id, group.prefix, self.control, is_paused=self.is_paused, is_stale=self.is_stale)

    @property
    def runs_per_minute(self) -> float | None:
        """How many of its runs end in a minute, None when it is done, and as long as that cannot be measured."""
        return round(60 * self._rate, 1) if self._rate and self._unfinished else None

    @property
    def expected_end(self) -> dt.datetime | None:
        """When the group will be done if it goes on as fast, or its runs take as long as the DAG's last ones did.

        None when it is done, when it waits for what does not pass by itself, when nothing is known of its runs, and beyond
        the year 9999.
        """
        queued = self.group.states.queued
        if not self._unfinished or not all(reason.passes_by_itself for reason in self.waiting_for):
            return None
        known = ((self._unfinished, self.seen_at), (queued, self.waiting_since), (1, self.last_run_after))
        end = expected_end(
            [(runs, start) for runs, start in known if start is not None],
            self.durations,
            max_active_runs=self._places,
            now=self.seen_at,
            rate=self._rate,
        )
        return end and end.replace(microsecond=0)

    @property
    def _unfinished(self) -> int:
        return self.group.states.queued + self.group.states.running

    @property
    def _held_runs(self) -> int:
        return max(0, self.group.states.queued - self.uncontrolled_runs)

    @property
    def _places(self) -> int:
        return self.max_active_runs if self.control is None else self.control.max_active_runs

    @property
    def _bound(self) -> WaitsFor:
        return WaitsFor.DAG_MAX_ACTIVE_RUNS if self.control is None else WaitsFor.GROUP_CAP

    @property
    def _rate(self) -> float | None:
        return runs_per_second(
            self.recently_ended, first_start=self.recently_started, durations=self.durations, now=self.seen_at
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedPage:
    """Part of a list of paused groups; ``next_start`` is the ``start`` of the next part, None on the last."""

    groups: tuple[GroupProgress, ...]
    next_start: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChangeResult:
    """The group after a change; after a dry run the group as it is, with the control that it would have.

    ``changed_runs``: of how many runs the change has changed when they start, or whose bounds hold for them.
    """

    progress: GroupProgress
    changed_runs: int
    dry_run: bool
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, changed: ChangedGroup, progress: GroupProgress, *, dry_run: bool) -> GroupChangeResult:
        """Return what a change has done, or would do, to the group that stands like this after it."""
        if dry_run:
            progress = replace(progress, group=replace(progress.group, control=changed.control))
        return cls(progress=progress, changed_runs=changed.changed_runs, dry_run=dry_run, warnings=changed.warnings)
