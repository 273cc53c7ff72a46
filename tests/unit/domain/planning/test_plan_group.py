"""Plans that only show what would be done; when runs may start; dates, intervals and configurations of one's own."""

import datetime as dt
from dataclasses import fields

import pytest

from airflow_run_groups.domain import (
    MAX_CONF_BYTES,
    MAX_CONFS_BYTES,
    Action,
    CreatedRuns,
    Dag,
    DataInterval,
    ExistingRun,
    GroupRequest,
    InvalidConf,
    Order,
    Pace,
    Plan,
    Refused,
)
from airflow_run_groups.domain.planning.dates import MAX_BACKWARDS
from airflow_run_groups.domain.planning.plan import MAX_OTHERS, with_details
from tests.unit.domain.schedules import DAY, NOW, Daily, Listed, Unscheduled, create, dates, day, plan, run_ids, utc

MINUTE = dt.timedelta(minutes=1)
TICK = dt.timedelta(microseconds=1)


def starts(created):
    return [run.run_after for run in created.runs]


def shown(planned):
    return [(one.logical_date, one.action.value) for one in planned.dates]


class TestAPlan:
    def test_decides_what_a_creation_would(self):
        shared = {field.name for field in fields(Plan)} & {field.name for field in fields(CreatedRuns)} - {"plan_id"}
        assert len(shared) == 9
        for request in (
            {},
            {"start_date": day(1), "end_date": day(5), "existing_dates": [day(2)]},
            {"start_date": day(1), "end_date": day(9), "limit": 2, "partial": True, "existing_dates": [day(1), day(4)]},
            {"start_date": day(1), "end_date": day(900), "now": day(7), "order": Order.DESC},
        ):
            planned, created = plan(**request), create(**request)
            for name in shared:
                assert getattr(planned, name) == getattr(created, name), name

    def test_shows_each_date_with_what_would_be_done(self):
        planned = plan(
            start_date=day(1),
            end_date=day(6),
            limit=2,
            partial=True,
            existing_dates=[day(2), day(5)],
            timetable=Daily(runs_after=DAY),
            now=day(6),
        )
        assert shown(planned) == [
            (day(1), "create"),
            (day(2), "exists"),
            (day(3), "create"),
            (day(4), "left_out"),
            (day(5), "exists"),
            (day(6), "not_yet"),
        ]
        assert [one.run_id for one in planned.dates] == [
            run_ids(planned)[0],
            None,
            run_ids(planned)[1],
            None,
            None,
            None,
        ]
        assert [one.reason for one in planned.dates] == [
            None,
            "the DAG has a run at this date already",
            None,
            "it lies beyond the limit",
            "the DAG has a run at this date already",
            "its run may not start before 2021-01-07T00:00:00Z",
        ]
        assert planned.dates[0].data_interval == DataInterval(start=day(1), end=day(2))
        assert planned.dates[0].run_after == day(2)
        assert (planned.existing, planned.next_start_date) == (1, day(4))

    def test_is_refused_as_the_creation_would_be(self):
        with pytest.raises(Refused, match="more than limit=3"):
            plan(start_date=day(1), end_date=day(4), limit=3)

    def test_is_bounded_beside_the_runs_and_says_so(self):
        request = {"start_date": day(1), "limit": 3, "partial": True, "end_date": utc(2200, 1, 1)}
        planned = plan(**request, now=day(5000))
        assert len(planned.dates) == 3 + MAX_OTHERS
        assert (
            planned.warnings[-1] == "the plan is cut: beside the runs to create it shows 1000 dates, and there are more"
        )
        future = plan(**request, now=day(3))
        assert len(future.dates) == 3 + MAX_OTHERS
        assert future.warnings[-1].startswith("the plan is cut")

    def test_of_a_thousand_other_dates_is_whole(self):
        planned = plan(start_date=day(1), end_date=day(3 + MAX_OTHERS), limit=3, partial=True)
        assert len(planned.dates) == 3 + MAX_OTHERS
        assert not any("cut" in warning for warning in planned.warnings)

    def test_goes_on_to_the_runs_after_more_existing_dates_than_it_shows(self):
        existing = [day(number) for number in range(1, 1102)]
        planned = plan(start_date=day(1), end_date=day(1103), existing_dates=existing)
        assert dates(planned) == [day(1102), day(1103)]
        assert planned.existing == 1101
        assert shown(planned)[-1] == (day(1103), "create")


class TestACompletePlan:
    def test_tells_of_the_runs_that_exist(self):
        there = ExistingRun(logical_date=day(1), run_id="x", state="failed", run_type="scheduled", created_by="ada")
        planned = plan(start_date=day(1), end_date=day(2), existing_dates=[day(1)])
        done = with_details(planned, existing={day(1): there}, durations=[], max_active_runs=1, now=NOW)
        first, second = done.dates
        assert (first.run_id, first.state, first.run_type, first.created_by) == ("x", "failed", "scheduled", "ada")
        assert (second.state, second.action) == (None, Action.CREATE)
        assert done.expected is None

    @pytest.mark.parametrize(("places", "minutes"), [(1, 50), (2, 30), (5, 10), (100, 10)])
    def test_expects_so_many_runs_at_a_time_as_the_dag_allows_each_of_the_median_length(self, places, minutes):
        planned = plan(start_date=day(1), end_date=day(5))
        durations = [9 * MINUTE, 500 * MINUTE, 10 * MINUTE]
        assert expected(planned, durations, places) == minutes * MINUTE

    def test_waits_for_the_pace(self):
        planned = plan(start_date=day(1), end_date=day(5), pace=Pace(runs=2, interval=60 * MINUTE))
        assert expected(planned, [MINUTE], 16) == 121 * MINUTE + 4 * TICK

    def test_does_not_tell_of_an_end_beyond_the_year_9999(self):
        planned = plan(start_date=day(1), end_date=day(5), not_before=utc(9999, 12, 31))
        assert expected(planned, [1440 * MINUTE], 16) is None

    def test_of_nothing_takes_no_time(self):
        planned = plan(start_date=day(1), end_date=day(1), existing_dates=[day(1)])
        assert expected(planned, [MINUTE], 16) == dt.timedelta(0)


def expected(planned, durations, places):
    return with_details(planned, existing={}, durations=durations, max_active_runs=places, now=NOW).expected


class TestStarts:
    def test_are_those_of_the_schedule_when_nobody_says_otherwise(self):
        assert starts(create(start_date=day(1), end_date=day(2))) == [day(1), day(2)]
        assert starts(create(start_date=day(1), end_date=day(2), not_before=NOW)) == [day(1), day(2)]

    def test_lie_not_before_a_moment_and_rise_with_the_dates(self):
        later = NOW + DAY
        assert starts(create(start_date=day(1), end_date=day(3), not_before=later)) == [
            later,
            later + TICK,
            later + 2 * TICK,
        ]
        assert starts(create(not_before=later)) == [later]

    def test_keep_a_pace_from_now_on(self):
        pace = Pace(runs=2, interval=10 * MINUTE)
        created = create(start_date=day(1), end_date=day(5), pace=pace)
        assert [(start - NOW) // MINUTE for start in starts(created)] == [0, 0, 10, 10, 20]
        assert starts(created) == sorted(set(starts(created)))
        assert created.next_not_before == NOW + 30 * MINUTE

    def test_keep_a_pace_from_a_moment_on(self):
        later = NOW + DAY
        created = create(start_date=day(1), end_date=day(4), pace=Pace(runs=2, interval=DAY), not_before=later)
        assert starts(created) == [later, later + TICK, later + DAY + 2 * TICK, later + DAY + 3 * TICK]
        assert created.next_not_before == later + 2 * DAY
        assert starts(
            create(start_date=day(1), end_date=day(1), pace=Pace(runs=2, interval=DAY), not_before=day(1))
        ) == [NOW]

    def test_go_on_at_the_same_pace_with_the_next_request(self):
        pace = Pace(runs=3, interval=MINUTE)
        first = create(start_date=day(1), end_date=day(12), pace=pace, limit=6, partial=True)
        second = create(start_date=day(7), end_date=day(12), pace=pace, limit=6, not_before=first.next_not_before)
        whole = create(start_date=day(1), end_date=day(12), pace=pace)
        assert [start.replace(microsecond=0) for start in starts(first) + starts(second)] == [
            start.replace(microsecond=0) for start in starts(whole)
        ]

    def test_have_no_next_moment_without_a_pace(self):
        assert create(not_before=NOW + DAY).next_not_before is None

    def test_beyond_the_calendar_are_refused(self):
        with pytest.raises(Refused, match="not_before and pace reach beyond the year 9999"):
            create(
                start_date=day(1), end_date=day(2), not_before=utc(9999, 12, 31), pace=Pace(runs=1, interval=2 * DAY)
            )

    @pytest.mark.parametrize(
        ("runs", "interval"), [(0, DAY), (501, DAY), (1, dt.timedelta(0)), (1, TICK), (1, 367 * DAY), (1, -DAY)]
    )
    def test_have_no_pace_out_of_bounds(self, runs, interval):
        with pytest.raises(ValueError, match="pace"):
            Pace(runs=runs, interval=interval)


class TestTheNewestFirst:
    def test_have_the_first_numbers_and_starts(self):
        created = create(start_date=day(1), end_date=day(3), order=Order.DESC)
        assert dates(created) == [day(3), day(2), day(1)]
        assert run_ids(created)[0] == "manual_0000001_2021-01-03T00:00:00"
        assert starts(created) == [NOW, NOW + TICK, NOW + 2 * TICK]

    def test_are_what_a_partial_request_creates_and_the_next_is_older(self):
        created = create(
            start_date=day(1), end_date=day(9), limit=2, partial=True, order=Order.DESC, existing_dates=[day(8), day(1)]
        )
        assert dates(created) == [day(9), day(7)]
        assert (created.next_start_date, created.existing) == (day(6), 1)

    def test_leave_out_what_may_not_start_yet(self):
        created = create(start_date=day(1), end_date=day(9), now=day(3), order=Order.DESC)
        assert dates(created) == [day(3), day(2), day(1)]

    def test_are_looked_for_in_a_bounded_range(self):
        start = utc(2000, 1, 1)
        minutes = [start + number * MINUTE for number in range(MAX_BACKWARDS + 1)]
        request = {"timetable": Listed(minutes), "start_date": start, "order": Order.DESC, "partial": True}
        for decide in (create, plan):
            assert len(decide(**request, end_date=minutes[-2]).runs) == 500
            with pytest.raises(Refused, match="more than 10000 dates"):
                decide(**request, end_date=minutes[-1])


class TestAListOfDates:
    noon = day(2) + dt.timedelta(hours=12)

    def test_gets_a_run_for_each_in_their_order(self):
        created = create(dates=(day(3), day(1), self.noon))
        assert dates(created) == [day(1), self.noon, day(3)]
        assert dates(create(dates=(day(3), day(1), self.noon), order=Order.DESC)) == [day(3), self.noon, day(1)]

    def test_has_the_schedules_interval_where_the_schedule_holds_the_date_and_else_a_manual_one(self):
        first, second = create(dates=(day(2), self.noon), timetable=Daily(runs_after=DAY)).runs
        assert (first.data_interval, first.run_after) == (DataInterval(start=day(2), end=day(3)), day(3))
        assert (second.data_interval, second.run_after) == (
            DataInterval(start=self.noon - DAY, end=self.noon),
            self.noon,
        )

    def test_is_for_dags_without_a_schedule_too(self):
        first, second = create(dates=(self.noon, day(3)), timetable=Unscheduled()).runs
        assert first.data_interval == DataInterval(start=self.noon - DAY, end=self.noon)
        assert starts(create(dates=(self.noon, day(3)), timetable=Unscheduled())) == [self.noon, day(3)]
        assert second.logical_date == day(3)

    def test_skips_dates_that_have_a_run_and_heeds_the_limit(self):
        request = {"dates": (day(1), day(2), day(3), day(4)), "existing_dates": [day(2)], "limit": 2}
        with pytest.raises(Refused, match="more than limit=2"):
            create(**request)
        created = create(**request, partial=True)
        assert (dates(created), created.existing, created.next_start_date) == ([day(1), day(3)], 1, day(4))

    def test_leaves_out_a_date_whose_run_may_not_start_yet_and_goes_on(self):
        noon = day(3) + dt.timedelta(hours=12)
        created = create(dates=(day(2), day(3), noon), timetable=Daily(runs_after=DAY), now=noon)
        assert dates(created) == [day(2), noon]

    @pytest.mark.parametrize(
        ("request_", "words"),
        [
            ({"dates": (day(1), day(2), day(1))}, "dates holds 2021-01-01T00:00:00Z twice"),
            ({"dates": ()}, "1 to 500 dates, not 0"),
            ({"dates": tuple(day(number) for number in range(1, 502))}, "1 to 500 dates, not 501"),
            ({"dates": (day(1),), "start_date": day(1)}, "dates cannot be combined with start_date"),
            ({"dates": (day(1),), "end_date": day(1), "interval": DAY}, "combined with end_date, interval"),
            ({"dates": (day(1), NOW + TICK)}, "of dates lies in the future"),
            ({"dates": (day(1), day(9)), "dag": Dag(dag_id="a_dag", end_date=day(8))}, "after the last date"),
            ({"dates": (day(1), day(9)), "dag": Dag(dag_id="a_dag", start_date=day(2))}, "before the first date"),
        ],
    )
    def test_that_cannot_be_is_refused(self, request_, words):
        with pytest.raises(Refused, match=words):
            create(**request_)

    def test_holds_moments(self):
        with pytest.raises(ValueError, match="time zone"):
            GroupRequest(dag_id="a", dates=(dt.datetime(2025, 1, 1),))
        with pytest.raises(ValueError, match="time zone"):
            GroupRequest(dag_id="a", not_before=dt.datetime(2025, 1, 1))


class TestAnInterval:
    hours = Listed([day(1) + number * dt.timedelta(hours=1) for number in range(100)])

    def test_makes_the_dates_of_a_range(self):
        created = create(
            timetable=Unscheduled(),
            interval_timetable=self.hours,
            interval="a cron",
            start_date=day(1),
            end_date=day(1) + 2 * DAY,
        )
        assert len(created.runs) == 49
        assert created.runs[1].data_interval == DataInterval(start=dates(created)[1] - DAY, end=dates(created)[1])
        assert starts(created) == dates(created)

    def test_is_not_for_a_dag_with_a_schedule(self):
        with pytest.raises(Refused, match="'a_dag' has a schedule"):
            create(interval_timetable=self.hours, interval=DAY, start_date=day(1))

    def test_needs_a_start(self):
        with pytest.raises(Refused, match="interval needs a start_date"):
            create(timetable=Unscheduled(), interval_timetable=self.hours, interval=DAY)

    def test_ends_now_and_with_the_dag(self):
        request = {
            "timetable": Unscheduled(),
            "interval_timetable": self.hours,
            "interval": DAY / 24,
            "start_date": day(1),
        }
        assert dates(create(**request, now=day(2)))[-1] == day(2)
        dag = Dag(dag_id="a_dag", start_date=day(1) + DAY / 24, end_date=day(1) + DAY / 8)
        assert len(create(**request, dag=dag).runs) == 3


class TestAConfOfItsOwn:
    def test_is_merged_over_that_of_the_request(self):
        created = create(dates=(day(2), day(1)), conf={"a": 1, "b": 2}, conf_per_run=({"b": 3}, {"c": {"d": 4}}))
        assert [run.conf for run in created.runs] == [{"a": 1, "b": 2, "c": {"d": 4}}, {"a": 1, "b": 3}]

    def test_follows_its_date_past_those_that_have_a_run(self):
        created = create(
            dates=(day(1), day(2)), conf_per_run=({"a": 1}, {"a": 2}), existing_dates=[day(1)], order=Order.DESC
        )
        assert [run.conf for run in created.runs] == [{"a": 2}]

    def test_names_facts_of_the_run(self):
        template = {
            "texts": ["{logical_date}/{data_interval_start}/{data_interval_end}", {"deep": "{number}-{run_id}"}],
            "others": "{ number } {{number}} {date} {} %s {0}",
            "{number}": [1, None, True],
        }
        (_, run) = create(start_date=day(1), end_date=day(2), conf_per_run=template, last_number=8).runs
        assert run.conf == {
            "texts": [
                "2021-01-02T00:00:00Z/2021-01-02T00:00:00Z/2021-01-02T00:00:00Z",
                {"deep": "10-manual_0000010_2021-01-02T00:00:00"},
            ],
            "others": "{ number } {10} {date} {} %s {0}",
            "{number}": [1, None, True],
        }

    def test_has_a_list_for_as_many_dates(self):
        with pytest.raises(Refused, match="2 objects for 1 dates"):
            create(dates=(day(1),), conf_per_run=({}, {}))
        with pytest.raises(Refused, match="needs dates"):
            create(start_date=day(1), end_date=day(2), conf_per_run=({}, {}))

    def test_is_not_too_long_when_it_is_whole(self):
        room = MAX_CONF_BYTES - len('{"a":"","b":"2021-01-01T00:00:00Z"}')
        request = {"start_date": day(1), "end_date": day(1), "conf_per_run": {"b": "{logical_date}"}}
        assert create(**request, conf={"a": "a" * room}).runs
        with pytest.raises(Refused, match="the conf of the run at 2021-01-01T00:00:00Z has 65537 bytes"):
            create(**request, conf={"a": "a" * (room + 1)})


MANY = {"start_date": day(1), "end_date": day(500)}


class TestTheConfsOfARequest:
    def test_share_what_does_not_differ(self):
        template = {"a": [{"b": []}, "{"], "n": ["{number}", {"c": 1}], "m": {"d": "{number}", "e": [1]}}
        first, second = (run.conf for run in create(start_date=day(1), end_date=day(2), conf_per_run=template).runs)
        assert first["n"] != second["n"]
        assert first["m"] == {"d": "1", "e": [1]}
        assert first["a"] is second["a"] is template["a"]
        assert first["n"][1] is second["n"][1]
        assert first["m"]["e"] is second["m"]["e"]

    def test_are_bounded_together(self):
        template = {"n": "{number}", "a": "a" * (MAX_CONFS_BYTES // 500 - len('{"n":"500","a":""}'))}
        assert len(create(**MANY, conf_per_run=template).runs) == 500
        message = (
            r"up to the one at 2022-05-[0-9]+T00:00:00Z have 419[0-9]+ bytes together, at most 4194304 are allowed"
        )
        with pytest.raises(InvalidConf, match=message):
            create(**MANY, conf_per_run={**template, "b": ""})

    def test_are_bounded_with_what_they_share(self):
        with pytest.raises(InvalidConf, match="bytes together"):
            create(**MANY, conf={"a": "a" * 60_000}, conf_per_run={"n": "{number}"})
        assert len(create(**MANY, conf={"a": "a" * 60_000}).runs) == 500

    def test_have_a_template_that_is_bounded_itself(self):
        room = MAX_CONF_BYTES - len('{"a":"{number}"}')
        request = {"start_date": day(1), "end_date": day(1)}
        assert create(**request, conf_per_run={"a": "{number}" + "a" * room}).runs
        with pytest.raises(InvalidConf, match="conf_per_run has 65537 bytes, at most 65536 are allowed"):
            create(**request, conf_per_run={"a": "{number}" + "a" * (room + 1)})


class TestTheSchedulersLoop:
    def test_is_told_of_when_the_group_is_larger(self):
        request = {"start_date": day(1), "end_date": day(21), "dag": Dag(dag_id="a_dag", max_active_runs=100)}
        (warning,) = create(**request, runs_per_loop=20).warnings
        assert warning.startswith("21 runs of the group may start at the same time")
        assert "20 queued runs" in warning
        assert create(**request, runs_per_loop=21).warnings == ()
        assert create(**request).warnings == ()

    def test_is_not_when_the_pace_keeps_below_it(self):
        request = {"start_date": day(1), "end_date": day(21), "dag": Dag(dag_id="a_dag", max_active_runs=100)}
        assert create(**request, runs_per_loop=20, pace=Pace(runs=20, interval=MINUTE)).warnings == ()
        assert len(create(**request, runs_per_loop=19, pace=Pace(runs=20, interval=MINUTE)).warnings) == 1


def test_the_note_is_that_of_the_request():
    assert create(note="a note").note == "a note"
    assert create().note is None
