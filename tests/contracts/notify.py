"""What a repository of groups promises to those who want to be notified of a group: it is kept, and controls nothing."""

import datetime as dt

from airflow_run_groups.domain import GroupEvent, Notify
from tests.contracts.about import change_group, create
from tests.contracts.world import NOW, World, date, group_run

TEAM = Notify(connection_id="team")
OTHERS = Notify(connection_id="team", on=frozenset({GroupEvent.STOP}))


class NotifyContract:
    def test_the_notify_of_a_creation_is_shown_and_controls_nothing(self, world: World):
        create(world, dates=(date(1),), notify=TEAM)
        progress = world.groups.get("a", "g", now=NOW)
        assert (progress.notify, progress.notified, progress.control, progress.uncontrolled_runs) == (TEAM, {}, None, 0)

    def test_a_later_creation_replaces_it_and_one_without_it_leaves_it(self, world: World):
        create(world, dates=(date(1),), notify=TEAM)
        create(world, dates=(date(2),))
        assert notify(world) == TEAM
        create(world, dates=(date(3),), notify=OTHERS)
        assert notify(world) == OTHERS

    def test_a_creation_of_nothing_sets_nothing(self, world: World):
        create(world, dates=(date(1),))
        create(world, dates=(date(1),), notify=TEAM)
        assert notify(world) is None

    def test_a_change_sets_it_of_a_group_of_others_and_takes_it_away(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1), logical_date=date(1))
        world.run("a", group_run("g_h", 1, 2), logical_date=date(2))
        assert change_group(world, notify=TEAM).changed_runs == 0
        assert notify(world) == TEAM
        assert world.groups.get("a", "g_h", now=NOW).notify is None
        assert change_group(world, notify=None).progress.control is None
        assert notify(world) is None

    def test_it_counts_from_when_it_was_set(self, world: World):
        create(world, dates=(date(1),))
        change_group(world, notify=TEAM)
        later = NOW + dt.timedelta(hours=1)
        change_group(world, now=later, notify=TEAM)
        assert world.groups.get("a", "g", now=NOW).subscription.since == NOW
        change_group(world, now=later, notify=OTHERS)
        assert world.groups.get("a", "g", now=NOW).subscription.since == later

    def test_a_notifier_is_kept_as_well(self, world: World):
        slack = Notify(notifier="slack", on=frozenset({GroupEvent.END}))
        create(world, dates=(date(1),), notify=slack)
        assert notify(world) == slack

    def test_a_dry_run_sets_nothing(self, world: World):
        create(world, dates=(date(1),))
        change_group(world, notify=TEAM, dry_run=True)
        assert notify(world) is None

    def test_other_changes_leave_it(self, world: World):
        create(world, dates=(date(1),), notify=TEAM)
        change_group(world, paused=True, description="prices")
        change_group(world, paused=None, description=None)
        assert notify(world) == TEAM
        change_group(world, notify=None, description="prices")
        assert world.groups.get("a", "g", now=NOW).group.description == "prices"


def notify(world: World) -> Notify | None:
    return world.groups.get("a", "g", now=NOW).notify
