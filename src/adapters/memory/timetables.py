"""Schedules of in-memory DAGs, in UTC, with the dates and intervals that Airflow's own default timetables give them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_run_groups.domain import DagRunInfo, DataInterval, Refused, Timetable, TimetableFailed


def timetable_of(schedule: str | dt.timedelta | None) -> Timetable:
    """Return the timetable that Airflow would make of a DAG's ``schedule``: a cron expression, a timedelta or None."""
    if schedule is None:
        return Unscheduled()
    if isinstance(schedule, dt.timedelta):
        return Every(schedule)
    return Cron(schedule)


@dataclass(frozen=True, slots=True)
class Cron:
    """Runs at the ticks of a cron expression (CronTriggerTimetable, Airflow 3.0 to 3.3)."""

    expression: str
    periodic = True
    partitioned = False

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        """Yield the ticks from start to end, both inclusive."""
        # Imported when the first range is asked for: it takes a tenth of a second, and a demo starts within one.
        from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]  # noqa: PLC0415

        try:
            ticks = croniter(self.expression, _second_before(start.astimezone(dt.timezone.utc)))
        except ValueError as error:
            raise TimetableFailed(self._failure, error) from error
        while True:
            try:
                tick: dt.datetime = ticks.get_next(dt.datetime)
            except CroniterBadDateError as error:
                raise TimetableFailed(self._failure, error) from error
            except (OverflowError, ValueError):  # the calendar ends with the year 9999
                return
            if tick > end:
                return
            yield _exactly(tick)

    @property
    def _failure(self) -> str:
        return f"the schedule {self.expression!r} fails"

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        """Return the moment itself."""
        return DataInterval(start=run_after, end=run_after)

    def check(self) -> None:
        """Hold the expression against what cron knows.

        :raises Refused: when it is none.
        """
        from croniter import croniter  # noqa: PLC0415 - as above

        if not croniter.is_valid(self.expression):
            msg = f"interval {self.expression!r} is no cron expression"
            raise Refused(msg)


@dataclass(frozen=True, slots=True)
class Every:
    """Runs every so often, counted from where a range starts (DeltaTriggerTimetable, Airflow 3.0 to 3.3)."""

    delta: dt.timedelta
    periodic = True
    partitioned = False

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        """Yield start, and from there on one date per delta, up to and including end."""
        date = start.astimezone(dt.timezone.utc)
        while date <= end:
            yield _exactly(date)
            if self.delta <= dt.timedelta(0):
                failure = f"the schedule {self.delta} fails"
                raise TimetableFailed(failure, f"it does not advance beyond {date.isoformat()}")
            try:
                date += self.delta
            except OverflowError:  # the calendar ends with the year 9999
                return

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        """Return the moment itself."""
        return DataInterval(start=run_after, end=run_after)


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """Runs only when somebody asks (NullTimetable, Airflow 3.0 to 3.3)."""

    periodic = False
    partitioned = False

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:  # noqa: ARG002 - the port's
        """Yield nothing."""
        return iter(())

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        """Return the moment itself."""
        return DataInterval(start=run_after, end=run_after)


def _exactly(date: dt.datetime) -> DagRunInfo:
    return DagRunInfo(logical_date=date, data_interval=DataInterval(start=date, end=date), run_after=date)


def _second_before(date: dt.datetime) -> dt.datetime:
    """Return the last whole second before a date: the next tick after it may be the date itself."""
    try:
        return (date - dt.timedelta(microseconds=1)).replace(microsecond=0)
    except OverflowError:  # the calendar begins with the year 1, where nothing lies before
        return date
