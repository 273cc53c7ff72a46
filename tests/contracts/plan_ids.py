"""What a creation with the id of a plan does: exactly that plan, or nothing."""

import datetime as dt
from dataclasses import replace

import pytest

from airflow_run_groups.domain import (
    Cancel,
    CreateRuns,
    GroupAction,
    GroupChange,
    GroupRequest,
    Order,
    Pace,
    PlanChanged,
    PlanExpired,
    Refused,
    ReprocessBehavior,
    Retry,
)
from tests.contracts.rerun import Everyone, ids, some_runs, states
from tests.contracts.world import World, add, date, group_run, new_run

FAILED, COMPLETED = ReprocessBehavior.FAILED, ReprocessBehavior.COMPLETED
NEW = [group_run("g", 1, 5), group_run("g", 2, 6)]
MINUTE = dt.timedelta(minutes=1)


class PlanIdContract:
    @pytest.mark.parametrize(
        "wishes",
        [
            {},
            {"reprocess_behavior": FAILED},
            {"reprocess_behavior": COMPLETED},
            {"reprocess_behavior": COMPLETED, "order": Order.DESC, "limit": 3, "partial": True},
            {"reprocess_behavior": FAILED, "pace": Pace(runs=2, interval=MINUTE), "paused": True},
            {"reprocess_behavior": FAILED, "conf": {"x": 1}, "conf_per_run": {"y": "{number}"}, "max_active_runs": 2},
            {"new_group": True},
            {"start_date": None, "end_date": None},
            {"start_date": None, "end_date": None, "dates": (date(2), date(5))},
        ],
        ids=str,
    )
    def test_a_creation_does_what_the_plan_says_and_a_repeat_nothing(self, world: World, wishes):
        some_runs(world)
        request = _request(wishes)
        planned = CreateRuns(world.runs, world.clock).plan(request, Everyone())
        created = create(world, request, planned.plan_id)
        assert (created.runs, created.reruns) == (planned.runs, planned.reruns)
        assert (created.existing, created.next_start_date) == (planned.existing, planned.next_start_date)
        assert created.plan_id == planned.plan_id
        again = create(world, request, planned.plan_id)
        assert (again.runs, again.reruns) == ((), ())
        assert again.existing == planned.existing + len(planned.runs) + len(planned.reruns)

    def test_a_plan_goes_through_text(self, world: World):
        some_runs(world)
        plan_id = planned(world)
        assert type(plan_id).parse(str(plan_id)) == plan_id

    @pytest.mark.parametrize(
        ("interfere", "words"),
        [
            (
                lambda world: add(world, "a", new_run("other", date(5))),
                "to create 2 and to run again 1, and now it is 1 and 1",
            ),
            (lambda world: add(world, "a", new_run(group_run("g", 1, 9), date(9))), "the numbers of the group"),
            (lambda world: world.end("a", "r2", "success"), "run again 1, and now it is 2 and 0"),
            (lambda world: world.end("a", "r4", "failed"), "run again 1, and now it is 2 and 2"),
            (
                lambda world: create(world, _request({"prefix": "h", "end_date": date(2)}), None),
                "run again 1, and now it is 2 and 0",
            ),
        ],
        ids=[
            "another run of a date",
            "another run of the group",
            "it succeeds",
            "another fails",
            "another runs it again",
        ],
    )
    def test_it_is_refused_after_others_have_changed_what_it_is_about(self, world: World, interfere, words):
        some_runs(world)
        plan_id = planned(world)
        interfere(world)
        before = states(world)
        with pytest.raises(PlanChanged, match=words):
            create(world, _request({}), plan_id)
        assert states(world) == before

    @pytest.mark.parametrize(
        ("other", "words"),
        [
            ({"conf": {"x": 1}}, "the conf"),
            ({"paused": True}, "the control of the group"),
            ({"end_date": date(5)}, "to create 2 and to run again 1, and now it is 1 and 1"),
            ({"reprocess_behavior": ReprocessBehavior.NONE}, "run again 1, and now it is 2 and 0"),
            ({"pace": Pace(runs=1, interval=MINUTE)}, "the dates or what is done about them"),
            ({"prefix": "k"}, "the dates or what is done about them"),
        ],
        ids=str,
    )
    def test_it_is_refused_for_another_request(self, world: World, other, words):
        some_runs(world)
        plan_id = planned(world)
        with pytest.raises(PlanChanged, match=words):
            create(world, _request(other), plan_id)
        assert states(world)["r2"] == "failed"

    def test_it_is_refused_under_another_control(self, world: World):
        some_runs(world)
        add(world, "a", new_run(group_run("g", 1, 8), date(8)))
        plan_id = planned(world)
        world.groups.change(GroupChange(dag_id="a", prefix="g", max_active_runs=1), now=world.clock())
        with pytest.raises(PlanChanged, match="the control of the group"):
            create(world, _request({}), plan_id)

    def test_a_state_that_changes_no_action_changes_no_plan(self, world: World):
        some_runs(world)
        plan_id = planned(world)
        world.end("a", "r3", "success")
        assert ids(create(world, _request({}), plan_id).reruns) == ["r2"]

    def test_what_was_started_after_the_plan_is_left_alone(self, world: World):
        some_runs(world)
        plan_id = planned(world, reprocess_behavior=COMPLETED)
        world.end("a", "r4", "success")  # it was queued then
        created = create(world, _request({"reprocess_behavior": COMPLETED}), plan_id)
        assert ids(created.reruns) == ["r1", "r2"]

    def test_a_lost_response_never_makes_work_run_twice(self, world: World):
        some_runs(world)
        request = _request({"reprocess_behavior": COMPLETED})
        plan_id = planned(world, reprocess_behavior=COMPLETED)
        create(world, request, plan_id)
        for run_id in ("r1", "r2", *NEW):
            world.end("a", run_id, "success")
        again = create(world, request, plan_id)
        assert (again.runs, again.reruns) == ((), ())
        world.end("a", "r1", "failed")
        assert create(world, request, plan_id).reruns == ()

    def test_a_step_that_ended_early_goes_on_with_the_same_plan(self, world: World):
        world.dag("a", start_date=date(1), end_date=date(6))
        add(world, "a", *(new_run(f"r{day}", date(day)) for day in (1, 2, 4)))
        for day in (1, 2, 4):
            world.end("a", f"r{day}", "success")
        request = _request({"reprocess_behavior": COMPLETED})
        plan_id = planned(world, reprocess_behavior=COMPLETED)
        done = []
        for _ in range(4):
            step = create(world, request, plan_id, runs=world.hurried_runs)
            done += ids(step.reruns)
        assert sorted(done) == ["r1", "r2", "r4"]
        assert sum(run_id.startswith("g_") for run_id in states(world)) == 3
        assert set(states(world).values()) == {"queued"}

    def test_runs_of_the_plan_behind_one_that_is_missing_are_none_of_its_doing(self, world: World):
        some_runs(world)
        plan_id = planned(world)
        add(world, "a", new_run(group_run("g", 1, 5), date(5)))
        with pytest.raises(PlanChanged):
            create(world, _request({}), plan_id)

    def test_a_plan_holds_for_fifteen_minutes(self, world: World):
        some_runs(world)
        plan_id = planned(world)
        request = replace(_request({}), plan_id=plan_id)
        for age, error in ((15 * MINUTE + dt.timedelta(seconds=1), PlanExpired), (-MINUTE, Refused)):
            with pytest.raises(error):
                CreateRuns(world.runs, lambda age=age: plan_id.time + age).create(request, Everyone())
        CreateRuns(world.runs, lambda: plan_id.time + 15 * MINUTE).create(request, Everyone())
        assert states(world)["r2"] == "queued"

    def test_a_group_that_was_cancelled_and_retried_since_is_not_done_again(self, world: World):
        some_runs(world)
        plan_id = planned(world)
        create(world, _request({}), plan_id)
        world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()))
        world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry()))
        assert create(world, _request({}), plan_id).reruns == ()

    def test_a_summary_has_the_id_of_its_one_creation(self, world: World):
        some_runs(world)
        runs = CreateRuns(world.runs, world.clock)
        part = _request({"limit": 1, "partial": True, "reprocess_behavior": COMPLETED})
        assert runs.summarise(part, Everyone(), limited=False).plan.plan_id is None
        assert runs.summarise(_request({}), Everyone(), limited=False, planned=3).plan.plan_id is None
        limited = runs.summarise(part, Everyone(), limited=True).plan.plan_id
        assert ids(create(world, part, limited).reruns) == ["r1"]
        short = runs.summarise(_request({}), Everyone(), limited=False).plan.plan_id
        assert ids(create(world, _request({}), short).reruns) == ["r2"]


def _request(wishes) -> GroupRequest:
    default = {"prefix": "g", "start_date": date(1), "end_date": date(6), "reprocess_behavior": FAILED}
    return GroupRequest(dag_id="a", **{**default, **wishes})


def planned(world: World, **wishes):
    return CreateRuns(world.runs, world.clock).plan(_request(wishes), Everyone()).plan_id


def create(world: World, request: GroupRequest, plan_id, *, runs=None):
    return CreateRuns(runs or world.runs, world.clock).create(replace(request, plan_id=plan_id), Everyone())
