"""A group under control: how many of its runs may run at once, whether any may start, and what stops it."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import NamedTuple

from airflow_run_groups.domain.control.stop_after import EndedRuns, StopAfter, Stopped
from airflow_run_groups.domain.errors import Refused

MAX_ACTIVE_RUNS = 10_000
"""The most runs of a group that may run at once."""


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


class PausedGroups(NamedTuple):
    """Part of a list of paused groups, each by its DAG and prefix; ``next_start`` is that of the next part, None on the last."""

    groups: tuple[tuple[str, str], ...]
    next_start: int | None


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
