"""Airflow's own timetables behind the domain's port."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pendulum
from airflow.timetables.base import (
    DagRunInfo as AirflowsDagRunInfo,
    DataInterval as AirflowsDataInterval,
    TimeRestriction,
    Timetable as AirflowsTimetable,
)
from airflow.timetables.interval import _DataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.croniter_cache import parsing_once
from airflow_run_groups.domain.errors import Refused, TimetableFailed
from airflow_run_groups.domain.timetable import DagRunInfo, DataInterval, Interval


class AirflowTimetable:
    """One DAG's timetable. Airflow's own walk along it would hide a failure, so this class walks by itself."""

    def __init__(self, dag_id: str, timetable: AirflowsTimetable) -> None:
        self._failure = f"the timetable of DAG {dag_id!r} failed"
        self._timetable = parsing_once(timetable)

    @property
    def periodic(self) -> bool:
        try:
            return bool(self._timetable.periodic)
        except Exception as error:  # a DAG may have been stored without its timetable
            raise TimetableFailed(self._failure, f"{type(error).__name__}: {error}") from error

    @property
    def partitioned(self) -> bool:
        return compat.partitioned(self._timetable)

    @property
    def _aligns(self) -> bool:
        """Whether only its first date depends on the start: Airflow's own data intervals follow on each other.

        They would look for the first date again, each time (_DataIntervalTimetable.next_dagrun_info, 3.0 to 3.3).
        """
        return type(self._timetable).__module__ == _DataIntervalTimetable.__module__

    def infos_between(self, start: dt.datetime, end: dt.datetime) -> Iterator[DagRunInfo]:
        """Yield them as the port promises.

        A trigger timetable with an interval bounds the moment of the run, which lies behind the logical date. So the
        restriction has a start only, and the dates themselves decide which of them are in the range.
        """
        if not self.periodic or self.partitioned:
            return
        restriction = TimeRestriction(earliest=_pendulum(start), latest=None, catchup=True)
        aligned = TimeRestriction(earliest=None, latest=None, catchup=True) if self._aligns else restriction
        last = None
        previous = None
        while True:
            try:
                last = compat.next_dagrun_info(self._timetable, last, restriction if last is None else aligned)
            except Exception as error:
                raise TimetableFailed(self._failure, f"{type(error).__name__}: {error}") from error
            if last is None:
                return
            info = self._info(last)
            if previous is not None and info.logical_date <= previous:
                raise TimetableFailed(self._failure, f"it does not advance beyond {previous.isoformat()}")
            previous = info.logical_date
            if info.logical_date > end:
                return
            if info.logical_date >= start:
                yield info

    def manual_interval(self, run_after: dt.datetime) -> DataInterval:
        try:
            interval = self._timetable.infer_manual_data_interval(run_after=_pendulum(run_after))
        except Exception as error:
            raise TimetableFailed(self._failure, f"{type(error).__name__}: {error}") from error
        return self._interval(interval)

    def _info(self, info: AirflowsDagRunInfo) -> DagRunInfo:
        interval = self._interval(info.data_interval)
        return DagRunInfo(logical_date=interval.start, data_interval=interval, run_after=_utc(info.run_after))

    def _interval(self, interval: AirflowsDataInterval | None) -> DataInterval:
        if interval is None:
            raise TimetableFailed(self._failure, "it gives a date without a data interval")
        try:
            return DataInterval(start=_utc(interval.start), end=_utc(interval.end))
        except ValueError as error:
            raise TimetableFailed(self._failure, error) from error


def timetable_of(interval: Interval, *, dag_id: str, timezone: Any) -> AirflowTimetable:
    """Return the timetable that Airflow makes of a DAG's ``schedule`` that is a cron expression, or a timedelta.

    :raises Refused: when it is no cron expression.
    """
    if isinstance(interval, dt.timedelta):
        return AirflowTimetable(dag_id, DeltaTriggerTimetable(interval))
    try:
        timetable = CronTriggerTimetable(interval, timezone=timezone)
        timetable.validate()
    except Exception as error:  # croniter's own, or Airflow's
        msg = f"interval {interval!r} is no cron expression: {error}"
        raise Refused(msg) from error
    return AirflowTimetable(dag_id, timetable)


def _pendulum(date: dt.datetime) -> pendulum.DateTime:
    return pendulum.instance(date.astimezone(dt.timezone.utc))


def _utc(date: dt.datetime) -> dt.datetime:
    """Return the moment as a plain datetime: what the domain compares, formats and shows is of one kind."""
    date = date.astimezone(dt.timezone.utc)
    return dt.datetime.combine(date.date(), date.time(), dt.timezone.utc)
