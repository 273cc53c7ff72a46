"""A group under control: how many of its runs may run at once, whether any may start, and when and in which order they do."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import NamedTuple, TypeVar

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.notification import Notify
from airflow_run_groups.domain.pace import Order, Pace, Starts
from airflow_run_groups.domain.stop_after import EndedRuns, StopAfter, Stopped

MAX_ACTIVE_RUNS = 10_000
"""The most runs of a group that may run at once."""
_TICK = dt.timedelta(microseconds=1)

T = TypeVar("T")


class Keep(Enum):
    """A field that a change does not mention, and leaves as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The limits that Airflow's scheduler obeys for the runs of one group.

    ``max_active_runs``: how many of them may run at once, beside the DAG's other runs. ``copied``: that is the DAG's own
    ``max_active_runs`` of the moment at which the group came under control. ``paused``: none starts; ``paused_at`` and
    ``paused_by`` are the time of the pause, and the name of its author, None without one. ``stop_after``: the rule by which the
    group is paused by itself, and ``stopped`` that it was, until it is resumed. ``counted_since``: the rule counts runs that
    have ended later than this, when the group was last resumed after a stop; None for all.
    """

    max_active_runs: int
    copied: bool = False
    paused: bool = False
    paused_at: dt.datetime | None = None
    paused_by: str | None = None
    stop_after: StopAfter | None = None
    stopped: Stopped | None = None
    counted_since: dt.datetime | None = None

    @property
    def max_active_runs_from(self) -> str:
        """Whose number ``max_active_runs`` is: ``dag`` or ``group``."""
        return "dag" if self.copied else "group"


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


class PausedGroups(NamedTuple):
    """Part of a list of paused groups, each by its DAG and prefix; ``next_start`` is that of the next part, None on the last."""

    groups: tuple[tuple[str, str], ...]
    next_start: int | None


class QueuedRun(NamedTuple):
    """A queued run in its place: ``ordinal`` is what Airflow orders controlled runs by, None for one without control."""

    id: int
    logical_date: dt.datetime | None
    run_after: dt.datetime
    ordinal: int | None = None


class Turn(NamedTuple):
    """When a queued run may start, in the order in which runs do."""

    id: int
    run_after: dt.datetime


class Outcomes(NamedTuple):
    """The facts that a rule to stop looks at: the runs that have ended since ``counted_since``, and whether any is queued."""

    ended: EndedRuns
    has_queued: bool


NOTHING_ENDED = Outcomes(EndedRuns(success=0, failed=0), has_queued=False)


def check_max_active_runs(value: int | None) -> None:
    """Check how many runs of a group may run at once; None for as many as the DAG's.

    :raises Refused: when it is not from 1 to ``MAX_ACTIVE_RUNS``.
    """
    if value is not None and not 1 <= value <= MAX_ACTIVE_RUNS:
        msg = f"max_active_runs must be 1 to {MAX_ACTIVE_RUNS}, not {value}"
        raise Refused(msg)


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


def stopped_control(control: Control, outcomes: Outcomes, *, now: dt.datetime) -> Control:
    """Return the control of a group that its rule stops, the very object where it does not, or has done so before.

    A group of which no run is queued is not stopped: a pause would hold nothing but runs that are cleared later.
    """
    if control.stop_after is None or control.stopped is not None or not outcomes.has_queued:
        return control
    if not control.stop_after.is_reached(outcomes.ended):
        return control
    stopped = Stopped(at=now, rule=control.stop_after)
    if control.paused:
        return replace(control, stopped=stopped)
    return replace(control, paused=True, paused_at=now, paused_by=None, stopped=stopped)


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


def turns(queue: Iterable[QueuedRun], change: GroupChange, *, now: dt.datetime) -> list[Turn]:
    """Return when each queued run may start after a change, in their new order; those of a repeated change stay as they are.

    :param queue: the group's queued runs, in any order.
    """
    present = sorted(queue, key=_place)
    wanted = (
        present if isinstance(change.order, Keep) else sorted(present, key=_date, reverse=change.order is Order.DESC)
    )
    base = max(now, change.not_before) if isinstance(change.not_before, dt.datetime) else now
    times = [run.run_after for run in present]
    if not change.rearranges or (wanted == present and _are_already(times, change, base, now)):
        return [Turn(run.id, run.run_after) for run in present]
    if not isinstance(change.pace, Keep):
        starts = Starts(base, change.pace)
        times = [starts.of(place, base) for place in range(len(wanted))]
    else:
        times = sorted(max(time, now) for time in times)
        times = _one_by_one(times, dt.timedelta() if isinstance(change.not_before, Keep) else base - times[0])
    return [Turn(run.id, time) for run, time in zip(wanted, times, strict=True)]


def run_again_by_others(runs: int) -> str:
    """Say that a change leaves runs of the group alone."""
    noun, verb = ("run", "is") if runs == 1 else ("runs", "are")
    return f"{runs} {noun} of the group {verb} run again by another group, which controls {'it' if runs == 1 else 'them'}, and not changed"


def _after(wanted: T | Keep, present: T) -> T:
    return present if isinstance(wanted, Keep) else wanted


def _place(run: QueuedRun) -> tuple[int, dt.datetime, int]:
    """Return what Airflow orders queued runs by (DagRun.get_queued_dag_runs_to_set_running, 3.0 to 3.3)."""
    return (run.ordinal or 0, run.run_after, run.id)


def _date(run: QueuedRun) -> tuple[dt.datetime, int]:
    return (run.logical_date or run.run_after, run.id)


def _are_already(times: Sequence[dt.datetime], change: GroupChange, base: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether runs that keep their order start as the change has it: from the base on, or where that is now, by now."""
    if isinstance(change.pace, Keep) and isinstance(change.not_before, Keep):
        return True
    if not times:
        return True
    first = times[0]
    starts_there = first == base if base > now else first <= now
    if isinstance(change.pace, Keep):
        return starts_there and all(one < other for one, other in pairwise(times))
    starts = Starts(first, change.pace)
    is_lately = change.pace is None or first > now - change.pace.interval
    return starts_there and is_lately and all(time == starts.of(place, first) for place, time in enumerate(times))


def _one_by_one(ascending: Iterable[dt.datetime], delay: dt.timedelta) -> list[dt.datetime]:
    """Return the times with this delay, no two of them the same."""
    later: list[dt.datetime] = []
    try:
        for time in ascending:
            later.append(max(time + delay, later[-1] + _TICK) if later else time + delay)
    except OverflowError:
        msg = "not_before reaches beyond the year 9999"
        raise Refused(msg) from None
    return later
