"""Timetables of cron expressions, whatever they are, give the dates that Airflow's own walk gives, and look for each tick once."""

import datetime as dt
from collections import Counter
from itertools import pairwise

import pendulum
import pytest
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import MultipleCronTriggerTimetable
from croniter import croniter
from hypothesis import assume, example, given, settings, strategies as st

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.compat import SerializedDAG
from airflow_run_groups.adapters.airflow.timetables import AirflowTimetable
from airflow_run_groups.domain import TimetableFailed

DATES = 40
END = pendulum.datetime(2500, 1, 1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia")


def field(least, most, *others):
    number = st.integers(least, most)
    spans = st.tuples(number, number).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    steps = st.integers(2, 30).map(lambda step: f"*/{step}")
    lists = st.lists(number, min_size=1, max_size=3, unique=True).map(lambda items: ",".join(map(str, sorted(items))))
    return st.one_of(st.just("*"), lists, spans, steps, *map(st.just, others))


MINUTE, HOUR = (st.integers(0, most).map(str) for most in (59, 23))
ONCE_A_DAY = st.tuples(MINUTE, HOUR).map(" ".join)
OF_A_DAY = st.one_of(ONCE_A_DAY, ONCE_A_DAY, st.tuples(field(0, 59), field(0, 23)).map(" ".join))
DAYS_OF_A_MONTH = st.tuples(field(1, 31, "l"), field(1, 12)).map(" ".join)
DAYS_OF_A_WEEK = field(0, 6, "mon#1", "sat#3", "l5", "7", "mon-fri")
CRONS = st.tuples(OF_A_DAY, st.just("* *") | DAYS_OF_A_MONTH, DAYS_OF_A_WEEK).map(" ".join)
STARTS = st.datetimes(dt.datetime(1995, 1, 1), dt.datetime(2035, 1, 1), timezones=st.just(dt.timezone.utc))


def by_airflow(timetable, start, count):
    """Ask the timetable itself for its dates, each time anew."""
    last = None
    for _ in range(count):
        restriction = TimeRestriction(earliest=pendulum.instance(start), latest=None, catchup=True)
        last = compat.next_dagrun_info(timetable, last, restriction)
        if last is None:
            return
        yield last.data_interval.start, last.data_interval.end, last.run_after


def by_us(timetable, start, count, end=END):
    walk = AirflowTimetable("a_dag", timetable, lambda: None).infos_between(start, end)
    return [
        (info.data_interval.start, info.data_interval.end, info.run_after)
        for info, _ in zip(walk, range(count), strict=False)
    ]


def can_be(crons):
    """Tell whether each has dates, which Airflow finds before long."""
    try:
        return all(croniter(one, dt.datetime(2020, 1, 1), max_years_between_matches=8).get_next() for one in crons)
    except ValueError:
        return False


@settings(max_examples=40, deadline=None)
@given(crons=st.lists(CRONS, min_size=1, max_size=4), zone=st.sampled_from(ZONES), start=STARTS, kind=st.integers(0, 2))
@example(
    crons=["*/30 * * * *", "15 2 * * *"],
    zone="Australia/Lord_Howe",
    start=dt.datetime(2024, 4, 6, 12, tzinfo=dt.timezone.utc),
    kind=0,
)
@example(
    crons=["30 1,2 * * *"],
    zone="Europe/Berlin",
    start=dt.datetime(2024, 10, 26, 20, 3, 0, 7, tzinfo=dt.timezone.utc),
    kind=2,
)
@example(
    crons=["0 0 29 2 *", "0 0 l * *"],
    zone="America/Sao_Paulo",
    start=dt.datetime(2017, 10, 14, tzinfo=dt.timezone.utc),
    kind=1,
)
@example(crons=["* * * 9 *"], zone="Pacific/Apia", start=dt.datetime(2011, 1, 1, tzinfo=dt.timezone.utc), kind=2)
@example(crons=["0 0 1 * *"], zone="UTC", start=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), kind=0)
@example(crons=["30 6 * * 1-5"], zone="Europe/Berlin", start=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), kind=2)
def test_their_dates_are_those_of_airflow(crons, zone, start, kind):
    assume(can_be(crons))
    timetable = (
        MultipleCronTriggerTimetable(*crons, timezone=zone),
        MultipleCronTriggerTimetable(*crons, timezone=zone, interval=dt.timedelta(hours=5)),
        CronDataIntervalTimetable(crons[0], timezone=zone),
    )[kind]
    first = start - dt.timedelta(hours=5) if kind == 1 else start  # Airflow bounds the moment of the run
    dates = list(by_airflow(timetable, start, DATES))
    if all(one < other for one, other in pairwise(dates)):
        assert by_us(timetable, first, DATES) == dates
        return
    # where a clock is put back, an older Airflow gives one date again and again
    with pytest.raises(TimetableFailed, match="does not advance"):
        by_us(timetable, first, DATES)


@settings(max_examples=12, deadline=None)
@given(
    crons=st.lists(CRONS, min_size=1, max_size=3), zone=st.sampled_from(ZONES), start=STARTS, days=st.integers(0, 60)
)
def test_a_range_has_the_dates_of_airflows_own_walk(crons, zone, start, days):
    assume(can_be(crons))
    timetable = MultipleCronTriggerTimetable(*crons, timezone=zone)
    dag = SerializedDAG(dag_id="a_dag")
    dag.timetable, end = timetable, start + dt.timedelta(days=days)
    infos = dag.iter_dagrun_infos_between(pendulum.instance(start), pendulum.instance(end))
    expected = [info.logical_date for info, _ in zip(infos, range(DATES), strict=False)]
    assert [date for date, _, _ in by_us(timetable, start, DATES, end)] == expected


START = dt.datetime(2024, 2, 27, 3, 17, tzinfo=dt.timezone.utc)
THREE = ("0 0 * * *", "30 6 * * 1-5", "0 12 1 * *")


@pytest.mark.parametrize(
    ("timetable", "most"),
    [
        (MultipleCronTriggerTimetable(*THREE, timezone="Europe/Berlin"), 40),
        (AssetOrTimeSchedule(timetable=MultipleCronTriggerTimetable(*THREE, timezone="UTC"), assets=[]), 40),
        (CronDataIntervalTimetable("0 0 * * *", timezone="Europe/Berlin"), 10),
        (CronDataIntervalTimetable("0 0 1,15 * *", timezone="Europe/Berlin"), 310),
        (MultipleCronTriggerTimetable("0 0 1,15 * *", "0 12 l * *", timezone="Europe/Berlin"), 310),
    ],
)
def test_each_tick_is_looked_for_once_and_each_expression_parsed_a_few_times(monkeypatch, timetable, most):
    done = Counter()
    for name in ("get_next", "get_prev", "__init__"):
        original = getattr(croniter, name)

        def counted(*args, name=name, original=original, **more):
            done[name] += 1
            return original(*args, **more)

        monkeypatch.setattr(croniter, name, counted)
    assert len(by_us(timetable, START, 300)) == 300
    assert 0 < done["get_next"] + done["get_prev"] < most
    assert 0 < done["__init__"] < 10


def test_airflows_own_timetables_stay_as_they_are():
    timetable = MultipleCronTriggerTimetable(*THREE, timezone="UTC")
    parts = list(vars(timetable)["_timetables"])
    before = [dict(vars(one)) for one in parts]
    by_us(timetable, START, 3)
    assert vars(timetable)["_timetables"] == parts
    assert [dict(vars(one)) for one in parts] == before
