"""What a repository of groups promises about what is said of groups: it is kept, and controls nothing."""

import datetime as dt

from airflow_run_groups.domain import CreateRuns, GroupChange, GroupFilter, GroupRequest
from tests.contracts.names import Everyone
from tests.contracts.world import NOW, World, date, group_run

SAID = {"description": "Prices anew", "labels": ("prices", "ticket-1")}


class AboutContract:
    def test_what_a_creation_says_of_its_group_is_shown_and_controls_nothing(self, world: World):
        create(world, dates=(date(1),), **SAID)
        progress = world.groups.get("a", "g", now=NOW)
        assert (progress.group.description, progress.group.labels) == tuple(SAID.values())
        assert (progress.control, progress.uncontrolled_runs) == (None, 0)
        for where in (GroupFilter(), GroupFilter(dag_id="a")):
            assert world.groups.list(where).groups == (progress.group,)
        assert world.groups.paused(None, readable=None, start=None, limit=5).groups == ()

    def test_of_a_group_of_which_nothing_is_said_nothing_is_shown(self, world: World):
        create(world, dates=(date(1),))
        group = world.groups.get("a", "g", now=NOW).group
        assert (group.description, group.labels) == (None, ())

    def test_a_creation_that_says_something_else_takes_its_place_and_one_that_says_nothing_does_not(self, world: World):
        create(world, dates=(date(1),), **SAID)
        create(world, dates=(date(2),))
        assert said(world) == ("Prices anew", ("prices", "ticket-1"))
        create(world, dates=(date(3),), labels=("other",))
        assert said(world) == ("Prices anew", ("other",))
        create(world, dates=(date(3),), description="nothing is created")
        assert said(world) == ("Prices anew", ("other",))

    def test_a_change_says_more_or_less_and_the_same_again_changes_nothing(self, world: World):
        create(world, dates=(date(1),))
        for change, expected in (
            ({"description": "later"}, ("later", ())),
            ({"labels": ("a", "b")}, ("later", ("a", "b"))),
            ({"labels": ("a", "b")}, ("later", ("a", "b"))),
            ({"description": None}, (None, ("a", "b"))),
            ({"labels": None}, (None, ())),
        ):
            result = change_group(world, **change)
            assert (result.progress.control, result.changed_runs) == (None, 0)
            assert said(world) == expected

    def test_a_dry_run_says_nothing(self, world: World):
        create(world, dates=(date(1),))
        change_group(world, dry_run=True, **SAID)
        assert said(world) == (None, ())

    def test_what_is_said_outlives_control_and_control_what_is_said(self, world: World):
        create(world, dates=(date(1),), **SAID)
        assert change_group(world, paused=True).changed_runs == 1
        assert said(world) == tuple(SAID.values())
        create(world, dates=(date(2),))
        progress = world.groups.get("a", "g", now=NOW)
        assert (progress.control.paused, progress.uncontrolled_runs) == (True, 0)
        change_group(world, description=None, labels=None)
        assert world.groups.get("a", "g", now=NOW).control.paused
        change_group(world, **SAID)
        assert change_group(world, paused=False).progress.control is None
        assert said(world) == tuple(SAID.values())
        assert world.groups.get("a", "g", now=NOW).control is None

    def test_a_group_that_others_made_gets_a_description(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1), logical_date=date(1))
        world.run("a", group_run("g_h", 1, 2), logical_date=date(2))
        change_group(world, description="of g alone")
        assert [group.description for group in world.groups.list(GroupFilter()).groups] == [None, "of g alone"]


def create(world: World, **request) -> None:
    if "a" not in world.dags.ids():
        world.dag("a")
    CreateRuns(world.runs, lambda: NOW, notifiers=["slack"]).create(
        GroupRequest(dag_id="a", prefix="g", **request), Everyone()
    )


def change_group(world: World, *, now: dt.datetime = NOW, **change):
    return world.groups.change(GroupChange(dag_id="a", prefix="g", **change), now=now)


def said(world: World) -> tuple[str | None, tuple[str, ...]]:
    group = world.groups.get("a", "g", now=NOW).group
    return group.description, group.labels
