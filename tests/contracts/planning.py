"""What a repository of DAG runs promises to those who plan a batch: what the plan is shown, and that nothing is recorded."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout  # until Python 3.10 another one
from dataclasses import replace
from threading import Event

import pytest
from airflow_run_groups.domain import (
    CreateRuns,
    DagNotFound,
    DagRunInfo,
    DagRunState,
    DagRunType,
    DataInterval,
    GroupRequest,
    GroupRunId,
    Order,
    Pace,
    Refused,
)

from tests.contracts.recording import Anyone, dates_and_numbers
from tests.contracts.world import World, batch_of, date, look, new_run, utc

NOW = utc(2024, 1, 1)
MINUTE = dt.timedelta(minutes=1)


class PreviewContract:
    def test_the_batch_that_was_decided_comes_back_and_nothing_is_recorded(self, world: World):
        world.dag("a")
        batch = batch_of("a", [new_run("x", date(1))])
        assert world.runs.preview("a", lambda _: batch) == batch
        assert world.count_runs() == 0

    def test_it_shows_the_dag_as_it_stands(self, world: World):
        world.dag("a", schedule="0 0 * * *", start_date=date(2), max_active_runs=3)
        world.run("a", "x_0000007_2021-01-02T00:00:00", logical_date=date(2))
        seen = []

        def decide(context):
            seen.append((context.dag.max_active_runs, list(context.logical_dates(date(1))), context.last_number("x")))
            seen.append([info.logical_date for info in context.timetable.infos_between(date(2), date(3))])
            context.check_conf({"a": 1})
            return batch_of("a", ())

        world.runs.preview("a", decide)
        assert seen == [(3, [date(2)], 7), [date(2), date(3)]]

    def test_a_dag_that_is_not_there_or_stale_is_not_found(self, world: World):
        world.dag("gone", is_stale=True)
        for dag_id in ("gone", "no_such_dag"):
            with pytest.raises(DagNotFound):
                world.runs.preview(dag_id, lambda _: batch_of("a", ()))

    def test_an_error_while_deciding_comes_through(self, world: World):
        world.dag("a")

        def decide(context):
            msg = "no"
            raise Refused(msg)

        with pytest.raises(Refused):
            world.runs.preview("a", decide)

    def test_what_is_planned_is_then_what_is_created(self, world: World):
        world.dag("a", schedule="0 0 * * *", start_date=date(1))
        world.run("a", "there", logical_date=date(2), state="failed", run_type="scheduled", created_by="ada")
        request = GroupRequest(dag_id="a", prefix="group", start_date=date(1), end_date=date(4), dry_run=True)
        create = CreateRuns(world.runs, lambda: NOW)
        planned = create(request, Anyone())
        assert world.count_runs() == 1
        created = create(replace(request, dry_run=False), Anyone())
        assert planned.runs == created.runs
        assert (planned.existing, planned.warnings) == (created.existing, created.warnings) == (1, ())
        (there,) = [one for one in planned.dates if one.action == "exists"]
        maker = "ada" if world.knows_makers else None
        assert (there.run_id, there.state, there.run_type, there.created_by) == ("there", "failed", "scheduled", maker)


class PlannedRunsContract:
    def test_a_run_may_start_when_the_plan_says(self, world: World):
        world.dag("a", start_date=date(1))
        create(world, dates=(date(1), date(2), date(3)), pace=Pace(runs=2, interval=10 * MINUTE), order=Order.DESC)
        tick = dt.timedelta(microseconds=1)
        expected = {3: NOW, 2: NOW + tick, 1: NOW + 10 * MINUTE + 2 * tick}
        stored = {day: world.stored("a", run_id(4 - day, day)).run_after for day in (1, 2, 3)}
        assert stored == expected

    def test_every_run_has_the_conf_of_the_batch_unless_it_has_its_own(self, world: World):
        world.dag("a", start_date=date(1))
        create(world, start_date=date(1), end_date=date(3), conf={"a": 1})
        assert [world.stored("a", run_id(day, day)).conf for day in (1, 2, 3)] == [{"a": 1}] * 3
        confs = ({"b": [1, None, "\U0001f600"]}, {"a": 2.5, "b": {"c": "ä \\u0000 \"'"}}, {})
        create(world, dates=(date(6), date(4), date(5)), conf={"a": 1}, conf_per_run=confs)
        stored = {day: world.stored("a", run_id(day, day)).conf for day in (4, 5, 6)}
        assert stored == {6: {"a": 1, **confs[0]}, 4: confs[1], 5: {"a": 1}}

    def test_a_conf_of_its_own_is_held_against_the_params(self, world: World):
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

    def test_dates_beside_the_schedule_are_recorded_with_the_interval_of_a_manual_run(self, world: World):
        world.dag("a", schedule=None)
        noon = date(1).replace(hour=12)
        batch = create(world, dates=(date(2), noon))
        assert [run.data_interval for run in batch.runs] == [interval(noon), interval(date(2))]
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
            def record(self, dag_id, decide):
                def decide_slowly(context):
                    batch = decide(context)
                    planned.set()
                    assert go_on.wait(timeout=30)
                    return batch

                return world.runs.record(dag_id, decide_slowly)

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(CreateRuns(Slow(), lambda: NOW), request, Anyone())
            assert planned.wait(timeout=30)
            again = pool.submit(CreateRuns(world.runs, lambda: NOW), request, Anyone())
            with pytest.raises(FutureTimeout):
                again.result(timeout=0.3)
            go_on.set()
            assert (len(first.result().runs), first.result().existing) == (12, 0)
            assert (len(again.result().runs), again.result().existing) == (0, 12)
        assert dates_and_numbers(world) == [(date(day), day) for day in range(1, 13)]


class PlanContextContract:
    def test_the_scheduler_looks_at_so_many_runs_in_a_loop(self, world: World):
        world.dag("a")
        assert look(world, "a", lambda context: context.runs_per_loop) == 20

    def test_the_runs_on_dates_are_told_by_their_dates_whatever_made_them(self, world: World):
        world.dag("a")
        world.dag("other")
        world.run("other", "x", logical_date=date(1))
        kinds, states = list(DagRunType), list(DagRunState)
        for day in range(1, 6):
            kind, state = kinds[day - 1].value, states[day % 4].value
            world.run("a", f"r{day}", logical_date=date(day), run_type=kind, state=state, created_by=f"user{day}")
        world.run("a", "dateless")
        found = look(world, "a", lambda context: context.runs_on([date(4), date(2), date(9)]))
        assert set(found) == {date(2), date(4)}
        for day in (2, 4):
            run = found[date(day)]
            assert (run.logical_date, run.run_id) == (date(day), f"r{day}")
            assert (run.run_type, run.state) == (kinds[day - 1].value, states[day % 4].value)
            assert run.created_by == (f"user{day}" if world.knows_makers else None)
        assert look(world, "a", lambda context: context.runs_on([])) == {}

    def test_there_may_be_many_dates(self, world: World):
        world.dag("a")
        world.run("a", "first", logical_date=date(1))
        world.run("a", "last", logical_date=date(1200))
        found = look(world, "a", lambda context: context.runs_on([date(day) for day in range(1, 1201)]))
        assert {run.run_id for run in found.values()} == {"first", "last"}

    def test_recent_durations_are_those_of_the_last_dates_that_have_ended(self, world: World):
        world.dag("a")
        world.dag("other")
        ended(world, "other", 9, 99)
        for day, minutes in ((3, 30), (1, 10), (5, 50), (4, 40)):
            ended(world, "a", day, minutes, state="failed" if day == 4 else "success")
        world.run("a", "running", logical_date=date(6), state="running", start_date=date(6))
        world.run("a", "never_started", logical_date=date(7), end_date=date(7))
        found = look(world, "a", lambda context: context.recent_durations(3))
        assert found == [50 * MINUTE, 40 * MINUTE, 30 * MINUTE]

    def test_without_a_run_that_has_ended_there_are_no_durations(self, world: World):
        world.dag("a")
        world.run("a", "queued", logical_date=date(6), state="queued")
        assert list(look(world, "a", lambda context: context.recent_durations(20))) == []

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
        with pytest.raises(Refused, match="no cron expression"):
            look(world, "a", lambda context: context.timetable_of(text))


def create(world: World, **request):
    return CreateRuns(world.runs, lambda: NOW)(GroupRequest(dag_id="a", prefix="group", **request), Anyone())


def run_id(number, day):
    return str(GroupRunId(prefix="group", number=number, logical_date=date(day)))


def ended(world: World, dag_id, day, minutes, state="success"):
    end = date(day) + minutes * MINUTE
    world.run(dag_id, f"r{day}", logical_date=date(day), state=state, start_date=date(day), end_date=end)


def infos(world: World, between, start, end):
    return look(world, "a", lambda context: list(context.timetable_of(between).infos_between(start, end)))


def interval(moment):
    return DataInterval(start=moment, end=moment)


def at(moment):
    return DagRunInfo(logical_date=moment, data_interval=interval(moment), run_after=moment)
