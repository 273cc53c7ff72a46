"""Airflow's own timetables behind the domain's port."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pendulum
from airflow.timetables._cron import CronMixin
from airflow.timetables.base import (
    DagRunInfo as AirflowsDagRunInfo,
    DataInterval as AirflowsDataInterval,
    TimeRestriction,
    Timetable as AirflowsTimetable,
)
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.croniter_cache import parsing_once
from airflow_run_groups.adapters.airflow.database.deadlines import Overdue
from airflow_run_groups.adapters.cron import NO_INTERVAL, RANDOM, check_interval, is_random
from airflow_run_groups.domain.errors import DeadlineExceeded, Refused, TimetableFailed, words_of
from airflow_run_groups.domain.timetable import DagRunInfo, DataInterval, Interval


class AirflowTimetable:
    """One of Airflow's timetables. Airflow's own walk along it would hide a failure, so this class walks by itself."""

    def __init__(self, name: str, timetable: AirflowsTimetable, check_time: Callable[[], None]) -> None:
        """Walk along this timetable; ``name`` is what errors call it.

        :param check_time: called before each date; it raises Overdue when the walk has lasted for too long.
        """
        self._name = name
        self._failure = f"{name} failed"
        self._timetable = parsing_once(timetable)
        self._check_time = check_time

    @classmethod
    def of_dag(cls, dag_id: str, timetable: AirflowsTimetable, check_time: Callable[[], None]) -> "AirflowTimetable":
        """Return that of a DAG."""
        return cls(f"the timetable of DAG {dag_id!r}", timetable, check_time)

    @property
    def periodic(self) -> bool:
        return self._says("periodic")

    @property
    def is_scheduled(self) -> bool:
        """Whether Airflow creates runs by it."""
        return self._says("can_be_scheduled")

    @property
    def counts_from_last_run(self) -> bool:
        """Whether its dates may follow from the run before: those of a cron expression follow from the clock alone."""
        return self.periodic and not any(True for _ in _cron_expressions(self._timetable))

    @property
    def partitioned(self) -> bool:
        with self._failing_as_timetable():
            return compat.partitioned(self._timetable)

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        """Yield them as the port promises.

        A trigger timetable with an interval bounds the moment of the run, which lies behind the logical date. So the
        restriction has a start only, and the dates themselves decide which of them are in the range.
        """
        if not self.periodic or self.partitioned:
            return
        with self._failing_as_timetable():
            is_left_to_chance = any(map(is_random, _cron_expressions(self._timetable)))
        if is_left_to_chance:
            raise TimetableFailed(self._failure, RANDOM)
        restriction = TimeRestriction(earliest=_pendulum(start), latest=None, catchup=True)
        last = None
        previous = None
        dates = 0
        while True:
            self._check_dates(dates)
            with self._failing_as_timetable():
                last = compat.next_dagrun_info(self._timetable, last, restriction)
                info = None if last is None else self._info(last)
            if info is None:
                return
            dates += 1
            if previous is not None and info.logical_date <= previous:
                raise TimetableFailed(self._failure, f"it does not advance beyond {previous.isoformat()}")
            previous = info.logical_date
            if info.logical_date > end:
                return
            if info.logical_date >= start:
                yield info

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        self._check_dates(0)
        with self._failing_as_timetable():
            return self._interval(self._timetable.infer_manual_data_interval(run_after=_pendulum(run_after)))

    def _says(self, name: str) -> bool:
        with self._failing_as_timetable():  # a DAG may have been stored without its timetable
            return bool(getattr(self._timetable, name))

    def _check_dates(self, dates: int) -> None:
        try:
            self._check_time()
        except Overdue as error:
            msg = (
                f"{self._name} is too slow: it gave {dates} dates in the time that there is; request fewer at a time, with "
                "limit and partial, or for a shorter range"
            )
            raise DeadlineExceeded(msg) from error

    @contextmanager
    def _failing_as_timetable(self) -> Iterator[None]:
        """Let what it raises say whose it is, SystemExit and its kind, too, which would end the process."""
        try:
            yield
        except TimetableFailed:
            raise
        except BaseException as error:
            raise TimetableFailed(self._failure, error) from error

    def _info(self, info: AirflowsDagRunInfo) -> DagRunInfo:
        interval = self._interval(info.data_interval)
        return DagRunInfo(logical_date=interval.start, data_interval=interval, run_after=plain(info.run_after))

    def _interval(self, interval: AirflowsDataInterval | None) -> DataInterval:
        if interval is None:
            raise TimetableFailed(self._failure, "it gives a date without a data interval")
        try:
            return DataInterval(start=plain(interval.start), end=plain(interval.end))
        except ValueError as error:
            raise TimetableFailed(self._failure, str(error)) from error


def timetable_of(interval: Interval, *, timezone: Any, check_time: Callable[[], None]) -> AirflowTimetable:
    """Return the timetable that Airflow makes of a DAG's ``schedule`` that is a cron expression, or a timedelta.

    :raises Refused: when it is not a cron expression, or one that leaves its dates to chance.
    """
    name = f"interval {str(interval)!r}"
    if isinstance(interval, dt.timedelta):
        return AirflowTimetable(name, DeltaTriggerTimetable(interval), check_time)
    try:
        timetable = CronTriggerTimetable(interval, timezone=timezone)
        timetable.validate()
    except Exception as error:  # croniter's own, or Airflow's
        msg = f"interval {interval!r} {NO_INTERVAL}: {words_of(error)}"
        raise Refused(msg) from error
    check_interval(interval)
    return AirflowTimetable(name, timetable, check_time)


def _cron_expressions(timetable: Any) -> Iterator[str]:
    """Yield the cron expressions of Airflow's own timetables, and of those that they are made of."""
    if isinstance(timetable, CronMixin):
        yield timetable._expression  # noqa: SLF001 - it has no other name
    for inner in (*getattr(timetable, "_timetables", ()), getattr(timetable, "timetable", None)):
        if inner is not None:
            yield from _cron_expressions(inner)


def _pendulum(date: dt.datetime) -> pendulum.DateTime:
    return pendulum.instance(date.astimezone(dt.timezone.utc))


def plain(date: dt.datetime) -> dt.datetime:
    """Return the moment as a plain datetime: what the domain compares, formats and shows is of one kind."""
    if date.tzinfo is not pendulum.UTC:  # in which Airflow's timetables give them; pendulum takes long to convert
        date = date.astimezone(dt.timezone.utc)
    moment = date.year, date.month, date.day, date.hour, date.minute, date.second, date.microsecond
    return dt.datetime(*moment, tzinfo=dt.timezone.utc)
