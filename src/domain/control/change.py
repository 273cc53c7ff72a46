"""A change of a group under way, and the control that it has then."""

import datetime as dt
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from airflow_run_groups.domain.control.control import (
    NOTHING_ENDED,
    Control,
    Outcomes,
    check_max_active_runs,
    stopped_control,
)
from airflow_run_groups.domain.control.notification import Notify
from airflow_run_groups.domain.control.pace import Order, Pace
from airflow_run_groups.domain.control.stop_after import StopAfter
from airflow_run_groups.domain.errors import Refused

T = TypeVar("T")


class Keep(Enum):
    """A field that a change does not mention, and leaves as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange:
    """A change of a group, and of its queued runs. ``KEEP`` leaves a thing as it is, None restores its default.

    ``paused``: by default False. ``max_active_runs``: 1 to 10,000, by default that of the DAG, together with its other runs.
    ``stop_after``: after how many failed runs it is paused by itself, by default never.
    ``pace``, ``not_before``: from when on the queued runs may start, by default all from now on. ``order``: in which
    order, by default that of the dates. ``description``, ``labels``: what is said of the group, by default nothing.
    ``notify``: where its notifications go, by default nowhere.
    ``requested_by``: the caller's name, and ``display_name`` the one that
    Airflow shows for them; None without one. ``dry_run``: only say how many runs it would change.

    :raises Refused: when ``max_active_runs`` is out of its bounds, or nothing is to be changed.
    """

    dag_id: str
    prefix: str
    paused: bool | Keep | None = KEEP
    max_active_runs: int | Keep | None = KEEP
    stop_after: StopAfter | Keep | None = KEEP
    pace: Pace | Keep | None = KEEP
    not_before: dt.datetime | Keep | None = KEEP
    order: Order | Keep | None = KEEP
    description: str | Keep | None = KEEP
    labels: tuple[str, ...] | Keep | None = KEEP
    notify: Notify | Keep | None = KEEP
    dry_run: bool = False
    requested_by: str | None = None
    display_name: str | None = None

    def __post_init__(self) -> None:
        check_max_active_runs(None if self.max_active_runs is KEEP else self.max_active_runs)
        if all(getattr(self, name) is KEEP for name in CHANGES):
            msg = f"a change needs at least one of {', '.join(CHANGES)}"
            raise Refused(msg)

    @property
    def rearranges(self) -> bool:
        """Whether it is about when and in which order queued runs start."""
        return any(value is not KEEP for value in (self.pace, self.not_before, self.order))


CHANGES = ("paused", "max_active_runs", "stop_after", "pace", "not_before", "order", "description", "labels", "notify")
"""The fields of a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedGroup:
    """The effect of a change: the control as it is now, and how many runs are linked, or start at another time."""

    control: Control | None
    changed_runs: int
    warnings: tuple[str, ...] = ()


def changed_control(
    control: Control | None,
    change: GroupChange,
    *,
    max_active_runs_of_dag: int,
    now: dt.datetime,
    outcomes: Outcomes = NOTHING_ENDED,
) -> Control | None:
    """Return the control after a change, the very object where nothing changes, and None where all is as by default.

    A group that its rule would stop at once goes on when the change says that it is not paused, and counts anew.
    """
    paused = _after(change.paused, control is not None and control.paused) or False
    own = None if control is None or control.copied else control.max_active_runs
    cap = _after(change.max_active_runs, own)
    rule = rule_after(control, change)
    if not paused and cap is None and rule is None:
        return None
    is_copied = cap is None
    if cap is None:
        cap = max(1, max_active_runs_of_dag) if control is None or not control.copied else control.max_active_runs
    after = Control(
        max_active_runs=cap,
        copied=is_copied,
        stop_after=rule,
        counted_since=None if control is None or rule is None else control.counted_since,
    )
    if paused and control is not None and control.paused:
        after = replace(
            after, paused=True, paused_at=control.paused_at, paused_by=control.paused_by, stopped=control.stopped
        )
    elif paused:
        after = replace(after, paused=True, paused_at=now, paused_by=change.display_name or change.requested_by)
    elif control is not None and control.stopped is not None and rule is not None:
        after = replace(after, counted_since=now)
    stopped = stopped_control(after, outcomes, now=now)
    if stopped is not after:
        is_resumed = not isinstance(change.paused, Keep) and not paused
        after = replace(after, counted_since=now) if is_resumed else stopped
    return control if after == control else after


def rule_after(control: Control | None, change: GroupChange) -> StopAfter | None:
    """Return the rule by which a group is to stop after a change."""
    return _after(change.stop_after, None if control is None else control.stop_after)


def joined_control(  # noqa: PLR0913 - a control, a request's wishes, and what they depend on
    control: Control | None,
    *,
    max_active_runs: int | None,
    paused: bool,
    stop_after: StopAfter | None,
    max_active_runs_of_dag: int,
    now: dt.datetime,
    requested_by: str | None,
) -> Control | None:
    """Return the control of a group to which a request with these wishes adds runs, None when it has none."""
    if max_active_runs is None and not paused and stop_after is None:
        return control
    change = GroupChange(
        dag_id="",
        prefix="",
        max_active_runs=KEEP if max_active_runs is None else max_active_runs,
        paused=True if paused else KEEP,
        stop_after=KEEP if stop_after is None else stop_after,
        requested_by=requested_by,
    )
    return changed_control(control, change, max_active_runs_of_dag=max_active_runs_of_dag, now=now)


def run_again_by_others(runs: int) -> str:
    """Say that a change leaves runs of the group alone."""
    noun, verb = ("run", "is") if runs == 1 else ("runs", "are")
    return f"{runs} {noun} of the group {verb} run again by another group, which controls {'it' if runs == 1 else 'them'}, and not changed"


def _after(wanted: T | Keep, present: T) -> T:
    return present if isinstance(wanted, Keep) else wanted
