"""What a repository of groups promises to those whose groups stop by themselves."""

import datetime as dt

import pytest

from airflow_run_groups.domain import (
    Cancel,
    CreateRuns,
    GroupAction,
    GroupRequest,
    Retry,
    StopAfter,
    Stopped,
)
from tests.contracts.control import change as change_group
from tests.contracts.creation import Anyone
from tests.contracts.world import World, date, group_run, utc

NOW = utc(2025, 1, 1)
HOUR = dt.timedelta(hours=1)
TWO = StopAfter(failed=2)


class StopsContract:
    def test_a_group_stops_when_so_many_runs_have_failed(self, world: World):
        group(world, "failed", "queued", "queued")
        change(world, stop_after=TWO)
        assert control(world).stopped is None
        place(world, 4, "failed")
        stopped = control(world)
        assert (stopped.paused, stopped.paused_by) == (True, None)
        assert stopped.stopped == Stopped(at=NOW, rule=TWO)
        assert control(world, now=NOW + HOUR) == stopped
        assert paused(world) == (("a", "g"),)

    def test_a_group_stops_when_such_a_share_of_its_runs_has_failed(self, world: World):
        group(world, "queued", "failed", "failed", "success")
        change(world, stop_after=StopAfter(failed_percent=50, of_at_least=4))
        assert control(world).stopped is None
        place(world, 5, "success")
        assert control(world).stopped is not None

    def test_runs_that_were_cancelled_do_not_count(self, world: World):
        group(world, "queued", "queued", "queued")
        apply(world, Cancel(), limit=2)
        change(world, stop_after=TWO)
        assert control(world).stopped is None
        change(world, stop_after=StopAfter(failed_percent=1, of_at_least=1))
        assert control(world).stopped is None

    def test_runs_of_other_groups_do_not_count(self, world: World):
        group(world, "queued", "failed")
        for number, prefix in enumerate(("g_h", "G", "h"), start=7):
            world.run("a", group_run(prefix, number, number), logical_date=date(number), state="failed", end_date=NOW)
        change(world, stop_after=TWO)
        assert control(world).stopped is None

    def test_a_group_of_which_nothing_is_queued_is_not_stopped(self, world: World):
        group(world, "running", "failed", "failed")
        change(world, stop_after=TWO)
        assert not control(world).paused

    def test_a_change_stops_a_group_whose_rule_is_reached_in_its_response(self, world: World):
        group(world, "queued", "failed", "failed")
        assert change(world, stop_after=TWO, dry_run=True).control.stopped == Stopped(at=NOW, rule=TWO)
        assert world.groups.get("a", "g", now=NOW).control is None
        changed = change(world, stop_after=TWO)
        assert changed.control.stopped == Stopped(at=NOW, rule=TWO)
        assert changed.changed_runs == 1
        again = change(world, stop_after=TWO, now=NOW + HOUR)
        assert (again.control, again.changed_runs) == (changed.control, 0)

    def test_one_change_resumes_a_group_and_only_later_failures_count(self, world: World):
        group(world, "queued", "queued", "failed", "failed")
        change(world, stop_after=TWO)
        resumed = change(world, paused=False, now=NOW + HOUR).control
        assert (resumed.paused, resumed.stopped, resumed.stop_after) == (False, None, TWO)
        assert control(world, now=NOW + 2 * HOUR) == resumed
        for number in (5, 6):
            assert control(world, now=NOW + 2 * HOUR).stopped is None
            place(world, number, "failed", end_date=NOW + 2 * HOUR)
        assert control(world, now=NOW + 3 * HOUR).stopped == Stopped(at=NOW + 3 * HOUR, rule=TWO)

    def test_a_retry_that_stops_the_group_by_its_rule_says_so(self, world: World):
        world.dag("a", start_date=date(1))
        for run in create(world, 1, 2, 3).runs:
            world.end("a", run.run_id, "failed")
        change(world, stop_after=TWO)
        assert not control(world).paused
        result = apply(world, Retry(), limit=1)
        assert result.warnings == ("group 'g' is paused: its runs wait until it is resumed",)
        assert paused(world) == (("a", "g"),)

    def test_a_creation_joins_a_stopped_group_and_stops_one_whose_rule_is_reached(self, world: World):
        group(world, "failed", "failed")
        change(world, stop_after=TWO)
        assert not control(world).paused
        create(world, 5)
        assert paused(world) == (("a", "g"),)
        assert control(world, now=NOW + 9 * HOUR).stopped is not None
        before = control(world)
        create(world, 6)
        assert control(world) == before

    def test_a_rule_comes_with_a_creation_and_goes_with_a_change(self, world: World):
        world.dag("a", start_date=date(1))
        rule = StopAfter(failed_percent=10, of_at_least=50)
        assert create(world, 1, 2, stop_after=rule).control.stop_after == rule
        assert control(world).stop_after == rule
        create(world, 3)
        assert control(world).stop_after == rule
        assert change(world, stop_after=None).control is None
        assert world.groups.get("a", "g", now=NOW).control is None

    @pytest.mark.parametrize("wishes", [{"stop_after": TWO}, {"stop_after": TWO, "paused": False}])
    def test_a_second_change_of_the_same_rule_changes_nothing(self, world: World, wishes):
        group(world, "queued", "failed", "failed")
        before = change(world, **wishes).control
        again = change(world, **wishes, now=NOW + HOUR)
        assert (again.control, again.changed_runs) == (before, 0)


def group(world: World, *states: str):
    world.dag("a", start_date=date(1))
    for number, state in enumerate(states, start=1):
        place(world, number, state)


def place(world: World, number: int, state: str, *, end_date: dt.datetime = NOW):
    ended = {"end_date": end_date} if state in {"failed", "success"} else {}
    world.run("a", group_run("g", number, number), logical_date=date(number), state=state, **ended)


def change(world: World, *, now: dt.datetime = NOW, **wishes):
    return change_group(world, now=now, **wishes)


def control(world: World, *, now: dt.datetime = NOW):
    return world.groups.get("a", "g", now=now).control


def paused(world: World):
    return world.groups.paused("a", readable=None, start=None, limit=10).groups


def create(world: World, *days: int, **wishes):
    request = GroupRequest(dag_id="a", prefix="g", dates=tuple(map(date, days)), **wishes)
    return CreateRuns(world.runs, lambda: NOW).create(request, Anyone())


def apply(world: World, act, **more):
    return world.groups.apply(GroupAction(dag_id="a", prefix="g", action=act, **more))
