"""A plugin of an Airflow installation: timetables as nobody should write them."""

import datetime as dt

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable


class Daily(Timetable):
    """Every midnight from the start of the range."""

    def infer_manual_data_interval(self, *, run_after):
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        last = last_automated_data_interval
        return DagRunInfo.exact(self.after(last.start) if last else restriction.earliest)

    def after(self, date):
        return date + dt.timedelta(days=1)


class RaisesHalfway(Daily):
    def after(self, date):
        if date.day == 3:
            msg = "the calendar service is down"
            raise ConnectionError(msg)
        return super().after(date)


class RaisesAtLength(Daily):
    def after(self, date):
        raise ValueError("x" * 2_000_000)


class Mute(Exception):
    def __str__(self):
        raise KeyError


class RaisesWithoutWords(Daily):
    def after(self, date):
        raise Mute


class StandsStill(Daily):
    def after(self, date):
        return date


class GoesBack(Daily):
    def after(self, date):
        return date - dt.timedelta(days=1)


class RaisesForManualRuns(Daily):
    def infer_manual_data_interval(self, *, run_after):
        raise NotImplementedError


class CannotBeReadBack(Daily):
    @classmethod
    def deserialize(cls, data):
        msg = "an older version of it was serialized"
        raise KeyError(msg)


class BrokenTimetables(AirflowPlugin):
    name = "broken_timetables"
    timetables = [  # noqa: RUF012 - Airflow's
        RaisesHalfway,
        RaisesAtLength,
        RaisesWithoutWords,
        StandsStill,
        GoesBack,
        RaisesForManualRuns,
        CannotBeReadBack,
    ]
