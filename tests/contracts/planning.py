"""What a repository of DAG runs promises about plans, and about runs created as planned."""

import datetime as dt
from concurrent.futures import (
    ThreadPoolExecutor,
    TimeoutError as FutureTimeout,  # until Python 3.10 another one
)
from threading import Event

import pytest

from airflow_run_groups.domain import (
    CreateRuns,
    DagNotFound,
    DagRunInfo,
    DagRunState,
    DagRunType,
    DagSnapshot,
    DataInterval,
    GroupRequest,
    GroupRunId,
    Order,
    Pace,
    Refused,
)
from tests.contracts.creation import Anyone, dates_and_numbers
from tests.contracts.world import NOW, World, date, facts

MINUTE = dt.timedelta(minutes=1)


class SnapshotContract:
    def test_it_shows_the_dag_as_it_stands(self, world: World):
        world.dag("a", schedule="0 0 * * *", start_date=date(2), max_active_runs=3)
        world.run("a", "x_0000007_2021-01-02T00:00:00", logical_date=date(2))

        def look(dag: DagSnapshot):
            facts = dag.facts(GroupRequest(dag_id="a", prefix="x", start_date=date(1)), NOW)
            assert (facts.dag.max_active_runs, list(facts.existing_dates), facts.last_number) == (3, [date(2)], 7)
            infos = facts.timetable.infos_between(date(2), date(3))
            assert [info.logical_date for info in infos] == [date(2), date(3)]
            facts.check_confs([{"a": 1}])
            return "seen"

        assert world.runs.snapshot("a", look) == "seen"

    def test_a_dag_that_is_not_there_or_stale_is_not_found(self, world: World):
        world.dag("gone", is_stale=True)
        for dag_id in ("gone", "no_such_dag"):
            with pytest.raises(DagNotFound):
                world.runs.snapshot(dag_id, lambda _: pytest.fail("there is a snapshot"))

    def test_an_error_while_it_is_read_comes_through(self, world: World):
        world.dag("a")
        error = Refused("no")

        def fail(_: DagSnapshot):
            raise error

        with pytest.raises(Refused) as caught:
            world.runs.snapshot("a", fail)
        assert caught.value is error

    def test_what_is_planned_is_then_what_is_created(self, world: World):
        world.dag("a", schedule="0 0 * * *", start_date=date(1))
        world.run("a", "there", logical_date=date(2), state="failed", run_type="scheduled", created_by="ada")
        request = GroupRequest(dag_id="a", prefix="group", start_date=date(1), end_date=date(4))
        create_runs = CreateRuns(world.runs, lambda: NOW)
        planned = create_runs.plan(request, Anyone())
        assert world.count_runs() == 1
        created = create_runs.create(request, Anyone())
        assert planned.runs == created.runs
        assert (planned.existing, planned.warnings) == (created.existing, created.warnings) == (1, ())
        (there,) = [one for one in planned.dates if one.action == "exists"]
        maker = "ada" if world.knows_makers else None
        assert (there.run_id, there.state, there.run_type, there.created_by) == ("there", "failed", "scheduled", maker)


class CreatedRunsContract:
    def test_a_run_may_start_when_the_plan_says(self, world: World):
        world.dag("a", start_date=date(1))
        create(world, dates=(date(1), date(2), date(3)), pace=Pace(runs=2, interval=10 * MINUTE), order=Order.DESC)
        tick = dt.timedelta(microseconds=1)
        expected = {3: NOW, 2: NOW + tick, 1: NOW + 10 * MINUTE + 2 * tick}
        stored = {day: world.stored("a", run_id(4 - day, day)).run_after for day in (1, 2, 3)}
        assert stored == expected

    def test_every_run_has_the_conf_of_the_request_unless_it_has_its_own(self, world: World):
        world.dag("a", start_date=date(1))
        create(world, start_date=date(1), end_date=date(3), conf={"a": 1})
        assert [world.stored("a", run_id(day, day)).conf for day in (1, 2, 3)] == [{"a": 1}] * 3
        confs = ({"b": [1, None, "\U0001f600"]}, {"a": 2.5, "b": {"c": "ä \\u0000 \"'"}}, {})
        create(world, dates=(date(6), date(4), date(5)), conf={"a": 1}, conf_per_run=confs)
        stored = {day: world.stored("a", run_id(day, day)).conf for day in (4, 5, 6)}
        assert stored == {6: {"a": 1, **confs[0]}, 4: confs[1], 5: {"a": 1}}

    def test_a_conf_of_its_own_is_checked_against_the_params(self, world: World):
        world.dag("a", schedule=None, params={"day": {"type": "string"}})
        create(world, dates=(date(1), date(2)), conf_per_run={"day": "{logical_date}"})
        assert world.stored("a", run_id(2, 2)).conf == {"day": "2021-01-02T00:00:00Z"}
        with pytest.raises(Refused, match="day"):
            create(world, dates=(date(3), date(4)), conf_per_run=({"day": "x"}, {"day": 1}))
        assert world.count_runs() == 2

    @pytest.mark.parametrize("count", [1, 5])
    def test_every_run_has_the_note(self, world: World, count):
        world.dag("a")
        days = range(1, count + 1)
        create(world, dates=tuple(date(day) for day in days), note="n\u00f6te " + "x" * 994)
        assert [world.stored("a", run_id(day, day)).note for day in days] == ["n\u00f6te " + "x" * 994] * count
        create(world, dates=(date(9),))
        assert world.stored("a", run_id(count + 1, 9)).note is None

    def test_dates_beside_the_schedule_are_created_with_the_interval_of_a_manual_run(self, world: World):
        world.dag("a", schedule=None)
        noon = date(1).replace(hour=12)
        created = create(world, dates=(date(2), noon))
        assert [run.data_interval for run in created.runs] == [interval(noon), interval(date(2))]
        assert world.count_runs() == 2

    def test_an_interval_makes_the_dates_of_a_dag_without_a_schedule(self, world: World):
        world.dag("a", schedule=None)
        weekly = create(world, start_date=date(1), end_date=date(31), interval="30 6 * * 1")
        assert [run.logical_date.day for run in weekly.runs] == [4, 11, 18, 25]
        hours = create(world, start_date=date(1), end_date=date(2), interval=dt.timedelta(hours=10))
        assert [run.logical_date.hour for run in hours.runs] == [0, 10, 20]

    def test_a_request_repeated_while_the_first_is_under_way_ends_with_the_right_runs(self, world: World):
        world.dag("a", start_date=date(1))
        request = GroupRequest(dag_id="a", prefix="group", start_date=date(1), end_date=date(12))
        planned, go_on = Event(), Event()

        class Slow:
            def transaction(self, dag_id, work):
                def work_slowly(dag):
                    result = work(dag)
                    planned.set()
                    assert go_on.wait(timeout=30)
                    return result

                return world.runs.transaction(dag_id, work_slowly)

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(CreateRuns(Slow(), lambda: NOW).create, request, Anyone())
            assert planned.wait(timeout=30)
            again = pool.submit(CreateRuns(world.runs, lambda: NOW).create, request, Anyone())
            with pytest.raises(FutureTimeout):
                again.result(timeout=0.3)
            go_on.set()
            assert (len(first.result().runs), first.result().existing) == (12, 0)
            assert (len(again.result().runs), again.result().existing) == (0, 12)
        assert dates_and_numbers(world) == [(date(day), day) for day in range(1, 13)]


class SnapshotDetailsContract:
    def test_the_scheduler_looks_at_so_many_runs_in_a_loop(self, world: World):
        world.dag("a")
        assert facts(world, "a").runs_per_loop == 20

    def test_existing_runs_are_found_by_their_dates_whatever_made_them(self, world: World):
        world.dag("a")
        world.dag("other")
        world.run("other", "x", logical_date=date(1))
        kinds, states = list(DagRunType), list(DagRunState)
        for day in range(1, 6):
            kind, state = kinds[day - 1].value, states[day % 4].value
            world.run("a", f"r{day}", logical_date=date(day), run_type=kind, state=state, created_by=f"user{day}")
        world.run("a", "dateless")
        found = existing_runs(world, [date(4), date(2), date(9)])
        assert set(found) == {date(2), date(4)}
        for day in (2, 4):
            run = found[date(day)]
            assert (run.logical_date, run.run_id) == (date(day), f"r{day}")
            assert (run.run_type, run.state) == (kinds[day - 1].value, states[day % 4].value)
            assert run.created_by == (f"user{day}" if world.knows_makers else None)
        assert existing_runs(world, []) == {}

    def test_there_may_be_many_dates(self, world: World):
        world.dag("a")
        world.run("a", "first", logical_date=date(1))
        world.run("a", "last", logical_date=date(1200))
        found = existing_runs(world, [date(day) for day in range(1, 1201)])
        assert {run.run_id for run in found.values()} == {"first", "last"}

    def test_there_may_be_many_runs_between_the_dates(self, world: World):
        world.dag("a")
        for day in range(1, 8):
            world.run("a", f"r{day}", logical_date=date(day))
        found = existing_runs(world, [date(1), date(7)])
        assert {day: run.run_id for day, run in found.items()} == {date(1): "r1", date(7): "r7"}

    def test_recent_durations_are_those_of_the_last_dates_that_have_ended(self, world: World):
        world.dag("a")
        world.dag("other")
        ended(world, "other", 9, 99)
        for day, minutes in ((3, 30), (1, 10), (5, 50), (4, 40)):
            ended(world, "a", day, minutes, state="failed" if day == 4 else "success")
        world.run("a", "running", logical_date=date(6), state="running", start_date=date(6))
        world.run("a", "never_started", logical_date=date(7), end_date=date(7))
        found = recent_durations(world, 3)
        assert found == [50 * MINUTE, 40 * MINUTE, 30 * MINUTE]

    def test_without_a_run_that_has_ended_there_are_no_durations(self, world: World):
        world.dag("a")
        world.run("a", "queued", logical_date=date(6), state="queued")
        assert list(recent_durations(world, 20)) == []

    def test_an_interval_stands_for_the_dates_that_a_dag_with_it_would_have(self, world: World):
        world.dag("a", schedule=None)
        assert infos(world, "0 6 * * *", date(1), date(3)) == [at(date(day).replace(hour=6)) for day in (1, 2)]
        assert infos(world, "@monthly", date(1), date(32)) == [at(date(1)), at(date(32))]
        start = date(1) + MINUTE
        assert infos(world, 7 * MINUTE, start, start + 15 * MINUTE) == [
            at(start + step * 7 * MINUTE) for step in (0, 1, 2)
        ]

    @pytest.mark.parametrize("text", ["every day", "* * *", "61 * * * *", "@often"])
    def test_an_interval_that_is_no_cron_expression_is_refused(self, world: World, text):
        world.dag("a", schedule=None)
        with pytest.raises(Refused, match="nor a cron expression, such as"):
            facts(world, "a", start_date=date(1), interval=text)


def create(world: World, **request):
    request = GroupRequest(dag_id="a", prefix="group", **request)
    return CreateRuns(world.runs, lambda: NOW).create(request, Anyone())


def run_id(number, day):
    return str(GroupRunId(prefix="group", number=number, logical_date=date(day)))


def ended(world: World, dag_id, day, minutes, state="success"):
    end = date(day) + minutes * MINUTE
    world.run(dag_id, f"r{day}", logical_date=date(day), state=state, start_date=date(day), end_date=end)


def infos(world: World, between, start, end):
    request = GroupRequest(dag_id="a", start_date=start, interval=between)
    return world.runs.snapshot(
        "a", lambda dag: list(dag.facts(request, NOW).interval_timetable.infos_between(start, end))
    )


def existing_runs(world: World, dates):
    return world.runs.snapshot("a", lambda dag: dag.existing_runs(dates))


def recent_durations(world: World, count):
    return world.runs.snapshot("a", lambda dag: dag.recent_durations(count))


def interval(moment):
    return DataInterval(start=moment, end=moment)


def at(moment):
    return DagRunInfo(logical_date=moment, data_interval=interval(moment), run_after=moment)
