"""Which dates a request looks at, in its order, and which of them have a run already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import Dag, DagRunInfo, in_utc
from airflow_run_groups.domain.pace import Order
from airflow_run_groups.domain.plan import MAX_OTHERS
from airflow_run_groups.domain.request import GroupRequest

if TYPE_CHECKING:
    from airflow_run_groups.domain.ports import Timetable

MAX_BACKWARDS = 10_000
"""The most dates that a range may hold that is worked through from its end: a timetable can only be walked forwards."""


def dates_of(  # noqa: PLR0913 - as many as the plan has
    request: GroupRequest,
    *,
    dag: Dag,
    timetable: Timetable,
    interval_timetable: Timetable | None,
    taken: Iterable[dt.datetime],
    now: dt.datetime,
) -> Iterator[tuple[DagRunInfo, bool]]:
    """Yield the dates in the order of the request, each with whether it has a run.

    Those of a range end with the first whose run may not start yet, unless the request is to plan only.

    :raises Refused: when the range cannot hold dates, or lies beyond the DAG's.
    """
    marked = _marked(_Dates(request, dag, timetable, now).infos(interval_timetable), taken)
    return marked if request.order is Order.ASC else _backwards(marked, now)


def _marked(infos: Iterable[DagRunInfo], taken: Iterable[dt.datetime]) -> Iterator[tuple[DagRunInfo, bool]]:
    """Both sides ascend, so one walk along them is enough."""
    others = iter(taken)
    other = next(others, None)
    for info in infos:
        while other is not None and other < info.logical_date:
            other = next(others, None)
        yield info, other == info.logical_date


def _backwards(marked: Iterator[tuple[DagRunInfo, bool]], now: dt.datetime) -> Iterator[tuple[DagRunInfo, bool]]:
    dates = list(islice(marked, MAX_BACKWARDS + MAX_OTHERS + 2))
    if sum(info.run_after <= now for info, _ in dates) > MAX_BACKWARDS:
        msg = (
            f"the range holds more than {MAX_BACKWARDS} dates, which is the most for the order desc: narrow the range, "
            "and begin with its last part"
        )
        raise Refused(msg)
    return reversed(dates)


class _Dates:
    """The dates of a request, ascending."""

    def __init__(self, request: GroupRequest, dag: Dag, timetable: Timetable, now: dt.datetime) -> None:
        self._request = request
        self._dag = dag
        self._timetable = timetable
        self._now = now

    def infos(self, interval_timetable: Timetable | None) -> Iterator[DagRunInfo]:
        start, end = self._request.start_date, self._request.end_date
        if self._request.dates is not None:
            return self._explicit(self._request.dates)
        if start is None:
            return self._single(self._now)
        if interval_timetable is not None:
            if self._timetable.periodic:
                msg = (
                    f"DAG {self._dag.dag_id!r} has a schedule, which says what dates a range holds: leave interval out"
                )
                raise Refused(msg)
            return map(self._manual, self._range(interval_timetable, start, end or self._now))
        if self._timetable.periodic:
            return self._range(self._timetable, start, end or self._now)
        if end is None or end == start:
            return self._single(start)
        msg = (
            f"DAG {self._dag.dag_id!r} has no periodic schedule, so a range holds no dates: "
            "give start_date alone for one run at that date, or no dates for one run now"
        )
        raise Refused(msg)

    def _single(self, date: dt.datetime) -> Iterator[DagRunInfo]:
        """One run, as Airflow's own manual trigger makes it (TriggerDAGRunPostBody.validate_context, 3.0 to 3.3)."""
        self._check_bounds(date, date)
        yield DagRunInfo(logical_date=date, data_interval=self._timetable.manual_interval(date), run_after=self._now)

    def _explicit(self, dates: Iterable[dt.datetime]) -> Iterator[DagRunInfo]:
        in_order = sorted(dates)
        for date in in_order:
            self._check_bounds(date, date)
        for date in in_order:
            scheduled = next(self._timetable.infos_between(date, date), None) if self._timetable.periodic else None
            yield scheduled or self._at(date)

    def _range(self, timetable: Timetable, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        self._check_bounds(start, end)
        first = start if self._dag.start_date is None else max(start, self._dag.start_date)
        last = end if self._dag.end_date is None else min(end, self._dag.end_date)
        too_early = MAX_OTHERS + 1 if self._request.dry_run else 0
        for info in timetable.infos_between(first, last):
            if info.run_after > self._now:
                if not too_early:
                    return
                too_early -= 1
            yield info

    def _manual(self, info: DagRunInfo) -> DagRunInfo:
        return self._at(info.logical_date)

    def _at(self, date: dt.datetime) -> DagRunInfo:
        """Return a date that the DAG's schedule does not hold: its run takes its turn among the others by the date."""
        return DagRunInfo(logical_date=date, data_interval=self._timetable.manual_interval(date), run_after=date)

    def _check_bounds(self, start: dt.datetime, end: dt.datetime) -> None:
        """Airflow gives a manual run outside these bounds no tasks, and calls it a success."""
        dag = self._dag
        if dag.start_date is not None and end < dag.start_date:
            msg = f"{in_utc(end)} lies before the first date of DAG {dag.dag_id!r}, {in_utc(dag.start_date)}"
            raise Refused(msg)
        if dag.end_date is not None and start > dag.end_date:
            msg = f"{in_utc(start)} lies after the last date of DAG {dag.dag_id!r}, {in_utc(dag.end_date)}"
            raise Refused(msg)
