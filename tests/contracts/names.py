"""Names of groups, there and back: each name that a list shows is one by which the group is found and changed."""

from itertools import count

from hypothesis import example, given, settings, strategies as st

from airflow_run_groups.domain import (
    Cancel,
    CreateRuns,
    GroupAction,
    GroupFilter,
    GroupRequest,
    Groups,
    Refused,
    has_address,
    name_of_group,
)
from tests.contracts.creation import Anyone
from tests.contracts.world import NOW, World, date, group_run

PREFIXES = st.text(st.sampled_from("aZ09_.~:+-"), min_size=1, max_size=12) | st.text(min_size=1, max_size=4)


class Everyone(Anyone):
    def may_change_runs(self, dag_id):
        return True


class GroupNamesContract:
    examples = 150
    """How many prefixes are tried."""

    def test_every_group_that_is_created_is_found_and_changed_by_the_name_that_the_list_shows(self, world: World):
        create_runs, groups = CreateRuns(world.runs, lambda: NOW), Groups(world.groups, lambda: NOW)
        numbers = count()

        @settings(max_examples=self.examples, deadline=None)
        @given(PREFIXES)
        @example("\0")
        @example("manual_")
        @example("manual__")
        @example("_" * 9)
        @example(".")
        @example("\x00")
        @example("a_0000001_2021-01-01T00:00:00")
        def check(prefix):
            dag_id = f"dag_{next(numbers)}"
            world.dag(dag_id)
            try:
                created = create_runs.create(GroupRequest(dag_id=dag_id, prefix=prefix, dates=(date(1),)), Anyone())
            except Refused:
                return
            world.run(dag_id, group_run(name_of_group(prefix), 2, 9), logical_date=date(9))
            for day, other in enumerate((f"{prefix}x", f"{prefix}_", name_of_group(prefix)[:-1]), 5):
                world.run(dag_id, group_run(other, 1, day), logical_date=date(day))
            listed = groups.list(GroupFilter(dag_id=dag_id), Everyone()).groups
            (name,) = {one.prefix for one in listed if one.runs == 2}
            assert name == name_of_group(prefix)
            assert has_address(name)
            assert groups.get(dag_id, name, Everyone()).group.runs == 2
            result = groups.apply(GroupAction(dag_id=dag_id, prefix=name, action=Cancel()), Everyone())
            assert result.dag_run_ids == tuple(run.run_id for run in created.runs)

        check()

    def test_a_group_without_an_address_is_left_out_of_the_list(self, world: World):
        world.dag("a")
        for day, prefix in enumerate(("a/b", "/", ".", "..", ".a", "a", "..."), 1):
            world.run("a", group_run(prefix, 1, day), logical_date=date(day))
        listed = world.groups.list(GroupFilter(dag_id="a", limit=10)).groups
        assert [one.prefix for one in listed] == ["...", "a", ".a"]
