"""Actions on the runs of a group: they are cancelled, run again, or get a note."""

import datetime as dt
from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from airflow_run_groups.domain.control.pace import Pace
from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import DagRunState, in_utc
from airflow_run_groups.domain.unfinished import NO_LIMITS, UnfinishedRunLimits

MAX_NOTE_LENGTH = 1000
"""Characters of a note on a run (airflow.models.dagrun.DagRunNote, 3.0 to 3.4)."""
_SHOWN = 3
"""How many wrong names an error shows."""
_KNOWN = 20
"""How many tasks it shows that would be right."""


class Chosen(NamedTuple):
    """Runs that a request names, each by its id or by its logical date; ``key`` is where the request names them."""

    key: str
    names: tuple[str, ...] | tuple[dt.datetime, ...]

    def check(self, found: Collection[object]) -> None:
        """Check that the group has a run for each name.

        :param found: the names of the runs that it has.
        :raises Refused: naming some of those that it does not have.
        """
        missing = [name for name in self.names if name not in found]
        if missing:
            shown = ", ".join(
                in_utc(name) if isinstance(name, dt.datetime) else repr(name) for name in missing[:_SHOWN]
            )
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            msg = f"{self.key} has {shown}{more}: the group has no such run"
            raise Refused(msg)


class Which(str, Enum):
    """The runs that are to run again: those that failed by themselves, those that were cancelled, or all that have ended."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Cancel the runs that are still queued, and with ``running`` also those that have started: they become failed."""

    running: bool = False

    @property
    def is_about(self) -> str:
        """For which runs it is, in words."""
        return "queued or running ones" if self.running else "queued ones"

    @property
    def states(self) -> frozenset[DagRunState]:
        return frozenset({DagRunState.QUEUED, *([DagRunState.RUNNING] if self.running else [])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Let runs that have ended run again: what has not succeeded of the failed ones, or all of them from the start.

    ``which``: None is for all failed runs, cancelled or not. ``run_on_latest_version``: whether with the DAG's latest
    version, None as Airflow is configured. They start by ``pace``, from ``not_before`` or now on; without a pace,
    cancelled runs of a paced group keep their distances. ``tasks``: only these tasks, by their ids, and all that is downstream
    of them, whatever has become of them; None for what ``which`` says.
    """

    which: Which | None = None
    run_on_latest_version: bool | None = None
    pace: Pace | None = None
    not_before: dt.datetime | None = None
    tasks: tuple[str, ...] | None = None

    @property
    def states(self) -> frozenset[DagRunState]:
        return frozenset({DagRunState.FAILED, *([DagRunState.SUCCESS] if self.which is Which.ALL else [])})

    @property
    def is_about(self) -> str:
        """For which runs it is, in words."""
        return {
            None: "failed ones",
            Which.FAILED: "those that failed by themselves",
            Which.CANCELLED: "cancelled ones",
            Which.ALL: "those that have ended",
        }[self.which]

    def is_for(self, *, cancelled: bool) -> bool:
        """Tell whether it is for a run in one of these states that was cancelled, or was not."""
        return self.which in {None, Which.ALL} or cancelled is (self.which is Which.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Put a note on runs, in place of the one that they have; it has 1 to ``MAX_NOTE_LENGTH`` characters."""

    note: str

    @property
    def states(self) -> frozenset[DagRunState]:
        return frozenset(DagRunState)

    @property
    def is_about(self) -> str:
        """For which runs it is, in words."""
        return "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAction:
    """An action on a group: on at most ``limit`` of its runs, 1 to 500, whose id is greater than ``start``.

    ``requested_by``: the caller's name, and ``display_name`` the one that Airflow shows for them; None without one.
    ``dates`` or ``run_ids``: only on its runs with these logical dates, or ids; None for all. ``dry_run``: only report which
    runs it would be.
    ``limits``: how many unfinished runs the DAG, and the caller, may have once a retry is done.

    :raises Refused: when it has both ``dates`` and ``run_ids``.
    """

    dag_id: str
    prefix: str
    action: Cancel | Retry | Note
    dry_run: bool = False
    limit: int = 100
    start: int = 0
    requested_by: str | None = None
    limits: UnfinishedRunLimits = NO_LIMITS
    display_name: str | None = None
    dates: tuple[dt.datetime, ...] | None = None
    run_ids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.dates is not None and self.run_ids is not None:
            msg = "dates and run_ids cannot be combined: both say on which runs"
            raise Refused(msg)

    @property
    def chosen(self) -> Chosen | None:
        """The runs to which it is limited, by what names them; None when it is for all."""
        if self.run_ids is not None:
            return Chosen("run_ids", self.run_ids)
        return (
            None
            if self.dates is None
            else Chosen("dates", tuple(date.astimezone(dt.timezone.utc) for date in self.dates))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupActionResult:
    """To which runs it was done, in the order of their ids; ``next_start`` is where to go on, None when these are all.

    ``next_not_before`` is the ``not_before`` with which a retry goes on, None when its runs have no distances to keep.
    ``warnings`` are sentences.
    """

    dag_run_ids: tuple[str, ...]
    next_start: int | None
    dry_run: bool
    next_not_before: dt.datetime | None = None
    warnings: tuple[str, ...] = ()


def unknown_tasks(tasks: Collection[str], known: Collection[str], dag_id: str) -> Refused:
    """Return the error for tasks that no run of an action has; ``known`` are those that one of them has."""
    wrong = ", ".join(repr(task) for task in sorted(set(tasks).difference(known))[:_SHOWN])
    shown = ", ".join(sorted(known)[:_KNOWN]) + (", …" if len(known) > _KNOWN else "")
    return Refused(f"tasks has {wrong}, which DAG {dag_id!r} does not have in these runs: known are {shown or 'none'}")


def left_out(action: Cancel | Retry | Note, run_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the warning about chosen runs that the action is not for, or nothing when there are none."""
    if not run_ids:
        return ()
    return (f"{count_runs(run_ids)} left out, such as {run_ids[0]}: of the chosen runs this is for {action.is_about}",)


def count_runs(run_ids: Sized) -> str:
    """Return a number of runs for the beginning of a sentence, such as ``1 run`` or ``2 runs``."""
    return f"{len(run_ids)} run{'' if len(run_ids) == 1 else 's'}"
