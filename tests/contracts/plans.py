"""What a plan says is what the creation does, for generated DAGs, runs and requests."""

import datetime as dt
from itertools import count

from hypothesis import given, settings, strategies as st

from airflow_run_groups.domain import Action, CreateRuns, DagRunFilter, DomainError, GroupRequest, Order, Pace
from tests.contracts.creation import Anyone
from tests.contracts.world import NOW, World, date, group_run, utc

DAYS = range(1, 21)
days = st.sampled_from(DAYS)
windows = st.lists(st.tuples(st.none() | days.map(date), st.none() | days.map(date)), max_size=3)
schedules = st.sampled_from(["0 0 * * *", "0 */8 * * *", dt.timedelta(hours=20), None])
moments = (
    days.map(date) | days.map(lambda day: date(day) + dt.timedelta(hours=5)) | st.just(NOW - dt.timedelta(hours=1))
)


@st.composite
def ranges(draw, schedule):
    """Draw the dates of a request: listed ones, a range, a start alone, or none."""
    kind = draw(st.sampled_from(["range", "range", "dates", "start", "now"]))
    if kind == "dates":
        return {"dates": tuple(draw(st.lists(moments, min_size=1, max_size=6, unique=True)))}
    if kind == "now":
        return {}
    first, last = sorted((draw(days), draw(days)))
    if kind == "start":
        return {"start_date": date(first)}
    interval = draw(st.sampled_from([None, dt.timedelta(hours=30), "0 6 * * 1"])) if schedule is None else None
    return {"start_date": date(first), "end_date": date(last), "interval": interval}


@st.composite
def situations(draw):
    """Draw a DAG, its runs, and a request for it."""
    schedule = draw(schedules)
    dag = {"schedule": schedule, "windows": draw(windows), "max_active_runs": draw(st.integers(1, 6))}
    runs = {
        day: draw(st.sampled_from([group_run("g", number, day), f"other_{day}"]))
        for number, day in enumerate(sorted(draw(st.sets(days, max_size=4))), 1)
    }
    request = {
        **draw(ranges(schedule)),
        "prefix": draw(st.sampled_from(["g", "g_", "h"])),
        "limit": draw(st.integers(1, 8)),
        "partial": draw(st.booleans()),
        "order": draw(st.sampled_from(Order)),
        "new_group": draw(st.sampled_from([None, True, False])),
        "pace": draw(st.sampled_from([None, Pace(runs=2, interval=dt.timedelta(minutes=10))])),
    }
    return dag, runs, request


class PlanContract:
    examples = 100
    """How many situations are tried."""

    def test_what_the_plan_says_is_what_the_creation_does(self, world: World):
        numbers = count()

        @settings(max_examples=self.examples, deadline=None)
        @given(situations())
        def check(situation):
            dag, runs, request = situation
            dag_id = f"dag_{next(numbers)}"
            world.dag(dag_id, **dag)
            for day, run_id in runs.items():
                world.run(dag_id, run_id, logical_date=date(day), created_by="ada")
            self._check(world, GroupRequest(dag_id=dag_id, **request))

        check()

    def _check(self, world: World, request: GroupRequest):
        create_runs = CreateRuns(world.runs, lambda: NOW)
        planned, created = (_outcome(method, request) for method in (create_runs.plan, create_runs.create))
        if isinstance(created, tuple):
            assert planned == created
            return
        warnings = tuple(one for one in planned.warnings if not one.startswith("the plan is cut"))
        assert (planned.runs, warnings) == (created.runs, created.warnings)
        assert (planned.existing, planned.next_start_date) == (created.existing, created.next_start_date)
        assert planned.next_not_before == created.next_not_before
        planned_ids = [one.run_id for one in planned.dates if one.action is Action.CREATE]
        assert planned_ids == [run.run_id for run in created.runs]
        there = {run.run_id: run.logical_date for run in world.runs.list(DagRunFilter(dag_id=request.dag_id)).runs}
        assert {run.run_id: run.logical_date for run in created.runs}.items() <= there.items()


def _outcome(method, request):
    """Return what a method returns, or the error that it raises."""
    try:
        return method(request, Anyone())
    except DomainError as error:
        return type(error), str(error)


class WithoutTasksContract:
    def test_dates_without_a_task_are_left_out_of_plan_and_creation_with_a_warning(self, world: World):
        world.dag("a", windows=[(None, date(10)), (date(15), None)])
        request = GroupRequest(dag_id="a", start_date=date(9), end_date=date(16))
        create_runs = CreateRuns(world.runs, lambda: NOW)
        plan, created = create_runs.plan(request, Anyone()), create_runs.create(request, Anyone())
        assert [run.logical_date for run in created.runs] == [date(day) for day in (9, 10, 15, 16)]
        assert plan.runs == created.runs
        expected = (
            "4 dates get no run, the first is 2021-01-11T00:00:00Z: DAG 'a' has no task for it, and Airflow would call its run "
            "a success with nothing done"
        )
        assert plan.warnings == created.warnings == (expected,)
        actions = [one.action.value for one in plan.dates]
        assert actions == ["create"] * 2 + ["no_tasks"] * 4 + ["create"] * 2
        assert plan.dates[2].reason == "the DAG has no task for it"

    def test_listed_dates_without_a_task_are_left_out_too(self, world: World):
        world.dag("a", windows=[(None, date(10)), (date(15), None)])
        request = GroupRequest(dag_id="a", dates=(date(10), date(12)))
        created = CreateRuns(world.runs, lambda: NOW).create(request, Anyone())
        assert [run.logical_date for run in created.runs] == [date(10)]
        assert created.warnings[0].startswith("1 date gets no run, the first is 2021-01-12")


class ExistingGroupContract:
    def test_what_a_group_has_so_far_is_known(self, world: World):
        world.dag("a")
        world.dag("b")
        assert group(world, "a", "g") is None
        before = utc(2020, 1, 1)
        for number, name in enumerate(("zoe", "ada", "ada", None), 1):
            world.run(
                "a", group_run("g", number, number), logical_date=date(number), start_date=before, created_by=name
            )
        world.run("a", group_run("g_h", 1, 9), logical_date=date(9), created_by="eve")
        world.run("b", group_run("g", 9, 9), logical_date=date(9), created_by="eve")
        found = group(world, "a", "g_")
        assert found.run_ids == {group_run("g", number, number) for number in (1, 2, 3, 4)}
        assert found.created_by == (("ada", "zoe") if world.knows_makers else ())
        assert found.created_at.tzinfo is not None
        assert world_facts(world, "a", prefix="g", new_group=False).group is None

    def test_unfinished_runs_are_counted_up_to_max_active_runs_but_for_backfills(self, world: World):
        world.dag("a", max_active_runs=3)
        world.dag("b")
        states = {1: "queued", 2: "running", 3: "success", 4: "failed"}
        for day, state in states.items():
            world.run("a", f"r{day}", logical_date=date(day), state=state)
        world.run("a", "backfill__x", logical_date=date(5), state="queued", run_type="backfill")
        world.run("b", "x", logical_date=date(5), state="queued")
        assert unfinished(world, "a") == 2
        for day in range(10, 20):
            world.run("a", f"r{day}", logical_date=date(day), state="queued", run_type="scheduled")
        assert unfinished(world, "a") == 3

    def test_a_dag_says_whether_it_is_scheduled_catches_up_and_depends_on_its_past(self, world: World):
        world.dag("a", start_date=date(1), catchup=True, depends_on_past=True)
        world.dag("b", schedule=None)
        a, b = (world_facts(world, dag_id).dag for dag_id in ("a", "b"))
        assert (a.is_scheduled, a.catchup, a.depends_on_past) == (True, True, True)
        assert (b.is_scheduled, b.depends_on_past) == (False, False)


def world_facts(world: World, dag_id: str, **request):
    return world.runs.snapshot(dag_id, lambda dag: dag.facts(GroupRequest(dag_id=dag_id, **request), NOW))


def group(world: World, dag_id: str, prefix: str):
    return world_facts(world, dag_id, prefix=prefix).group


def unfinished(world: World, dag_id: str) -> int:
    return world_facts(world, dag_id).unfinished_runs
