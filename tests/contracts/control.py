"""What a repository of groups promises to those who control them while they run."""

import datetime as dt
from dataclasses import replace

import pytest

from airflow_run_groups.domain import (
    Cancel,
    ChangedGroup,
    Control,
    CreateRuns,
    DagRunFilter,
    GroupAction,
    GroupChange,
    GroupNotFound,
    GroupRequest,
    Order,
    Pace,
    Retry,
    WaitsFor,
    Which,
)
from airflow_run_groups.domain.groups.search import GroupFilter
from tests.contracts.creation import Anyone
from tests.contracts.world import World, add, date, group_run, new_run, utc

NOW = utc(2025, 1, 1)
HOUR = dt.timedelta(hours=1)
TICK = dt.timedelta(microseconds=1)
LATER = utc(2999, 1, 1)


class ControlContract:
    def test_a_group_has_no_control_until_it_gets_one(self, world: World):
        three_queued(world)
        assert control(world) is None
        changed = change(world, max_active_runs=2)
        assert changed == ChangedGroup(control=Control(max_active_runs=2), changed_runs=3)
        assert control(world) == Control(max_active_runs=2)

    def test_a_pause_copies_the_cap_of_the_dag_and_says_since_when_and_whose_it_is(self, world: World):
        three_queued(world, max_active_runs=5)
        change(world, paused=True, requested_by="ann")
        paused = Control(max_active_runs=5, copied=True, paused=True, paused_at=NOW, paused_by="ann")
        assert control(world) == paused
        change(world, paused=True, requested_by="bob", now=NOW + HOUR)
        assert control(world) == paused

    def test_a_cap_stays_when_a_pause_ends_and_the_copied_one_goes(self, world: World):
        three_queued(world)
        change(world, paused=True)
        change(world, max_active_runs=7)
        assert control(world).max_active_runs == 7
        change(world, paused=False)
        assert control(world) == Control(max_active_runs=7)
        assert change(world, max_active_runs=None) == ChangedGroup(control=None, changed_runs=3)
        assert control(world) is None

    def test_a_list_shows_the_control_of_each_group(self, world: World):
        three_queued(world)
        world.run("a", group_run("other", 4), logical_date=date(9))
        change(world, paused=True, requested_by="ann")
        shown = {group.prefix: group for group in world.groups.list(GroupFilter()).groups}
        assert shown["g"] == world.groups.get("a", "g", now=NOW).group
        assert (shown["g"].control.paused, shown["g"].control.paused_by) == (True, "ann")
        assert shown["other"].control is None

    @pytest.mark.parametrize(
        "wishes",
        [
            {"paused": True},
            {"max_active_runs": 3},
            {"paused": None, "max_active_runs": None},
            {"pace": Pace(runs=2, interval=HOUR)},
            {"pace": Pace(runs=2, interval=HOUR), "not_before": LATER, "order": Order.DESC, "paused": True},
            {"pace": None},
            {"not_before": LATER},
            {"not_before": None},
            {"order": Order.DESC},
            {"order": Order.DESC, "not_before": LATER},
            {"order": Order.ASC, "max_active_runs": 1},
        ],
    )
    def test_a_second_change_of_the_same_content_changes_nothing(self, world: World, wishes):
        three_queued(world)
        before = change(world, **wishes)
        starts = [start(world, day) for day in (1, 2, 3)]
        again = change(world, **wishes, now=NOW + dt.timedelta(minutes=1))
        assert again == ChangedGroup(control=before.control, changed_runs=0)
        assert [start(world, day) for day in (1, 2, 3)] == starts

    def test_a_dry_run_says_how_many_runs_it_would_change_and_changes_nothing(self, world: World):
        three_queued(world)
        wishes = {"paused": True, "pace": Pace(runs=1, interval=HOUR), "not_before": LATER}
        would = change(world, **wishes, dry_run=True)
        assert (would.control.paused, would.changed_runs) == (True, 3)
        assert control(world) is None
        assert [start(world, day) for day in (1, 2, 3)] == [date(1), date(2), date(3)]
        assert change(world, **wishes) == would

    def test_queued_runs_start_at_a_new_pace(self, world: World):
        three_queued(world)
        assert change(world, pace=Pace(runs=2, interval=HOUR), not_before=LATER).changed_runs == 3
        assert [start(world, day) for day in (1, 2, 3)] == [LATER, LATER + TICK, LATER + HOUR + 2 * TICK]
        change(world, pace=None)
        assert [start(world, day) for day in (1, 2, 3)] == [NOW, NOW + TICK, NOW + 2 * TICK]

    def test_another_first_start_keeps_the_distances(self, world: World):
        three_queued(world)
        change(world, pace=Pace(runs=1, interval=HOUR), not_before=LATER)
        before = [start(world, day) for day in (1, 2, 3)]
        change(world, not_before=LATER + 5 * HOUR)
        assert [start(world, day) for day in (1, 2, 3)] == [moment + 5 * HOUR for moment in before]

    @pytest.mark.parametrize("controlled", [False, True])
    def test_another_order_is_one_of_the_same_starts(self, world: World, controlled):
        three_queued(world)
        if controlled:
            change(world, max_active_runs=1)
        change(world, pace=Pace(runs=1, interval=HOUR), not_before=LATER)
        before = [start(world, day) for day in (1, 2, 3)]
        change(world, order=Order.DESC)
        assert [start(world, day) for day in (3, 2, 1)] == before

    def test_runs_that_are_not_queued_keep_their_start(self, world: World):
        world.dag("a")
        for day, state in enumerate(("running", "success", "failed"), start=1):
            world.run("a", group_run("g", day, day), logical_date=date(day), state=state)
        assert change(world, not_before=LATER).changed_runs == 0
        assert [start(world, day) for day in (1, 2, 3)] == [date(1), date(2), date(3)]

    def test_only_queued_and_running_runs_come_under_control(self, world: World):
        world.dag("a")
        for day, state in enumerate(("running", "success", "failed", "queued"), start=1):
            world.run("a", group_run("g", day, day), logical_date=date(day), state=state)
        assert change(world, paused=True).changed_runs == 2

    def test_what_a_group_under_control_waits_for(self, world: World):
        world.dag("a", max_active_runs=1)
        world.run("a", group_run("g", 1, 1), logical_date=date(1), state="running")
        world.run("a", group_run("g", 2, 2), logical_date=date(2), state="queued")
        assert waiting_for(world) == (WaitsFor.DAG_MAX_ACTIVE_RUNS,)
        change(world, max_active_runs=2)
        assert waiting_for(world) == (WaitsFor.SCHEDULER,)
        change(world, max_active_runs=1)
        assert waiting_for(world) == (WaitsFor.GROUP_CAP,)
        change(world, paused=True)
        assert waiting_for(world) == (WaitsFor.GROUP_PAUSED,)
        change(world, paused=False, not_before=LATER)
        assert waiting_for(world) == (WaitsFor.RUN_AFTER,)

    def test_the_runs_of_a_group_under_control_count_apart(self, world: World):
        world.dag("a", max_active_runs=1)
        world.run("a", group_run("g", 1, 1), logical_date=date(1), state="running")
        world.run("a", group_run("h", 1, 2), logical_date=date(2), state="running")
        world.run("a", group_run("h", 2, 3), logical_date=date(3), state="queued")
        change(world, max_active_runs=3)
        assert world.groups.get("a", "g", now=NOW).active_runs == 1
        assert world.groups.get("a", "h", now=NOW).active_runs == 1
        assert waiting_for(world, "h") == (WaitsFor.DAG_MAX_ACTIVE_RUNS,)
        change(world, "h", max_active_runs=2)
        assert waiting_for(world, "h") == (WaitsFor.SCHEDULER,)

    def test_groups_of_one_dag_have_each_their_own_control(self, world: World):
        world.dag("a")
        world.dag("b")
        for dag_id, prefix, day in (("a", "g", 1), ("a", "g_h", 2), ("a", "G", 3), ("a", "é'\"", 4), ("b", "g", 1)):
            world.run(dag_id, group_run(prefix, 1, day), logical_date=date(day), state="queued")
        change(world, "g", max_active_runs=1)
        change(world, "é'\"", paused=True)
        found = {prefix: world.groups.get("a", prefix, now=NOW).control for prefix in ("g", "g_h", "G", "é'\"")}
        assert (found["g"], found["g_h"], found["G"]) == (Control(max_active_runs=1), None, None)
        assert found["é'\""].paused
        assert world.groups.get("b", "g", now=NOW).control is None
        change(world, "g", max_active_runs=None)
        assert world.groups.get("a", "é'\"", now=NOW).control.paused

    def test_paused_groups_of_all_dags_are_listed_part_by_part(self, world: World):
        names = [("a", "g"), ("b", "g"), ("a", "h"), ("c", "g")]
        for dag_id in ("a", "b", "c"):
            world.dag(dag_id)
        for day, (dag_id, prefix) in enumerate([*names, ("a", "capped"), ("a", "free")], start=1):
            world.run(dag_id, group_run(prefix, 1, day), logical_date=date(day), state="queued")
        for dag_id, prefix in names:
            world.groups.change(GroupChange(dag_id=dag_id, prefix=prefix, paused=True), now=NOW)
        change(world, "capped", max_active_runs=1)

        def listed(dag_id=None, readable=None, limit=10):
            found, start = [], None
            while True:
                part = world.groups.paused(dag_id, readable=readable, start=start, limit=limit)
                found += part.groups
                if (start := part.next_start) is None:
                    return found

        assert sorted(listed()) == sorted(listed(limit=1)) == sorted(listed(limit=4)) == sorted(names)
        assert listed("a") == [("a", "g"), ("a", "h")]
        assert sorted(listed(readable=frozenset({"b", "c"}))) == [("b", "g"), ("c", "g")]
        assert listed(readable=frozenset()) == listed("nowhere") == []
        change(world, "g", paused=False)
        assert listed("a") == [("a", "h")]

    def test_what_is_no_group_is_not_found(self, world: World):
        three_queued(world)
        for dag_id, prefix in (("a", "none"), ("a", "G"), ("a", "g_"), ("a", ""), ("nowhere", "g")):
            with pytest.raises(GroupNotFound):
                world.groups.change(GroupChange(dag_id=dag_id, prefix=prefix, paused=True), now=NOW)

    def test_a_group_is_under_control_from_its_creation_on(self, world: World):
        world.dag("a", start_date=date(1), max_active_runs=4)
        assert create(world, 1, 2, max_active_runs=2).control == Control(max_active_runs=2)
        assert control(world) == Control(max_active_runs=2)
        create(world, 3, paused=True)
        assert (control(world).max_active_runs, control(world).paused) == (2, True)
        create(world, 4)
        assert (control(world).max_active_runs, control(world).paused) == (2, True)
        assert change(world, paused=True).changed_runs == 0
        assert world.groups.get("a", "g", now=NOW).uncontrolled_runs == 0

    def test_a_creation_puts_all_of_its_group_under_control(self, world: World):
        world.dag("a", start_date=date(1), max_active_runs=4)
        create(world, 1, 2)
        create(world, 3, paused=True)
        assert control(world).copied
        assert change(world, paused=True).changed_runs == 0

    def test_a_creation_that_makes_no_run_controls_nothing(self, world: World):
        world.dag("a", start_date=date(1))
        create(world, 1)
        create(world, 1, paused=True, max_active_runs=1)
        assert control(world) is None

    def test_a_group_of_which_all_is_cancelled_is_no_longer_paused(self, world: World):
        three_queued(world)
        change(world, paused=True)
        apply(world, Cancel(), limit=2)
        assert control(world).paused
        apply(world, Cancel(), dry_run=True)
        assert control(world).paused
        apply(world, Cancel())
        assert control(world) is None

    def test_a_cap_holds_for_runs_that_run_again(self, world: World):
        three_queued(world)
        apply(world, Cancel(), limit=1)
        change(world, max_active_runs=1, paused=True)
        apply(world, Cancel())
        assert control(world) == Control(max_active_runs=1)
        apply(world, Retry(which=Which.ALL))
        assert world.groups.get("a", "g", now=NOW).uncontrolled_runs == 0
        assert change(world, max_active_runs=1).changed_runs == 0
        assert [run.state for run in world.runs.list(DagRunFilter(dag_id="a")).runs] == ["queued"] * 3


def three_queued(world: World, **dag):
    world.dag("a", **dag)
    add(world, "a", *(new_run(group_run("g", day, day), date(day)) for day in (1, 2, 3)))


def change(world: World, prefix: str = "g", *, now: dt.datetime = NOW, **wishes) -> ChangedGroup:
    result = world.groups.change(GroupChange(dag_id="a", prefix=prefix, **wishes), now=now)
    return ChangedGroup(control=result.progress.control, changed_runs=result.changed_runs, warnings=result.warnings)


def control(world: World) -> Control | None:
    return world.groups.get("a", "g", now=NOW).control


def waiting_for(world: World, prefix: str = "g"):
    progress = world.groups.get("a", prefix, now=NOW)
    since = progress.waiting_since and min(progress.waiting_since, NOW) if progress.last_run_after != LATER else LATER
    return replace(progress, waiting_since=since).waiting_for


def start(world: World, day: int) -> dt.datetime:
    return world.stored("a", group_run("g", day, day)).run_after


def create(world: World, *days: int, **wishes):
    request = GroupRequest(dag_id="a", prefix="g", dates=tuple(map(date, days)), **wishes)
    return CreateRuns(world.runs, lambda: NOW).create(request, Anyone())


def apply(world: World, act, **more):
    return world.groups.apply(GroupAction(dag_id="a", prefix="g", action=act, **more))
