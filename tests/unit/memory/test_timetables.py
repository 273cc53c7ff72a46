"""What only the in-memory schedules say of themselves."""

import datetime as dt
from itertools import islice

import pytest

from airflow_run_groups.adapters.memory.timetables import timetable_of
from airflow_run_groups.domain import Refused
from tests.contracts.world import utc

FIRST = dt.datetime.min.replace(tzinfo=dt.timezone.utc)
LAST = dt.datetime.max.replace(tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("preset", "dates"),
    [
        ("@hourly", [utc(2021, 1, 1, 1), utc(2021, 1, 1, 2)]),
        ("@daily", [utc(2021, 1, 2), utc(2021, 1, 3)]),
        ("@monthly", [utc(2021, 2, 1), utc(2021, 3, 1)]),
    ],
)
def test_airflows_presets_are_understood(preset, dates):
    assert some_dates(preset, utc(2021, 1, 1, 0, 30), LAST) == dates


@pytest.mark.parametrize("expression", ["every now and then", "@once", "* * * *", "99 * * * *", ""])
def test_what_is_no_cron_expression_is_refused_when_dates_are_asked_for(expression):
    with pytest.raises(Refused, match=r"the schedule '.*' fails"):
        some_dates(expression, utc(2021, 1, 1), LAST)


@pytest.mark.parametrize("delta", [dt.timedelta(0), dt.timedelta(days=-1)])
def test_a_timedelta_that_does_not_advance_is_refused_after_its_first_date(delta):
    dates = timetable_of(delta).infos_between(utc(2021, 1, 1), LAST)
    assert next(dates).logical_date == utc(2021, 1, 1)
    with pytest.raises(Refused, match="does not advance beyond 2021-01-01"):
        next(dates)


@pytest.mark.parametrize(
    ("schedule", "count"), [("0 0 * * *", 0), ("0 0 1 1 *", 0), ("* * * * *", 2), (dt.timedelta(days=400), 1)]
)
def test_dates_end_with_the_calendar(schedule, count):
    assert len(some_dates(schedule, utc(9999, 12, 31, 23, 58), LAST, count=9)) == count


@pytest.mark.parametrize("schedule", ["0 0 * * *", dt.timedelta(days=1)])
def test_a_range_may_start_with_the_calendar(schedule):
    assert some_dates(schedule, FIRST, LAST)[-1] <= utc(1, 1, 3)
    assert some_dates(schedule, utc(1, 1, 2), LAST) == [utc(1, 1, 2), utc(1, 1, 3)]


def test_dates_are_in_utc_whatever_offset_the_range_has():
    tokyo = dt.timezone(dt.timedelta(hours=9))
    for schedule in ("0 0 * * *", dt.timedelta(days=1)):
        for date in some_dates(schedule, dt.datetime(2021, 1, 1, tzinfo=tokyo), LAST):
            assert date.tzinfo is dt.timezone.utc


def some_dates(schedule, start, end, *, count=2):
    return [info.logical_date for info in islice(timetable_of(schedule).infos_between(start, end), count)]
