"""The dates of a request, in its order, and which of them have a run already."""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from airflow_run_groups.domain.control.pace import Order
from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import Dag, in_utc
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.runs import ExistingRun
from airflow_run_groups.domain.timetable import DagRunInfo, Timetable

MAX_BACKWARDS = 10_000
"""The most dates that a range may hold for the order desc: a timetable yields its dates in ascending order only."""


Dated: TypeAlias = "tuple[DagRunInfo, ExistingRun | None]"
"""A date, and the run that it has."""


def dates_of(request: GroupRequest, facts: PlanningFacts, *, now: dt.datetime, not_yet: int) -> Iterator[Dated]:
    """Yield the dates in the order of the request, each with the run that it has.

    Where the facts hold no runs, only that there is one is known of a run.

    :param not_yet: how many dates of a range to yield whose run may not start before later than now.
    :raises Refused: when the range cannot hold dates, or lies beyond the DAG's.
    """
    existing = map(_unknown, facts.existing_dates) if facts.existing_runs is None else facts.existing_runs
    ascending = _marked(_ascending(request, facts, now, not_yet), existing)
    return ascending if request.order is Order.ASC else _descending(ascending, now, not_yet)


def _unknown(date: dt.datetime) -> ExistingRun:
    return ExistingRun(logical_date=date, run_id="", state="", run_type="", created_by=None)


def _marked(infos: Iterable[DagRunInfo], existing: Iterable[ExistingRun]) -> Iterator[Dated]:
    """Both sides ascend, so one walk along them is enough."""
    others = iter(existing)
    other = next(others, None)
    for info in infos:
        while other is not None and other.logical_date < info.logical_date:
            other = next(others, None)
        yield info, other if other is not None and other.logical_date == info.logical_date else None


def _descending(ascending: Iterator[Dated], now: dt.datetime, not_yet: int) -> Iterator[Dated]:
    dates = list(islice(ascending, MAX_BACKWARDS + not_yet + 1))
    if sum(info.run_after <= now for info, _ in dates) > MAX_BACKWARDS:
        msg = (
            f"the range holds more than {MAX_BACKWARDS} dates, which is the most for the order desc: narrow the range, "
            "and begin with its last part"
        )
        raise Refused(msg)
    return reversed(dates)


def _ascending(request: GroupRequest, facts: PlanningFacts, now: dt.datetime, not_yet: int) -> Iterator[DagRunInfo]:
    dag, timetable = facts.dag, facts.timetable
    start, end = request.start_date, request.end_date
    if request.dates is not None:
        return _explicit(sorted(request.dates), dag, timetable)
    if start is None:
        return _single(now, facts, now)
    if facts.interval_timetable is not None:
        if timetable.periodic:
            msg = f"DAG {dag.dag_id!r} has a schedule, which says what dates a range holds: leave interval out"
            raise Refused(msg)
        first, last = _within_the_dag(start, end or now, dag)
        infos = facts.interval_timetable.infos_between(_first_of_steps(start, first, request.interval), last)
        return (_manual(info.logical_date, timetable) for info in _up_to_now(infos, now, not_yet))
    if timetable.periodic:
        return _up_to_now(timetable.infos_between(*_within_the_dag(start, end or now, dag)), now, not_yet)
    if end is None or end == start:
        return _single(start, facts, now)
    msg = (
        f"DAG {dag.dag_id!r} has no periodic schedule, so a range holds no dates: "
        "give interval, such as PT6H or 0 6 * * 1, with the range, dates for a list, start_date alone for one run at that date, "
        "or no dates for one run now"
    )
    raise Refused(msg)


def _single(date: dt.datetime, facts: PlanningFacts, now: dt.datetime) -> Iterator[DagRunInfo]:
    """One run, as Airflow's own manual trigger makes it (TriggerDAGRunPostBody.validate_context, 3.0 to 3.4)."""
    _check_bounds(date, date, facts.dag)
    if not facts.dag.has_task_at(date):
        msg = f"DAG {facts.dag.dag_id!r} has no task for {date.isoformat()}: Airflow would call such a run a success with nothing done"
        raise Refused(msg)
    yield DagRunInfo(
        logical_date=date, data_interval=facts.timetable.manual_interval(date), run_after=now, is_scheduled=False
    )


def _explicit(dates: list[dt.datetime], dag: Dag, timetable: Timetable) -> Iterator[DagRunInfo]:
    for date in dates:
        _check_bounds(date, date, dag)
    for date in dates:
        scheduled = next(timetable.infos_between(date, date), None) if timetable.periodic else None
        yield scheduled or _manual(date, timetable)


def _manual(date: dt.datetime, timetable: Timetable) -> DagRunInfo:
    """Return a date that the DAG's schedule does not hold: its run takes its turn among the others by the date."""
    interval = timetable.manual_interval(date)
    return DagRunInfo(logical_date=date, data_interval=interval, run_after=date, is_scheduled=False)


def _up_to_now(infos: Iterator[DagRunInfo], now: dt.datetime, not_yet: int) -> Iterator[DagRunInfo]:
    for info in infos:
        if info.run_after > now:
            if not not_yet:
                return
            not_yet -= 1
        yield info


def _within_the_dag(start: dt.datetime, end: dt.datetime, dag: Dag) -> tuple[dt.datetime, dt.datetime]:
    _check_bounds(start, end, dag)
    first = start if dag.start_date is None else max(start, dag.start_date)
    last = end if dag.end_date is None else min(end, dag.end_date)
    return first, last


def _first_of_steps(start: dt.datetime, first: dt.datetime, interval: dt.timedelta | str | None) -> dt.datetime:
    """Return the first date from ``first`` on that lies a whole number of intervals behind the start.

    The ticks of a cron expression do not depend on where they are counted from.
    """
    if not isinstance(interval, dt.timedelta):
        return first
    try:
        return start - ((start - first) // interval) * interval
    except OverflowError:  # beyond the calendar, and so beyond the end of the range
        return first


def _check_bounds(start: dt.datetime, end: dt.datetime, dag: Dag) -> None:
    """Airflow gives a manual run outside these bounds no tasks, and calls it a success."""
    if dag.start_date is not None and end < dag.start_date:
        msg = f"{in_utc(end)} lies before the first date of DAG {dag.dag_id!r}, {in_utc(dag.start_date)}"
        raise Refused(msg)
    if dag.end_date is not None and start > dag.end_date:
        msg = f"{in_utc(start)} lies after the last date of DAG {dag.dag_id!r}, {in_utc(dag.end_date)}"
        raise Refused(msg)
