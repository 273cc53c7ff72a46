"""Schedules of in-memory DAGs, in UTC, with the dates and intervals that Airflow's own default timetables give them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_run_groups.adapters.cron import NO_INTERVAL, RANDOM, check_interval, is_random
from airflow_run_groups.domain import DagRunInfo, DataInterval, Interval, Refused, Timetable, TimetableFailed


def timetable_of(schedule: str | dt.timedelta | None) -> Timetable:
    """Return the timetable that Airflow would make of a DAG's ``schedule``: a cron expression, a timedelta or None."""
    if schedule is None:
        return Unscheduled()
    if isinstance(schedule, dt.timedelta):
        return Every(schedule)
    return Cron(schedule)


def timetable_of_interval(interval: Interval) -> Timetable:
    """Return the timetable with this interval between its dates.

    :raises Refused: when it is not a cron expression, or one that leaves its dates to chance.
    """
    from croniter import croniter  # type: ignore[import-untyped]  # noqa: PLC0415 - see Cron

    if isinstance(interval, dt.timedelta):
        return Every(interval)
    if not croniter.is_valid(interval):
        msg = f"interval {interval!r} {NO_INTERVAL}"
        raise Refused(msg)
    check_interval(interval)
    return Cron(interval, name="interval")


class _Trigger:
    """A timetable whose runs have a moment as their interval."""

    __slots__ = ()
    periodic = True
    partitioned = False

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        return DataInterval(start=run_after, end=run_after)


@dataclass(frozen=True, slots=True)
class Cron(_Trigger):
    """Runs at the ticks of a cron expression (CronTriggerTimetable, Airflow 3.0 to 3.4)."""

    expression: str
    name: str = "the schedule"
    """How errors call the expression."""

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        # Imported with the first range: it takes a tenth of a second, and a demo starts within one.
        from croniter import CroniterBadDateError, croniter  # noqa: PLC0415

        failure = f"{self.name} {self.expression!r} fails"
        if is_random(self.expression):
            raise TimetableFailed(failure, RANDOM)
        try:
            ticks = croniter(self.expression, _second_before(start.astimezone(dt.timezone.utc)))
        except ValueError as error:
            raise TimetableFailed(failure, error) from error
        while True:
            try:
                tick: dt.datetime = ticks.get_next(dt.datetime)
            except CroniterBadDateError as error:
                raise TimetableFailed(failure, error) from error
            except (OverflowError, ValueError):  # the calendar ends with the year 9999
                return
            if tick > end:
                return
            yield _exactly(tick)


@dataclass(frozen=True, slots=True)
class Every(_Trigger):
    """Runs every so often, counted from where a range starts (DeltaTriggerTimetable, Airflow 3.0 to 3.4)."""

    delta: dt.timedelta

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
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


class Unscheduled(_Trigger):
    """Runs only when it is triggered (NullTimetable, Airflow 3.0 to 3.4)."""

    periodic = False

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:  # noqa: ARG002 - the port's
        return iter(())


def _exactly(date: dt.datetime) -> DagRunInfo:
    return DagRunInfo(logical_date=date, data_interval=DataInterval(start=date, end=date), run_after=date)


def _second_before(date: dt.datetime) -> dt.datetime:
    """Return the last whole second before a date: the next tick after it may be the date itself."""
    try:
        return (date - dt.timedelta(microseconds=1)).replace(microsecond=0)
    except OverflowError:  # the calendar begins with the year 1, where nothing lies before
        return date
