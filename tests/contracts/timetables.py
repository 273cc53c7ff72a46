"""What a DAG's timetable promises; the schedules are those that every Airflow has by default, in UTC."""

import datetime as dt
from itertools import islice, pairwise

import pytest

from airflow_run_groups.domain import DagRunInfo, DataInterval, TimetableFailed
from tests.contracts.world import World, facts, utc

DAILY = "0 0 * * *"
SIX_HOURS = dt.timedelta(hours=6)


class TimetableContract:
    @pytest.mark.parametrize(("schedule", "periodic"), [(DAILY, True), (SIX_HOURS, True), (None, False)])
    def test_a_schedule_that_yields_dates_is_periodic(self, world: World, schedule, periodic):
        world.dag("a", schedule=schedule)
        assert facts(world, "a").timetable.periodic is periodic

    @pytest.mark.parametrize("schedule", [DAILY, SIX_HOURS, None])
    def test_none_of_these_schedules_is_partitioned(self, world: World, schedule):
        world.dag("a", schedule=schedule)
        assert facts(world, "a").timetable.partitioned is False

    def test_both_ends_of_a_range_belong_to_it(self, world: World):
        world.dag("a", schedule=DAILY)
        assert dates(world, utc(2021, 1, 1), utc(2021, 1, 3)) == [utc(2021, 1, 1), utc(2021, 1, 2), utc(2021, 1, 3)]

    def test_a_range_of_one_moment_holds_that_moment_or_nothing(self, world: World):
        world.dag("a", schedule=DAILY)
        assert dates(world, utc(2021, 1, 1), utc(2021, 1, 1)) == [utc(2021, 1, 1)]
        assert dates(world, utc(2021, 1, 1, 12), utc(2021, 1, 1, 12)) == []

    @pytest.mark.parametrize("schedule", [DAILY, SIX_HOURS, None])
    def test_a_range_that_ends_before_it_starts_holds_nothing(self, world: World, schedule):
        world.dag("a", schedule=schedule)
        assert dates(world, utc(2021, 1, 2), utc(2021, 1, 1)) == []

    def test_a_range_may_start_between_dates_and_with_a_fraction_of_a_second(self, world: World):
        world.dag("a", schedule=DAILY)
        assert dates(world, utc(2021, 1, 1, 0, 0, 0, 1), utc(2021, 1, 2, 23, 59, 59, 999999)) == [utc(2021, 1, 2)]
        assert dates(world, utc(2020, 12, 31, 23, 59, 59, 999999), utc(2021, 1, 1)) == [utc(2021, 1, 1)]

    def test_a_range_may_come_with_any_offset(self, world: World):
        world.dag("a", schedule=DAILY)
        midnight_in_tokyo = dt.datetime(2021, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=9)))
        assert dates(world, midnight_in_tokyo, midnight_in_tokyo + dt.timedelta(days=1)) == [utc(2021, 1, 2)]

    def test_a_cron_date_works_on_its_own_moment_and_may_run_from_then_on(self, world: World):
        world.dag("a", schedule="30 4 * * 1")
        monday = utc(2021, 1, 4, 4, 30)
        assert infos(world, utc(2021, 1, 1), utc(2021, 1, 8)) == [exactly(monday)]

    def test_a_timedelta_counts_from_where_the_range_starts(self, world: World):
        world.dag("a", schedule=SIX_HOURS)
        start = utc(2021, 1, 1, 0, 7, 0, 5)
        end = start + 2 * SIX_HOURS
        assert infos(world, start, end) == [exactly(start), exactly(start + SIX_HOURS), exactly(end)]
        assert len(infos(world, start, end - dt.timedelta(microseconds=1))) == 2

    def test_without_a_schedule_a_range_holds_nothing(self, world: World):
        world.dag("a", schedule=None)
        assert dates(world, utc(2021, 1, 1), utc(2022, 1, 1)) == []

    @pytest.mark.parametrize("schedule", ["*/7 * * * *", "0 0 29 2 *", dt.timedelta(minutes=11)])
    def test_dates_ascend_without_a_repeat(self, world: World, schedule):
        world.dag("a", schedule=schedule)
        found = first_dates(world, 30, utc(1970, 1, 1), utc(2200, 1, 1))
        assert len(found) == 30
        assert all(earlier < later for earlier, later in pairwise(found))

    @pytest.mark.parametrize("schedule", ["* * * * *", dt.timedelta(seconds=1)])
    def test_the_first_dates_of_centuries_cost_no_more_than_themselves(self, world: World, schedule):
        world.dag("a", schedule=schedule)
        assert first_dates(world, 1, utc(1800, 1, 1), utc(2900, 1, 1)) == [utc(1800, 1, 1)]

    def test_the_dags_own_dates_play_no_part(self, world: World):
        world.dag("a", schedule=DAILY, start_date=utc(2022, 1, 1), end_date=utc(2022, 1, 2))
        assert dates(world, utc(2021, 1, 1), utc(2021, 1, 2)) == [utc(2021, 1, 1), utc(2021, 1, 2)]
        assert dates(world, utc(2023, 1, 1), utc(2023, 1, 2)) == [utc(2023, 1, 1), utc(2023, 1, 2)]

    def test_a_schedule_that_fails_is_refused(self, world: World):
        world.dag("a", schedule="0 0 30 2 *")
        with pytest.raises(TimetableFailed):
            dates(world, utc(2021, 1, 1), utc(2022, 1, 1))

    def test_a_schedule_that_does_not_advance_is_refused_at_the_date_where_it_stands(self, world: World):
        world.dag("a", schedule=dt.timedelta(0))
        assert first_dates(world, 1, utc(2021, 1, 1), utc(2022, 1, 1)) == [utc(2021, 1, 1)]
        with pytest.raises(TimetableFailed):
            first_dates(world, 2, utc(2021, 1, 1), utc(2022, 1, 1))

    @pytest.mark.parametrize("schedule", [DAILY, SIX_HOURS, None])
    def test_a_manual_run_works_on_its_own_moment(self, world: World, schedule):
        world.dag("a", schedule=schedule)
        moment = utc(2021, 1, 1, 13, 14, 15, 16)
        interval = facts(world, "a").timetable.manual_interval(moment)
        assert interval == DataInterval(start=moment, end=moment)


def infos(world: World, start, end):
    return list(facts(world, "a").timetable.infos_between(start, end))


def dates(world: World, start, end):
    return [info.logical_date for info in infos(world, start, end)]


def first_dates(world: World, count, start, end):
    found = islice(facts(world, "a").timetable.infos_between(start, end), count)
    return [info.logical_date for info in found]


def exactly(moment):
    return DagRunInfo(logical_date=moment, data_interval=DataInterval(start=moment, end=moment), run_after=moment)
