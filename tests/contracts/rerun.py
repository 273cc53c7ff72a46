"""What a repository of runs promises about runs that exist and run again, and about the groups that they are in then."""

import datetime as dt

import pytest

from airflow_run_groups.domain import (
    Cancel,
    Control,
    CoverageRequest,
    Coverages,
    CreateRuns,
    DagRunFilter,
    GroupAction,
    GroupChange,
    GroupNotFound,
    GroupRequest,
    GroupRunFilter,
    MayNotChangeRuns,
    Order,
    Pace,
    Refused,
    ReprocessBehavior,
    Retry,
    TooManyRuns,
    TooManyUnfinishedRuns,
    UnfinishedRunLimits,
    Which,
)
from airflow_run_groups.domain.groups.search import GroupFilter
from airflow_run_groups.domain.unfinished import NO_LIMITS
from tests.contracts.creation import Anyone
from tests.contracts.world import World, add, date, group_run, new_run

FAILED, COMPLETED = ReprocessBehavior.FAILED, ReprocessBehavior.COMPLETED
HOUR = dt.timedelta(hours=1)
STATES = ("success", "failed", "running", "queued")


class RerunContract:
    def test_dates_whose_run_has_failed_run_again_beside_new_ones(self, world: World):
        some_runs(world)
        created = create(world)
        assert ids(created.reruns) == ["r2"]
        assert ids(created.runs) == [group_run("g", 1, 5), group_run("g", 2, 6)]
        assert (created.existing, created.next_start_date) == (3, None)
        assert any(one.startswith("2 dates have runs that are queued or running") for one in created.warnings)
        assert states(world) == {
            "r1": "success",
            "r2": "queued",
            "r3": "running",
            "r4": "queued",
            group_run("g", 1, 5): "queued",
            group_run("g", 2, 6): "queued",
        }

    def test_completed_runs_run_again_by_the_id_of_a_plan_only(self, world: World):
        some_runs(world)
        with pytest.raises(Refused, match="completed needs a plan_id"):
            create(world, reprocess_behavior=COMPLETED)
        planned = plan(world, reprocess_behavior=COMPLETED)
        created = create(world, reprocess_behavior=COMPLETED, plan_id=planned.plan_id)
        assert ids(created.reruns) == ids(planned.reruns) == ["r1", "r2"]
        assert [states(world)[one] for one in ("r1", "r2", "r3", "r4")] == ["queued", "queued", "running", "queued"]

    def test_a_repeat_runs_nothing_again(self, world: World):
        some_runs(world)
        create(world)
        again = create(world)
        assert (again.runs, again.reruns, again.existing) == ((), (), 6)

    def test_a_plan_shows_the_state_and_the_type_of_each_run_and_why_it_is_left_alone(self, world: World):
        some_runs(world)
        planned = plan(world)
        shown = [(one.action.value, one.run_id, one.state, one.reason) for one in planned.dates]
        assert shown == [
            ("exists", "r1", "success", "its run has not failed"),
            ("rerun", "r2", "failed", None),
            ("exists", "r3", "running", "its run is running, and left alone"),
            ("exists", "r4", "queued", "its run is queued, and left alone"),
            ("create", group_run("g", 1, 5), None, None),
            ("create", group_run("g", 2, 6), None, None),
        ]
        assert [one.run_type for one in planned.dates[:2]] == ["manual", "manual"]
        assert ids(planned.reruns) == ["r2"]
        assert states(world)["r2"] == "failed"

    def test_a_run_keeps_id_type_creator_and_conf_and_starts_anew(self, world: World):
        some_runs(world)
        before = world.runs.get("r2", dag_id="a", readable=None)
        stored = world.stored("a", "r2")
        create(world)
        after = world.runs.get("r2", dag_id="a", readable=None)
        assert after == before._replace(state="queued", start_date=None, end_date=None)
        assert world.stored("a", "r2") == stored

    @pytest.mark.parametrize(
        ("confs", "expected"),
        [
            ({"conf": {"x": 1}}, {"x": 1}),
            ({"conf": {}}, {}),
            ({"conf": {"x": 1}, "conf_per_run": {"id": "{run_id}"}}, {"x": 1, "id": "r2"}),
        ],
    )
    def test_the_conf_of_a_request_takes_the_place_of_a_runs_own(self, world: World, confs, expected):
        some_runs(world)
        create(world, **confs, note="again")
        assert (world.stored("a", "r2").conf, world.stored("a", "r2").note) == (expected, "again")
        assert world.stored("a", "r1").note is None

    def test_a_cancelled_run_counts_as_failed(self, world: World):
        world.dag("a", start_date=date(1), end_date=date(2))
        add(world, "a", new_run(group_run("h", 1, 1), date(1)))
        world.groups.apply(GroupAction(dag_id="a", prefix="h", action=Cancel()))
        assert ids(create(world).reruns) == [group_run("h", 1, 1)]
        assert world.groups.get("a", "h", now=world.clock()).group.cancelled == 0

    def test_the_limit_counts_runs_of_either_kind(self, world: World):
        some_runs(world)
        with pytest.raises(TooManyRuns, match="2021-01-05"):
            create(world, limit=1)
        assert states(world)["r2"] == "failed"
        first = create(world, limit=2, partial=True)
        assert (ids(first.reruns), ids(first.runs)) == (["r2"], [group_run("g", 1, 5)])
        assert first.next_start_date == date(6)
        rest = create(world, limit=2, partial=True, start_date=first.next_start_date)
        assert (ids(rest.reruns), ids(rest.runs), rest.next_start_date) == ([], [group_run("g", 2, 6)], None)

    def test_newest_first_and_a_pace_hold_for_runs_of_either_kind(self, world: World):
        some_runs(world)
        later = dt.datetime(2999, 1, 1, tzinfo=dt.timezone.utc)
        create(world, order=Order.DESC, not_before=later, pace=Pace(runs=1, interval=HOUR))
        order = [group_run("g", 1, 6), group_run("g", 2, 5), "r2"]
        starts = [world.stored("a", run_id).run_after for run_id in order]
        assert [start.replace(microsecond=0) for start in starts] == [later, later + HOUR, later + 2 * HOUR]

    def test_runs_that_run_again_count_for_the_limits(self, world: World):
        some_runs(world)
        limits = UnfinishedRunLimits(per_dag=2)
        with pytest.raises(TooManyUnfinishedRuns):
            create(world, limits=limits)
        created = create(world, limits=limits, limit=2, partial=True)
        assert len(created.reruns) + len(created.runs) == 2
        with pytest.raises(TooManyUnfinishedRuns):
            create(world, limits=limits)

    def test_running_again_takes_the_permission_to_change_runs(self, world: World):
        some_runs(world)
        for behavior in (FAILED, COMPLETED):
            request = GroupRequest(dag_id="a", prefix="g", start_date=date(1), reprocess_behavior=behavior)
            runs = CreateRuns(world.runs, world.clock)
            for attempt in (runs.plan, runs.create):
                with pytest.raises(MayNotChangeRuns):
                    attempt(request, Anyone())
        assert states(world)["r2"] == "failed"

    def test_a_step_that_takes_too_long_ends_after_one_run_and_says_where_to_go_on(self, world: World):
        world.dag("a", start_date=date(1), end_date=date(6))
        add(world, "a", *(new_run(f"r{day}", date(day)) for day in (1, 2, 4)))
        for day in (1, 2, 4):
            world.end("a", f"r{day}", "failed")
        steps, start = [], date(1)
        while start is not None:
            step = create(world, runs=world.hurried_runs, start_date=start)
            steps.append((ids(step.reruns), [run.logical_date for run in step.runs]))
            assert start < (step.next_start_date or date(9))
            start = step.next_start_date
        assert [one for reruns, _ in steps for one in reruns] == ["r1", "r2", "r4"]
        assert [one for _, dates in steps for one in dates] == [date(3), date(5), date(6)]
        assert set(states(world).values()) == {"queued"}

    def test_filling_makes_coverage_complete(self, world: World):
        some_runs(world)
        create(world)
        for run_id, state in states(world).items():
            if state != "success":
                world.end("a", run_id, "success")
        request = CoverageRequest(dag_id="a", start_date=date(1), end_date=date(6))
        assert Coverages(world.runs, world.clock).of(request, Anyone()).complete


class RerunGroupsContract:
    """A run that was run again is in the group that did it, and in that of its own id."""

    def test_it_is_in_both_groups(self, world: World):
        two_failed_of_h(world)
        create(world)
        assert group_ids(world, "g") == [group_run("h", 1, 1), group_run("h", 2, 2), group_run("g", 1, 3)]
        assert group_ids(world, "h") == [group_run("h", 1, 1), group_run("h", 2, 2)]
        progress = world.groups.get("a", "g", now=world.clock())
        assert (progress.group.runs, progress.group.states.queued, progress.control) == (3, 3, None)
        assert progress.group.first_logical_date == date(1)

    def test_a_group_may_have_no_other_runs(self, world: World):
        two_failed_of_h(world)
        create(world, end_date=date(2))
        assert group_ids(world, "g") == [group_run("h", 1, 1), group_run("h", 2, 2)]
        with pytest.raises(GroupNotFound):
            world.groups.get("a", "G", now=world.clock())
        create(world)
        assert group_ids(world, "g")[2:] == [group_run("g", 1, 3)]

    def test_groups_are_listed_with_the_runs_that_they_have_run_again(self, world: World):
        two_failed_of_h(world)
        create(world, end_date=date(2))
        found = world.groups.list(GroupFilter(dag_id="a", limit=10)).groups
        assert {one.prefix: one.runs for one in found} == {"g": 2, "h": 2}
        both = world.groups.list(GroupFilter(dag_id="a", limit=1))  # their newest run is the same
        assert ([one.prefix for one in both.groups], both.next_start) == (["g", "h"], None)
        create(world)
        found = world.groups.list(GroupFilter(dag_id="a", limit=10)).groups
        assert [(one.prefix, one.runs) for one in found] == [("g", 3), ("h", 2)]
        pages = [world.groups.list(GroupFilter(dag_id="a", limit=1))]
        pages.append(world.groups.list(GroupFilter(dag_id="a", start=pages[0].next_start, limit=1)))
        assert [one.prefix for page in pages for one in page.groups] == ["g", "h"]
        assert pages[1].next_start is None

    def test_a_list_shows_what_is_said_of_a_group_that_has_run_others_again_and_its_control(self, world: World):
        two_failed_of_h(world)
        create(world, end_date=date(2), description="prices anew", labels=("a",), paused=True)
        (shown, _) = world.groups.list(GroupFilter(dag_id="a")).groups
        assert (shown.prefix, shown.description, shown.labels) == ("g", "prices anew", ("a",))
        assert shown.control.paused
        assert shown == world.groups.get("a", "g", now=world.clock()).group

    def test_it_is_cancelled_and_retried_with_its_group(self, world: World):
        two_failed_of_h(world)
        create(world)
        cancelled = world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()))
        assert len(cancelled.dag_run_ids) == 3
        assert world.groups.get("a", "g", now=world.clock()).group.cancelled == 3
        assert world.groups.get("a", "h", now=world.clock()).group.cancelled == 2
        retried = world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry(which=Which.ALL)))
        assert len(retried.dag_run_ids) == 3
        assert set(states(world).values()) == {"queued"}

    def test_it_is_under_the_control_of_the_group_that_ran_it_again(self, world: World):
        two_failed_of_h(world)
        create(world, max_active_runs=1, paused=True)
        now = world.clock()
        control = world.groups.get("a", "g", now=now).control
        assert (control.max_active_runs, control.paused) == (1, True)
        assert world.groups.get("a", "g", now=now).uncontrolled_runs == 0
        changed = world.groups.change(GroupChange(dag_id="a", prefix="g", paused=False), now=now)
        assert changed.progress.control == Control(max_active_runs=1)
        changed = world.groups.change(GroupChange(dag_id="a", prefix="g", max_active_runs=None), now=now)
        assert (changed.progress.control, changed.changed_runs) == (None, 3)
        assert len(group_ids(world, "g")) == 3
        changed = world.groups.change(GroupChange(dag_id="a", prefix="g", paused=True), now=now)
        assert (changed.changed_runs, world.groups.get("a", "g", now=now).uncontrolled_runs) == (3, 0)

    def test_it_takes_its_turn_in_that_group(self, world: World):
        two_failed_of_h(world)
        create(world, max_active_runs=1)
        later = dt.datetime(2999, 1, 1, tzinfo=dt.timezone.utc)
        wishes = {"order": Order.DESC, "pace": Pace(runs=1, interval=HOUR), "not_before": later}
        changed = world.groups.change(GroupChange(dag_id="a", prefix="g", **wishes), now=world.clock())
        assert changed.changed_runs == 3
        order = [group_run("g", 1, 3), group_run("h", 2, 2), group_run("h", 1, 1)]
        starts = [world.stored("a", run_id).run_after.replace(microsecond=0) for run_id in order]
        assert starts == [later, later + HOUR, later + 2 * HOUR]
        assert sorted(group_ids(world, "g")) == sorted(order)
        assert world.groups.get("a", "g", now=world.clock()).uncontrolled_runs == 0

    def test_the_group_of_its_id_leaves_it_to_the_other(self, world: World):
        two_failed_of_h(world)
        create(world, max_active_runs=1)
        changed = world.groups.change(GroupChange(dag_id="a", prefix="h", paused=True), now=world.clock())
        assert changed.changed_runs == 0
        assert changed.warnings == (
            "2 runs of the group are run again by another group, which controls them, and not changed",
        )
        assert world.groups.get("a", "g", now=world.clock()).uncontrolled_runs == 0

    def test_the_group_that_runs_it_again_last_has_it(self, world: World):
        two_failed_of_h(world)
        create(world)
        for run_id in group_ids(world, "g"):
            world.end("a", run_id, "failed")
        create(world, prefix="k", paused=True)
        assert len(group_ids(world, "k")) == 3
        assert group_ids(world, "g") == [group_run("g", 1, 3)]
        for run_id in group_ids(world, "k"):
            world.end("a", run_id, "failed")
        create(world, prefix="h", max_active_runs=2)
        assert len(group_ids(world, "h")) == 3
        with pytest.raises(GroupNotFound):
            world.groups.get("a", "k", now=world.clock())
        assert world.groups.get("a", "h", now=world.clock()).uncontrolled_runs == 0


class Everyone(Anyone):
    """May create runs, and change them."""

    def may_change_runs(self, dag_id: str) -> bool:
        return True


def some_runs(world: World):
    """A DAG of which the first four days have runs, each in another state."""
    world.dag("a", start_date=date(1))
    add(world, "a", *(new_run(f"r{day}", date(day)) for day in range(1, 5)))
    for day, state in enumerate(STATES, 1):
        if state != "queued":
            world.end("a", f"r{day}", state)


def two_failed_of_h(world: World):
    """A DAG of three days, of which the first two have failed runs of another group."""
    world.dag("a", start_date=date(1), end_date=date(3))
    add(world, "a", *(new_run(group_run("h", day, day), date(day)) for day in (1, 2)))
    for day in (1, 2):
        world.end("a", group_run("h", day, day), "failed")


def create(world: World, *, runs=None, limits=NO_LIMITS, **wishes):
    return CreateRuns(runs or world.runs, world.clock, limits).create(_request(wishes), Everyone())


def plan(world: World, **wishes):
    return CreateRuns(world.runs, world.clock).plan(_request(wishes), Everyone())


def _request(wishes) -> GroupRequest:
    default = {"prefix": "g", "start_date": date(1), "end_date": date(6), "reprocess_behavior": FAILED}
    return GroupRequest(dag_id="a", **{**default, **wishes})


def ids(runs) -> list[str]:
    return [run.run_id for run in runs]


def states(world: World) -> dict[str, str]:
    return {run.run_id: run.state for run in world.runs.list(DagRunFilter(dag_id="a", limit=100)).runs}


def group_ids(world: World, prefix: str) -> list[str]:
    return ids(world.groups.runs("a", prefix, GroupRunFilter()).runs)
