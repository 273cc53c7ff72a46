"""What a repository of groups promises about actions on some of a group's runs, and on some of their tasks."""

import datetime as dt

import pytest

from airflow_run_groups.domain import (
    Cancel,
    GroupAction,
    GroupActionResult,
    GroupNotFound,
    GroupRunFilter,
    Note,
    Refused,
    Retry,
    Which,
)
from tests.contracts.world import World, add, date, group_run, new_run

RUN_IDS = tuple(group_run("g", number, number) for number in range(1, 6))
HOUR = dt.timezone(dt.timedelta(hours=1))


class ChosenRunsContract:
    @pytest.mark.parametrize(
        "chosen",
        [
            {"run_ids": (RUN_IDS[3], RUN_IDS[1])},
            {"dates": (date(4), date(2))},
            {"dates": (date(4).astimezone(HOUR), date(2))},
        ],
    )
    def test_chosen_runs_are_cancelled_in_their_order_and_no_others(self, world: World, chosen):
        furnish(world)
        assert apply(world, Cancel(), dry_run=True, **chosen).dag_run_ids == (RUN_IDS[1], RUN_IDS[3])
        assert set(states(world).values()) == {"queued"}
        result = apply(world, Cancel(), **chosen)
        assert (result.dag_run_ids, result.next_start, result.warnings) == ((RUN_IDS[1], RUN_IDS[3]), None, ())
        assert [run_id for run_id, state in states(world).items() if state == "failed"] == [RUN_IDS[1], RUN_IDS[3]]

    def test_chosen_runs_are_done_step_by_step(self, world: World):
        furnish(world)
        first = apply(world, Cancel(), run_ids=RUN_IDS[1:4], limit=2)
        second = apply(world, Cancel(), run_ids=RUN_IDS[1:4], limit=2, start=first.next_start)
        assert (first.dag_run_ids, second.dag_run_ids) == (RUN_IDS[1:3], RUN_IDS[3:4])
        assert (second.next_start, second.warnings) == (None, ())

    def test_a_note_is_put_on_chosen_runs(self, world: World):
        furnish(world)
        assert apply(world, Note(note="look"), dates=(date(5),)).dag_run_ids == RUN_IDS[4:]
        notes = [run.note for run in world.groups.runs("a", "g", GroupRunFilter()).runs]
        assert notes == [None, None, None, None, "look"]

    def test_a_retry_of_chosen_runs_leaves_the_others_failed(self, world: World):
        furnish(world)
        apply(world, Cancel())
        assert apply(world, Retry(), run_ids=RUN_IDS[2:3]).dag_run_ids == RUN_IDS[2:3]
        assert list(states(world).values()) == ["failed", "failed", "queued", "failed", "failed"]

    def test_chosen_runs_for_which_the_action_is_not_are_left_out_with_a_warning(self, world: World):
        furnish(world)
        apply(world, Cancel(), run_ids=RUN_IDS[:2])
        result = apply(world, Cancel(), run_ids=RUN_IDS[:3])
        assert result.dag_run_ids == RUN_IDS[2:3]
        about = f"2 runs left out, such as {RUN_IDS[0]}: of the chosen runs this is for queued ones"
        assert result.warnings == (about,)
        result = apply(world, Retry(which=Which.FAILED), run_ids=RUN_IDS[2:3], dry_run=True)
        about = f"1 run left out, such as {RUN_IDS[2]}: of the chosen runs this is for those that failed by themselves"
        assert (result.dag_run_ids, result.warnings) == ((), (about,))

    def test_what_the_group_does_not_have_is_refused_and_nothing_is_done(self, world: World):
        furnish(world)
        world.run("a", group_run("g_h", 1, 9), logical_date=date(9), state="queued")
        for chosen, shown in (
            (
                {"run_ids": (RUN_IDS[0], group_run("g_h", 1, 9))},
                f"run_ids has '{group_run('g_h', 1, 9)}': the group has no such run",
            ),
            ({"dates": (date(1), date(9))}, "dates has 2021-01-09T00:00:00Z: the group has no such run"),
            ({"run_ids": tuple("vwxyz")}, "run_ids has 'v', 'w', 'x' and 2 more"),
        ):
            for action in (Cancel(), Retry(which=Which.ALL), Note(note="n")):
                with pytest.raises(Refused, match=shown):
                    apply(world, action, **chosen)
        assert set(states(world).values()) == {"queued"}

    def test_a_group_that_is_not_there_is_not_found_whatever_is_chosen(self, world: World):
        furnish(world)
        with pytest.raises(GroupNotFound):
            world.groups.apply(GroupAction(dag_id="a", prefix="h", action=Cancel(), run_ids=RUN_IDS[:1]))

    def test_a_retry_of_a_task_that_no_run_has_is_refused(self, world: World):
        furnish(world)
        apply(world, Cancel())
        for which in (None, Which.ALL):
            with pytest.raises(Refused, match=r"tasks has 'nothing', which DAG 'a' does not have.*known are task_0"):
                apply(world, Retry(tasks=("task_0", "nothing"), which=which), dry_run=which is None)
        assert set(states(world).values()) == {"failed"}

    def test_a_retry_of_tasks_queues_the_runs_again(self, world: World):
        furnish(world)
        apply(world, Cancel(), run_ids=RUN_IDS[:2])
        assert apply(world, Retry(tasks=("task_0",)), dry_run=True).dag_run_ids == RUN_IDS[:2]
        assert apply(world, Retry(tasks=("task_0",))).dag_run_ids == RUN_IDS[:2]
        assert set(states(world).values()) == {"queued"}

    def test_a_group_without_a_failed_run_has_no_task_to_retry(self, world: World):
        furnish(world)
        assert apply(world, Retry(tasks=("task_0",))).dag_run_ids == ()


def furnish(world: World) -> None:
    """Put five queued runs into the group, and one beside it."""
    world.dag("a", max_active_runs=1)
    add(world, "a", *(new_run(run_id, date(day)) for day, run_id in enumerate(RUN_IDS, start=1)))
    world.run("a", "manual__1", logical_date=date(8), state="queued")


def apply(world: World, action: Cancel | Retry | Note, **more: object) -> GroupActionResult:
    return world.groups.apply(GroupAction(dag_id="a", prefix="g", action=action, **more))


def states(world: World) -> dict[str, str]:
    return {run.run_id: run.state for run in world.groups.runs("a", "g", GroupRunFilter()).runs}
