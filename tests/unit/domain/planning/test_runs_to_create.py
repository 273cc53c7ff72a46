"""Which dates get a run, under which ids, and when a request is refused."""

import datetime as dt
from itertools import count

import pytest

from airflow_run_groups.domain import (
    MAX_CONF_BYTES,
    MAX_LIMIT,
    Dag,
    DagRunType,
    DataInterval,
    GroupRequest,
    InvalidConf,
    Refused,
)
from tests.unit.domain.schedules import (
    DAY,
    NOW,
    Daily,
    Listed,
    Partitioned,
    Unscheduled,
    create,
    dates,
    day,
    run_ids,
    utc,
)


class TestARange:
    def test_holds_every_date_of_the_schedule_with_both_ends(self):
        assert dates(create(start_date=day(2), end_date=day(4))) == [day(2), day(3), day(4)]

    def test_without_an_end_reaches_up_to_now(self):
        assert dates(create(start_date=day(2), now=day(3))) == [day(2), day(3)]

    def test_gives_each_run_what_the_schedule_says_of_its_date(self):
        (run,) = create(start_date=day(1), end_date=day(1), timetable=Daily(runs_after=DAY)).runs
        assert run.data_interval == DataInterval(start=day(1), end=day(2))
        assert run.run_after == day(2)

    def test_leaves_out_a_date_whose_run_may_not_start_before_later(self):
        timetable = Daily(runs_after=DAY)
        assert dates(create(start_date=day(1), timetable=timetable, now=day(3))) == [day(1), day(2)]

    def test_that_reaches_into_the_future_ends_now(self):
        assert dates(create(start_date=day(1), end_date=day(900), now=day(2))) == [day(1), day(2)]

    def test_that_starts_now_is_not_in_the_future(self):
        assert dates(create(start_date=day(2), now=day(2))) == [day(2)]

    def test_between_two_dates_holds_none_which_is_no_error(self):
        created = create(start_date=day(1) + dt.timedelta(hours=1), end_date=day(1) + dt.timedelta(hours=2))
        assert (created.runs, created.existing, created.next_start_date) == ((), 0, None)

    def test_wholly_in_the_future_is_refused(self):
        with pytest.raises(Refused, match=r"start_date 2021-01-03T00:00:00Z lies in the future.*2021-01-02"):
            create(start_date=day(3), now=day(2))

    def test_needs_a_start(self):
        with pytest.raises(Refused, match="end_date needs a start_date"):
            create(end_date=day(3))

    def test_cannot_end_before_it_starts(self):
        with pytest.raises(Refused, match=r"end_date 2021-01-02T00:00:00Z lies before start_date 2021-01-03"):
            create(start_date=day(3), end_date=day(2))

    def test_may_come_with_any_offset(self):
        tokyo = dt.timezone(dt.timedelta(hours=9))
        created = create(start_date=dt.datetime(2021, 1, 2, 9, tzinfo=tokyo), end_date=day(2))
        assert run_ids(created) == ["manual_0000001_2021-01-02T00:00:00"]


class TestTheDagsOwnDates:
    dag = Dag(dag_id="a_dag", start_date=day(3), end_date=day(5))

    def test_bound_a_range_which_says_so(self):
        created = create(dag=self.dag, start_date=day(1), end_date=day(9))
        assert dates(created) == [day(3), day(4), day(5)]
        assert created.warnings == (
            "the range begins before the DAG's first date, 2021-01-03T00:00:00Z: no runs before it",
            "the range ends after the DAG's last date, 2021-01-05T00:00:00Z: no runs after it",
        )

    def test_are_both_inclusive_and_need_no_warning(self):
        created = create(dag=self.dag, start_date=day(3), end_date=day(5))
        assert dates(created) == [day(3), day(4), day(5)]
        assert created.warnings == ()

    def test_may_be_touched_by_a_range_at_either_end(self):
        assert dates(create(dag=self.dag, start_date=day(1), end_date=day(3))) == [day(3)]
        assert dates(create(dag=self.dag, start_date=day(5), end_date=day(9))) == [day(5)]

    def test_refuse_a_range_before_the_first(self):
        with pytest.raises(
            Refused, match=r"2021-01-02T00:00:00Z lies before the first date of DAG 'a_dag', 2021-01-03"
        ):
            create(dag=self.dag, start_date=day(1), end_date=day(2))

    def test_refuse_a_range_up_to_now_when_the_dag_starts_later(self):
        with pytest.raises(Refused, match="lies before the first date"):
            create(dag=self.dag, start_date=day(1), now=day(2))

    def test_refuse_a_range_after_the_last(self):
        with pytest.raises(Refused, match=r"2021-01-06T00:00:00Z lies after the last date of DAG 'a_dag', 2021-01-05"):
            create(dag=self.dag, start_date=day(6), end_date=day(9))

    def test_bound_a_single_run_too(self):
        for request in ({}, {"start_date": day(6)}, {"start_date": day(2)}):
            with pytest.raises(Refused, match="date of DAG 'a_dag'"):
                create(dag=self.dag, timetable=Unscheduled(), **request)


class TestASingleRun:
    def test_is_made_now_when_no_date_is_given(self):
        for timetable in (Daily(), Unscheduled()):
            (run,) = create(timetable=timetable).runs
            assert (run.logical_date, run.run_after) == (NOW, NOW)
            assert run.run_id == "manual_0000001_2024-06-01T12:30:15.123456"

    def test_works_on_the_interval_that_the_timetable_gives_a_manual_run(self):
        (now,) = create().runs
        assert now.data_interval == DataInterval(start=NOW - DAY, end=NOW)
        (then,) = create(timetable=Unscheduled(), start_date=day(5)).runs
        assert then.data_interval == DataInterval(start=day(4), end=day(5))

    def test_is_made_at_the_start_when_the_dag_has_no_periodic_schedule(self):
        for request in ({"start_date": day(5)}, {"start_date": day(5), "end_date": day(5)}):
            (run,) = create(timetable=Unscheduled(), **request).runs
            assert (run.logical_date, run.run_after) == (day(5), NOW)

    def test_is_not_made_where_there_is_a_run_already(self):
        created = create(timetable=Unscheduled(), start_date=day(5), existing_dates=[day(5), day(6)])
        assert (created.runs, created.existing) == ((), 1)

    def test_is_all_that_a_dag_without_a_periodic_schedule_has(self):
        with pytest.raises(
            Refused, match="'a_dag' has no periodic schedule, so a range holds no dates: give interval, such as PT6H"
        ):
            create(timetable=Unscheduled(), start_date=day(1), end_date=day(2))


class TestTheLimit:
    def test_refuses_a_range_with_more_dates_and_names_the_first_beyond(self):
        with pytest.raises(Refused, match=r"more than limit=3 .* 2021-01-04T00:00:00Z.*set partial to true"):
            create(start_date=day(1), end_date=day(4), limit=3)

    def test_that_is_exactly_met_refuses_nothing_and_leaves_nothing_out(self):
        for partial in (False, True):
            created = create(start_date=day(1), end_date=day(3), limit=3, partial=partial)
            assert dates(created) == [day(1), day(2), day(3)]
            assert created.next_start_date is None

    def test_creates_the_first_dates_of_a_partial_request_and_names_the_next(self):
        created = create(start_date=day(1), end_date=day(9), limit=3, partial=True)
        assert dates(created) == [day(1), day(2), day(3)]
        assert created.next_start_date == day(4)

    def test_counts_only_dates_without_a_run(self):
        created = create(start_date=day(1), end_date=day(4), limit=2, existing_dates=[day(1), day(3)])
        assert dates(created) == [day(2), day(4)]

    def test_names_as_next_a_date_without_a_run(self):
        created = create(start_date=day(1), end_date=day(9), limit=1, partial=True, existing_dates=[day(2), day(3)])
        assert created.next_start_date == day(4)

    def test_is_500_when_nobody_says_otherwise(self):
        assert GroupRequest(dag_id="a_dag").limit == MAX_LIMIT == 500

    @pytest.mark.parametrize("limit", [1, 500])
    def test_may_be_1_to_500(self, limit):
        assert len(create(start_date=day(1), limit=limit, partial=True).runs) == limit

    @pytest.mark.parametrize("limit", [0, -1, 501])
    def test_can_be_nothing_else(self, limit):
        with pytest.raises(Refused, match=f"limit must be 1 to 500, not {limit}"):
            create(start_date=day(1), limit=limit)


class TestDatesThatHaveARun:
    def test_get_none_and_are_counted(self):
        created = create(start_date=day(1), end_date=day(5), existing_dates=[day(2), day(4)])
        assert dates(created) == [day(1), day(3), day(5)]
        assert created.existing == 2

    def test_do_not_leave_a_gap_in_the_numbers(self):
        created = create(start_date=day(1), end_date=day(3), existing_dates=[day(2)])
        assert run_ids(created) == ["manual_0000001_2021-01-01T00:00:00", "manual_0000002_2021-01-03T00:00:00"]

    def test_may_lie_beside_the_schedule_and_the_range(self):
        noon = dt.timedelta(hours=12)
        existing = [day(1) - noon, day(1) + noon, day(2), day(2) + noon, day(9)]
        created = create(start_date=day(1), end_date=day(3), existing_dates=existing)
        assert dates(created) == [day(1), day(3)]
        assert created.existing == 1

    def test_that_all_have_one_leave_nothing_to_create(self):
        created = create(start_date=day(1), end_date=day(3), existing_dates=[day(1), day(2), day(3)])
        assert (created.runs, created.existing, created.next_start_date) == ((), 3, None)

    def test_are_read_no_further_than_needed(self):
        endless = (day(number) for number in count(1))
        assert create(start_date=day(1), end_date=day(3), existing_dates=endless).existing == 3
        assert next(endless) == day(4)


class TestARunsId:
    def test_has_prefix_number_and_date(self):
        created = create(prefix="group", start_date=day(9), end_date=day(11))
        assert run_ids(created) == [
            "group_0000001_2021-01-09T00:00:00",
            "group_0000002_2021-01-10T00:00:00",
            "group_0000003_2021-01-11T00:00:00",
        ]
        assert created.prefix == "group"

    def test_goes_on_from_the_groups_last_number(self):
        created = create(prefix="group_", start_date=day(1), end_date=day(2), last_number=9_999_998)
        assert run_ids(created) == ["group_9999999_2021-01-01T00:00:00", "group_10000000_2021-01-02T00:00:00"]

    @pytest.mark.parametrize("prefix", ["", "_", "my_backfill", "scheduled__", "a b", "a..b", "x" * 240, "a\n"])
    def test_with_a_prefix_that_cannot_be_is_refused_even_when_there_is_nothing_to_create(self, prefix):
        with pytest.raises(Refused):
            create(prefix=prefix, start_date=day(1), end_date=day(1), existing_dates=[day(1)])

    def test_that_only_its_number_or_date_makes_too_long_is_refused(self):
        prefix = "x" * 222
        assert len(run_ids(create(prefix=prefix, start_date=day(1), end_date=day(1)))[0]) == 250
        with pytest.raises(Refused, match="251 characters"):
            create(prefix=prefix, start_date=day(1), end_date=day(1), last_number=9_999_999)
        with pytest.raises(Refused, match="257 characters"):
            create(prefix=prefix)

    def test_must_match_the_pattern_that_airflow_is_configured_with(self):
        pattern = r"^team_[a-z0-9_T:-]+$"
        assert create(prefix="team_a", start_date=day(1), end_date=day(1), run_id_pattern=pattern).runs
        with pytest.raises(Refused, match="allowed_run_id_pattern"):
            create(prefix="manual_", start_date=day(1), end_date=day(1), run_id_pattern=pattern)


class TestADag:
    def test_with_import_errors_is_refused(self):
        with pytest.raises(Refused, match="'a_dag' has import errors"):
            create(dag=Dag(dag_id="a_dag", has_import_errors=True))

    def test_that_allows_no_manual_runs_is_refused(self):
        with pytest.raises(Refused, match="'a_dag' does not allow manual runs"):
            create(dag=Dag(dag_id="a_dag", allows_manual_runs=False))
        for run_type, allowed in (
            ("backfill", {"allows_backfill_runs": False}),
            ("manual", {"allows_manual_runs": False}),
        ):
            with pytest.raises(Refused, match=f"'a_dag' does not allow {run_type} runs .*has no '{run_type}'"):
                create(dag=Dag(dag_id="a_dag", **allowed), start_date=day(1), run_type=DagRunType(run_type))

    def test_with_partitions_is_refused(self):
        for request in ({}, {"start_date": day(1)}):
            with pytest.raises(Refused, match="'a_dag' has a partitioned timetable"):
                create(timetable=Partitioned(), **request)

    def test_that_is_paused_gets_its_runs_and_a_warning(self):
        paused = Dag(dag_id="a_dag", is_paused=True)
        (warning,) = create(dag=paused).warnings
        assert "paused" in warning
        assert create(dag=paused, start_date=day(1), end_date=day(1), existing_dates=[day(1)]).warnings == ()

    def test_whose_runs_are_all_busy_with_the_group_gets_a_warning(self):
        dag = Dag(dag_id="a_dag", max_active_runs=3)
        (warning,) = create(dag=dag, start_date=day(1), end_date=day(3)).warnings
        assert "all 3 places of the DAG (max_active_runs)" in warning
        assert create(dag=dag, start_date=day(1), end_date=day(2)).warnings == ()


class TestACreation:
    def test_gives_each_run_the_conf_as_it_is(self):
        conf = {"a": [1, {"b": None}]}
        assert all(run.conf is conf for run in create(start_date=day(1), end_date=day(2), conf=conf).runs)
        assert create().runs[0].conf == {}

    def test_has_no_conf_that_is_too_long(self):
        room = MAX_CONF_BYTES - len('{"a":"ä"}'.encode())
        assert create(conf={"a": "ä" + "a" * room}).runs
        with pytest.raises(InvalidConf, match="conf has 65537 bytes, at most 65536 are allowed"):
            create(conf={"a": "ä" + "a" * (room + 1)})

    def test_draws_from_a_century_of_minutes_one_date_beyond_the_limit(self):
        minutes = Listed(utc(1924, 1, 1) + minute * dt.timedelta(minutes=1) for minute in count())
        created = create(timetable=minutes, start_date=utc(1924, 1, 1), limit=500, partial=True)
        assert len(created.runs) == 500
        assert minutes.drawn == 501

    def test_fails_with_the_schedule_only_when_it_gets_that_far(self):
        class FailsOnDayFour(Daily):
            def infos_between(self, start, end):
                for info in super().infos_between(start, end):
                    if info.logical_date == day(4):
                        msg = "the schedule fails"
                        raise Refused(msg)
                    yield info

        assert (
            len(create(timetable=FailsOnDayFour(), start_date=day(1), end_date=day(9), limit=2, partial=True).runs) == 2
        )
        with pytest.raises(Refused, match="the schedule fails"):
            create(timetable=FailsOnDayFour(), start_date=day(1), end_date=day(9), limit=3, partial=True)


@pytest.mark.parametrize(
    "date",
    [
        dt.datetime(2025, 1, 1),
        dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5))),
    ],
)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_a_request_has_no_dates_that_are_no_moment_in_time(name, date):
    with pytest.raises(ValueError, match=r"time zone|outside the years"):
        GroupRequest(dag_id="a", **{name: date})
