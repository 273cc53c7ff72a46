"""The warnings of plans and creations. A creation has those of its plan: the contract about plans holds that."""

import datetime as dt

import pytest

from airflow_run_groups.domain import (
    Dag,
    DagNotTriggerable,
    DagRunType,
    ExistingGroup,
    Order,
    Pace,
    Refused,
    TaskWindow,
)
from airflow_run_groups.domain.planning.draft import MAX_WITHOUT_TASKS
from tests.unit.domain.schedules import DAY, Daily, Listed, Partitioned, Unscheduled, create, dates, day, plan, utc

RANGE = {"start_date": day(1), "end_date": day(3)}


def warnings(**facts):
    """Return the warnings of a creation."""
    return list(create(**facts).warnings)


def dag(**facts):
    return Dag(dag_id="a_dag", **facts)


def test_an_ordinary_request_has_none():
    assert warnings(**RANGE) == []


def test_a_draining_dag_is_said_to_be_paused_at_the_end():
    (found,) = warnings(dag=dag(is_draining=True), **RANGE)
    assert found == (
        "DAG 'a_dag' is draining: the runs of the group are executed, and Airflow creates no scheduled runs and pauses the "
        "DAG when all its runs have ended"
    )
    assert warnings(dag=dag(is_draining=True), existing_dates=[day(1), day(2), day(3)], **RANGE) == []


class TestListedDatesThatMayNotRunYet:
    NOW = day(3) + dt.timedelta(hours=1)

    def test_are_said(self):
        (found,) = warnings(dates=(day(1), day(3)), timetable=Daily(runs_after=DAY), now=self.NOW)
        assert found == (
            "1 listed date gets no run, the first is 2021-01-03T00:00:00Z: it may not start before 2021-01-04T00:00:00Z, and "
            "is the scheduler's"
        )

    def test_of_a_range_are_the_schedulers_without_a_word(self):
        assert warnings(start_date=day(1), end_date=day(3), timetable=Daily(runs_after=DAY), now=self.NOW) == []


class TestARangeWithoutADate:
    def test_is_said(self):
        expected = "the range holds no date of DAG 'a_dag' whose run may start by now, so that it makes no run"
        hour = dt.timedelta(hours=1)
        assert warnings(start_date=day(1) + hour, end_date=day(1) + 2 * hour) == [expected]
        assert warnings(timetable=Daily(runs_after=DAY), start_date=day(5), now=day(5) + hour) == [expected]
        between = {"timetable": Unscheduled(), "interval": "x", "interval_timetable": Listed([])}
        assert warnings(**between, **RANGE) == [expected]

    def test_is_none_when_its_dates_have_runs(self):
        assert warnings(existing_dates=[day(1), day(2), day(3)], **RANGE) == []


class TestDatesWithoutATask:
    WINDOWS = frozenset({TaskWindow(None, day(1)), TaskWindow(day(4), None)})

    def test_are_left_out_and_do_not_count_against_the_limit(self):
        created = create(dag=dag(task_windows=self.WINDOWS), start_date=day(1), end_date=day(6), limit=2, partial=True)
        assert dates(created) == [day(1), day(4)]
        assert created.next_start_date == day(5)
        assert created.warnings[0].startswith(
            "2 dates get no run, the first is 2021-01-02T00:00:00Z: DAG 'a_dag' has no task"
        )

    def test_that_have_a_run_exist(self):
        planned = plan(dag=dag(task_windows=self.WINDOWS), existing_dates=[day(2)], **RANGE)
        assert [one.action.value for one in planned.dates] == ["create", "exists", "no_tasks"]

    def test_are_refused_where_one_run_is_asked_for(self):
        with pytest.raises(Refused, match="has no task for 2021-01-02"):
            create(dag=dag(task_windows=self.WINDOWS), timetable=Unscheduled(), start_date=day(2))

    def test_are_refused_where_there_are_too_many(self):
        many = dag(task_windows=frozenset({TaskWindow(None, day(0)), TaskWindow(day(10**5), None)}))
        with pytest.raises(Refused, match=f"no task for more than {MAX_WITHOUT_TASKS} dates"):
            create(dag=many, start_date=day(1), now=utc(2100, 1, 1))

    def test_a_dag_without_tasks_is_refused(self):
        with pytest.raises(DagNotTriggerable, match="has no task"):
            create(dag=dag(task_windows=frozenset()))


class TestAnIntervalBeforeTheDagStarts:
    @pytest.mark.parametrize(
        ("start", "step", "expected"),
        [
            (utc(2024, 1, 1), dt.timedelta(weeks=1), [utc(2024, 1, 8), utc(2024, 1, 15)]),
            (utc(2024, 1, 1), dt.timedelta(days=2), [utc(2024, 1, 3), utc(2024, 1, 5)]),
            (utc(2024, 1, 5), dt.timedelta(days=2), [utc(2024, 1, 5), utc(2024, 1, 7)]),
            (utc(1, 1, 1), dt.timedelta(seconds=1), [utc(2024, 1, 3), utc(2024, 1, 3, 0, 0, 1)]),
        ],
    )
    def test_counts_from_the_start_date_of_the_request(self, start, step, expected):
        class Steps(Unscheduled):
            def infos_between(self, start, end):
                while start <= end:
                    yield self.info(start)
                    start += step

        created = create(
            dag=dag(start_date=utc(2024, 1, 3)),
            timetable=Unscheduled(),
            interval=step,
            interval_timetable=Steps(),
            start_date=start,
            end_date=utc(2024, 1, 20),
            limit=2,
            partial=True,
        )
        assert dates(created) == expected


class TestUnfinishedRuns:
    def test_count_towards_max_active_runs(self):
        manual = {"run_type": DagRunType.MANUAL, **RANGE}
        assert warnings(dag=dag(max_active_runs=5), unfinished_runs=1, **manual) == []
        (found,) = warnings(dag=dag(max_active_runs=5), unfinished_runs=2, **manual)
        assert found == (
            "with this group the DAG has at least as many unfinished runs as its max_active_runs (5): until enough have ended, Airflow "
            "suspends the DAG's scheduled runs, which of that time are never made, as it has catchup=False"
        )
        alone = warnings(dag=dag(max_active_runs=3), unfinished_runs=0, **manual)
        assert alone == [found.replace("(5)", "(3)")]  # steps of one creation say the same
        (found,) = warnings(dag=dag(max_active_runs=3, catchup=True), **RANGE)
        assert found.endswith("Airflow suspends the DAG's scheduled runs, which are made later")

    def test_of_the_type_backfill_can_take_all_places_unless_they_have_places_of_their_own(self):
        assert warnings(dag=dag(max_active_runs=4), **RANGE) == []
        (found,) = warnings(dag=dag(max_active_runs=3), **RANGE)
        assert found == (
            "the group can fill all 3 places of the DAG (max_active_runs): its scheduled runs then wait, and once 3 of them wait, the "
            "next ones are never made, as it has catchup=False; max_active_runs in the request gives the group places of its own"
        )
        assert warnings(dag=dag(max_active_runs=3), max_active_runs=3, **RANGE) == []

    def test_do_not_matter_to_a_dag_without_a_schedule_or_a_request_without_runs(self):
        assert warnings(dag=dag(max_active_runs=1, is_scheduled=False), unfinished_runs=1, **RANGE) == []
        everything = [day(1), day(2), day(3)]
        assert warnings(dag=dag(max_active_runs=1), unfinished_runs=1, existing_dates=everything, **RANGE) == []


class TestTheOrderDesc:
    def test_is_an_order_of_starts_only(self):
        (found,) = warnings(order=Order.DESC, **RANGE)
        assert "oldest logical date" in found
        assert warnings(order=Order.DESC, start_date=day(1), end_date=day(1)) == []

    def test_with_depends_on_past_can_come_to_a_stop(self):
        found = warnings(order=Order.DESC, dag=dag(depends_on_past=True), **RANGE)
        assert "16 runs (max_active_runs) that all wait" in found[1]


class TestManualRuns:
    def test_do_not_wait_for_each_other_with_depends_on_past_and_catchup(self):
        assert warnings(dag=dag(depends_on_past=True), **RANGE) == []
        assert warnings(dag=dag(catchup=True), **RANGE) == []
        (found,) = warnings(dag=dag(depends_on_past=True, catchup=True), **RANGE)
        assert "the runs of the group do not wait for each other" in found

    def test_pass_a_latest_only_operator(self):
        (found,) = warnings(dag=dag(has_latest_only=True), **RANGE)
        assert "LatestOnlyOperator" in found

    def test_miss_deadlines(self):
        (found,) = warnings(dag=dag(has_deadlines=True), **RANGE)
        assert "runs that start later" not in found
        hourly = Pace(runs=1, interval=dt.timedelta(hours=1))
        (found,) = warnings(dag=dag(has_deadlines=True), pace=hourly, **RANGE)
        assert "runs that start later" in found


def test_dates_that_were_read_in_a_zone_that_is_not_utc_are_said():
    (found,) = warnings(naive_dates_in="America/Chicago", **RANGE)
    assert found.startswith("dates without an offset are read in America/Chicago")
    assert "write a Z" in found


def test_a_partitioned_dag_is_told_about_one_run_where_one_is_asked_for():
    with pytest.raises(DagNotTriggerable, match="partitioned timetable") as caught:
        create(timetable=Partitioned())
    assert "range" not in str(caught.value)
    with pytest.raises(DagNotTriggerable, match="no range of dates creates them"):
        create(timetable=Partitioned(), **RANGE)


class TestAnExistingGroup:
    GROUP = ExistingGroup(
        run_ids=frozenset({"manual_0000001_2021-02-01T00:00:00", "manual_0000002_2021-02-02T00:00:00"}),
        created_at=utc(2021, 3, 4, 5, 6, 7, 8),
        created_by=("ada", "zoe"),
    )

    def test_is_said_with_what_is_known_of_it(self):
        (found,) = warnings(group=self.GROUP, last_number=2, **RANGE)
        assert found == (
            "group 'manual' of DAG 'a_dag' exists already, with 2 runs since 2021-03-04T05:06:07Z, created by ada, zoe: the new "
            "runs join it, and what is done to the group is done to all of them; new_group says whether that is meant"
        )

    def test_is_not_said_where_it_is_meant_or_nothing_joins_it(self):
        assert warnings(group=self.GROUP, new_group=False, **RANGE) == []
        assert warnings(group=self.GROUP, existing_dates=[day(1), day(2), day(3)], **RANGE) == []

    @pytest.mark.parametrize(
        ("names", "said"),
        [
            ((), "1 run since 2021-01-01T00:00:00Z"),
            (("a", "b", "c", "d", "e", "f", "g"), "created by a, b, c, d, e and 2 more"),
        ],
    )
    def test_names_a_few_creators(self, names, said):
        group = ExistingGroup(run_ids=frozenset({"x"}), created_at=day(1), created_by=names)
        assert str(group).endswith(said)
        assert str(ExistingGroup(run_ids=frozenset({"x"}))) == "1 run"
