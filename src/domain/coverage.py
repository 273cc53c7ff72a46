"""Whether the past of a DAG is complete: each date of its schedule, and what became of its run."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import Dag, DagRunState, in_utc
from airflow_run_groups.domain.planning.runs import ExistingRun
from airflow_run_groups.domain.stretches import stretches_of
from airflow_run_groups.domain.timetable import DagRunInfo, Timetable

MAX_DATES = 10_000
"""The most dates that one response covers."""
MAX_TIME = dt.timedelta(seconds=3)
"""For how long it draws them from the timetable, which takes up to a millisecond for each."""


class DateStatus(str, Enum):
    """The status of a date: the state of its run, or why it has none."""

    SUCCESS = "success"
    FAILED = "failed"
    RUNNING = "running"
    QUEUED = "queued"
    MISSING = "missing"
    NOT_YET = "not_yet"
    BEFORE_START = "before_start"
    AFTER_END = "after_end"
    NO_TASKS = "no_tasks"

    @property
    def hinders(self) -> bool:
        """Whether the past is incomplete as long as a date has this status."""
        return self in _HINDERS


_MOMENT = dt.timedelta(microseconds=1)
_HINDERS = frozenset({DateStatus.FAILED, DateStatus.RUNNING, DateStatus.QUEUED, DateStatus.MISSING})
_OF_STATES = {state.value: DateStatus(state.value) for state in DagRunState}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredDate:
    """A date of the schedule with its run; ``run_id`` and ``run_type`` are None where it has none."""

    logical_date: dt.datetime
    status: DateStatus
    run_id: str | None
    run_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageStretch:
    """Consecutive dates of one status: the first, the last, and how many, at least 1."""

    status: DateStatus
    first: dt.datetime
    last: dt.datetime
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Every date that a DAG's schedule holds in a range, in ascending order.

    ``next_start_date``: the first date that it says nothing about, None when the whole range is covered.
    """

    dag_id: str
    dates: tuple[CoveredDate, ...]
    next_start_date: dt.datetime | None

    @property
    def total(self) -> int:
        return len(self.dates)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many dates have each status, by its value."""
        counts = Counter(date.status.value for date in self.dates)
        return {status.value: counts[status.value] for status in DateStatus}

    @property
    def complete(self) -> bool:
        """Whether the whole range is covered, and each date that should have a successful run by now has one."""
        return self.next_start_date is None and not any(date.status.hinders for date in self.dates)

    @property
    def stretches(self) -> Sequence[CoverageStretch]:
        return [
            CoverageStretch(status=status, first=first, last=last, total=total)
            for status, first, last, total in stretches_of((date.status, date.logical_date) for date in self.dates)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRequest:
    """A question about the dates from start to end, both inclusive; without an end up to now.

    :raises Refused: when the end lies before the start.
    """

    dag_id: str
    start_date: dt.datetime
    end_date: dt.datetime | None = None

    def __post_init__(self) -> None:
        if self.end_date is not None and self.end_date < self.start_date:
            msg = f"end_date {in_utc(self.end_date)} lies before start_date {in_utc(self.start_date)}"
            raise Refused(msg)


def scheduled_dates(
    request: CoverageRequest, dag: Dag, timetable: Timetable, *, now: dt.datetime, is_enough: Callable[[], bool]
) -> tuple[Sequence[DagRunInfo], dt.datetime | None]:
    """Return the dates of the range, at most ``MAX_DATES``, and the first one that is left out.

    :param is_enough: tells whether to end before the next date.
    :raises Refused: when the DAG's schedule holds no dates.
    :raises TimetableFailed: when the schedule itself fails.
    """
    if timetable.partitioned:
        msg = f"DAG {dag.dag_id!r} has a partitioned timetable: its runs have no logical date that could be missing"
        raise Refused(msg)
    if not timetable.periodic:
        msg = f"DAG {dag.dag_id!r} has no periodic schedule, so there are no dates that could be missing"
        raise Refused(msg)
    infos: list[DagRunInfo] = []
    for info in _between(request.start_date, request.end_date or now, dag, timetable):
        if len(infos) == MAX_DATES or (infos and is_enough()):
            return infos, info.logical_date
        infos.append(info)
    return infos, None


def _between(start: dt.datetime, end: dt.datetime, dag: Dag, timetable: Timetable) -> Iterator[DagRunInfo]:
    """Yield the dates before the DAG's own, its own, and those after them.

    A creation over the range walks from the DAG's first date on, and from where a timetable of steps is walked decides its
    dates.
    """
    if dag.start_date is not None and start < dag.start_date:
        yield from timetable.infos_between(start, min(end, dag.start_date - _MOMENT))
    first = start if dag.start_date is None else max(start, dag.start_date)
    last = end if dag.end_date is None else min(end, dag.end_date)
    if first <= last:
        yield from timetable.infos_between(first, last)
    if dag.end_date is not None and end > dag.end_date:
        yield from timetable.infos_between(max(start, dag.end_date + _MOMENT), end)


def covered_dates(
    infos: Sequence[DagRunInfo], dag: Dag, runs: Mapping[dt.datetime, ExistingRun], *, now: dt.datetime
) -> Iterator[CoveredDate]:
    """Yield what became of each date.

    A date is missing exactly if a creation over it would make its run.

    :param runs: the runs of the DAG at these dates, in the state in which groups count them.
    """
    for info in infos:
        run = runs.get(info.logical_date)
        yield CoveredDate(
            logical_date=info.logical_date,
            status=_without_run(info, dag, now) if run is None else _of_run(run),
            run_id=None if run is None else run.run_id,
            run_type=None if run is None else run.run_type,
        )


def _of_run(run: ExistingRun) -> DateStatus:
    """Return the status of a date with a run; a state that only a newer Airflow knows is one that has not ended."""
    return _OF_STATES.get(run.state, DateStatus.RUNNING)


def _without_run(info: DagRunInfo, dag: Dag, now: dt.datetime) -> DateStatus:
    if dag.start_date is not None and info.logical_date < dag.start_date:
        return DateStatus.BEFORE_START
    if dag.end_date is not None and info.logical_date > dag.end_date:
        return DateStatus.AFTER_END
    if info.run_after > now:
        return DateStatus.NOT_YET
    return DateStatus.MISSING if dag.has_task_at(info.logical_date) else DateStatus.NO_TASKS
