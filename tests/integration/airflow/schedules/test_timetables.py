"""A timetable is walked as Airflow walks it, with what takes long left out."""

import datetime as dt

import pendulum
import pytest
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.timetables import AirflowTimetable

START = pendulum.datetime(2024, 2, 27, 3, 17)


class EveryOther(CronTriggerTimetable):
    """A timetable of a site's own: it leaves out every other date of its expression."""

    def _get_next(self, current):
        return super()._get_next(super()._get_next(current))


class ByDay(CronTriggerTimetable):
    """A timetable of a site's own: it has another expression on Sundays."""

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        last = last_automated_data_interval
        sunday = last is not None and last.end.day_of_week == 0
        setattr(self, "_expression", "0 12 * * *" if sunday else "0 6 * * *")  # noqa: B010 - a private name of Airflow's
        return super().next_dagrun_info(last_automated_data_interval=last, restriction=restriction)


class Counted(str):
    """A cron expression that counts how often it is read."""

    __slots__ = ()
    read = 0

    def lower(self):
        type(self).read += 1
        return super().lower()


def walk(timetable, count):
    """Ask the timetable itself for its dates, each time anew."""
    last = None
    for _ in range(count):
        last = compat.next_dagrun_info(timetable, last, TimeRestriction(earliest=START, latest=None, catchup=True))
        yield last.logical_date, last.data_interval.end, last.run_after


def walked(timetable, count):
    infos = AirflowTimetable("a_dag", timetable, lambda: None).infos_between(START, pendulum.datetime(2600, 1, 1))
    for info, _ in zip(infos, range(count), strict=False):
        yield info.logical_date, info.data_interval.end, info.run_after


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    "expression",
    [
        "0 0 * * *",
        "30 2 * * *",
        "@hourly",
        "*/20 * * * *",
        "*/7 1-3 * * 0,6",
        "0 12 31 * *",
        "0 9 29 2 *",
        "15 4 * * mon#2",
        "0 0 l * *",
    ],
)
@pytest.mark.parametrize("kind", [CronTriggerTimetable, CronDataIntervalTimetable, EveryOther, ByDay])
def test_a_cron_gives_the_dates_that_it_gives_airflow(kind, expression, zone):
    timetable = kind(expression, timezone=zone)
    count = 20 if "29 2" in expression else 250
    assert list(walked(timetable, count)) == list(walk(timetable, count))


def test_two_walks_along_one_timetable_do_not_meet():
    timetable = AirflowTimetable("a_dag", CronTriggerTimetable("0 0 * * *", timezone="UTC"), lambda: None)
    march, may = (
        timetable.infos_between(dt.datetime(2024, month, 1, tzinfo=dt.timezone.utc), START.add(years=1))
        for month in (3, 5)
    )
    pairs = [(next(march).logical_date.month, next(may).logical_date.month) for _ in range(20)]
    assert pairs == [(3, 5)] * 20


@pytest.mark.parametrize("kind", [CronTriggerTimetable, CronDataIntervalTimetable])
def test_an_expression_is_parsed_a_few_times_and_not_for_each_date(kind):
    timetable = kind("0 0 * * *", timezone="UTC")
    setattr(timetable, "_expression", Counted("0 0 * * *"))  # noqa: B010 - a private name of Airflow's
    Counted.read = 0
    assert len(list(walked(timetable, 300))) == 300
    assert 0 < Counted.read < 20


def test_airflows_own_timetable_stays_as_it_is():
    timetable = CronTriggerTimetable("0 0 * * *", timezone="UTC")
    before = dict(vars(timetable))
    list(walked(timetable, 3))
    assert vars(timetable) == before
