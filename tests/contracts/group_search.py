"""What a repository of groups promises to those who look for some: over all DAGs, and by what groups are."""

import datetime as dt

import pytest

from airflow_run_groups.domain import GroupAction, GroupFilter, GroupPage, GroupState, Note
from tests.contracts.world import World, add, date, group_run, new_run


class GroupSearchContract:
    def test_the_groups_of_all_dags_come_in_one_order_the_newest_first(self, world: World):
        furnish(world, ("b", "x"), ("a", "y"), ("a", "x"), ("b", "x"))
        page = world.groups.list(GroupFilter())
        assert names(page) == [("b", "x"), ("a", "x"), ("a", "y")]
        assert [group.runs for group in page.groups] == [2, 1, 1]
        assert page.next_start is None

    def test_without_dags_there_are_no_groups(self, world: World):
        assert world.groups.list(GroupFilter()) == GroupPage(groups=(), next_start=None)

    def test_only_groups_of_readable_dags_are_found(self, world: World):
        furnish(world, ("a", "x"), ("b", "x"), ("c", "x"))
        for state in (None, GroupState.FAILED):
            page = world.groups.list(GroupFilter(readable=frozenset({"a", "c", "d"}), state=state))
            assert names(page) == ([] if state else [("c", "x"), ("a", "x")])
        assert names(world.groups.list(GroupFilter(readable=frozenset()))) == []

    def test_a_readable_dag_does_not_show_the_active_groups_of_others(self, world: World):
        furnish(world, ("a", "x"), ("b", "x"), state="queued")
        page = world.groups.list(GroupFilter(readable=frozenset({"a"}), state=GroupState.ACTIVE))
        assert names(page) == [("a", "x")]

    @pytest.mark.parametrize("state", ["queued", "running"])
    @pytest.mark.parametrize("dag_id", [None, "a"])
    def test_active_groups_have_runs_that_have_not_ended(self, world: World, state, dag_id):
        furnish(world, ("a", "done"), ("b", "done"))
        for day, (name, prefix) in enumerate((("a", "old"), ("b", "old"), ("a", "new")), start=10):
            world.run(name, group_run(prefix, 1, day), logical_date=date(day), state=state)
            world.run(name, group_run(prefix, 2, day + 20), logical_date=date(day + 20), state="success")
        world.run("a", "manual__1", logical_date=date(60), state=state)
        page = world.groups.list(GroupFilter(dag_id=dag_id, state=GroupState.ACTIVE))
        expected = [("a", "new"), ("b", "old"), ("a", "old")]
        assert names(page) == [name for name in expected if dag_id in {None, name[0]}]
        assert [group.runs for group in page.groups] == [2] * len(page.groups)

    def test_active_groups_are_ordered_by_their_newest_run_which_may_have_ended(self, world: World):
        world.dag("a")
        for day, (prefix, number, state) in enumerate(
            (("x", 1, "queued"), ("y", 1, "running"), ("x", 2, "success")), start=1
        ):
            world.run("a", group_run(prefix, number, day), logical_date=date(day), state=state)
        first = world.groups.list(GroupFilter(state=GroupState.ACTIVE, limit=1))
        second = world.groups.list(GroupFilter(state=GroupState.ACTIVE, limit=1, start=first.next_start))
        assert (names(first), names(second)) == ([("a", "x")], [("a", "y")])
        assert second.next_start is None

    @pytest.mark.parametrize("dag_id", [None, "a"])
    def test_groups_with_failures_have_failed_runs(self, world: World, dag_id):
        furnish(world, ("a", "good"), ("b", "good"))
        for day, name in enumerate(("a", "b"), start=10):
            world.run(name, group_run("bad", 1, day), logical_date=date(day), state="failed")
        page = world.groups.list(GroupFilter(dag_id=dag_id, state=GroupState.FAILED))
        assert names(page) == [name for name in (("b", "bad"), ("a", "bad")) if dag_id in {None, name[0]}]

    @pytest.mark.parametrize("dag_id", [None, "a"])
    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [("re", ["re_do", "redo"]), ("redo", ["redo"]), ("re_", ["re_do"]), ("%", ["%"]), ("Re", ["Redo"]), ("x", [])],
    )
    def test_a_prefix_begins_letter_for_letter(self, world: World, dag_id, prefix, expected):
        furnish(world, *(("a", name) for name in ("redo", "Redo", "re_do", "%", "undo")))
        page = world.groups.list(GroupFilter(dag_id=dag_id, prefix=prefix))
        assert [group.prefix for group in page.groups] == expected

    def test_groups_of_a_creator_are_those_whose_first_run_they_asked_for(self, world: World):
        if not world.knows_makers:
            return
        world.dag("a")
        for day, (prefix, creator) in enumerate(
            (("x", "ann"), ("y", "bob"), ("y", "ann"), ("x", None), ("z", "Ann")), start=1
        ):
            world.run("a", group_run(prefix, day, day), logical_date=date(day), created_by=creator)
        for dag_id in (None, "a"):
            page = world.groups.list(GroupFilter(dag_id=dag_id, created_by="ann"))
            assert names(page) == [("a", "x")]
            assert page.groups[0].created_by == "ann"
        everybody = world.groups.list(GroupFilter()).groups
        assert [(group.prefix, group.created_by) for group in everybody] == [("z", "Ann"), ("x", "ann"), ("y", "bob")]

    def test_a_group_shows_the_note_on_its_newest_run(self, world: World):
        world.dag("a")
        runs = [new_run(group_run("x", number, number), date(number)) for number in (1, 2)]
        add(world, "a", *runs)
        assert world.groups.list(GroupFilter()).groups[0].note is None
        world.groups.apply(GroupAction(dag_id="a", prefix="x", action=Note(note="all of them")))
        world.groups.apply(GroupAction(dag_id="a", prefix="x", action=Note(note="the first"), limit=1))
        (group,) = world.groups.list(GroupFilter()).groups
        assert group.note == "all of them"
        assert world.groups.get("a", "x", now=date(1)).group == group

    def test_a_group_shows_since_when_it_is_there(self, world: World):
        world.dag("a")
        before = dt.datetime.now(dt.timezone.utc)
        add(world, "a", new_run(group_run("x", 1), date(1)))
        (group,) = world.groups.list(GroupFilter()).groups
        assert group.created_at.utcoffset() == dt.timedelta(0)
        assert group.created_at >= before - dt.timedelta(days=365 * 10)
        later = new_run(group_run("x", 2, 2), date(2))
        add(world, "a", later)
        assert world.groups.list(GroupFilter()).groups[0].created_at == group.created_at

    def test_pages_over_all_dags_hold_every_group_once(self, world: World):
        wanted = [(dag_id, prefix) for number in range(4) for dag_id in "abc" for prefix in (f"p{number}", "q")]
        furnish(world, *wanted)
        seen, start = [], None
        while True:
            page = world.groups.list(GroupFilter(start=start, limit=2))
            assert len(page.groups) <= 2
            seen += names(page)
            start = page.next_start
            if start is None:
                break
        assert seen == list(dict.fromkeys(reversed(wanted)))


def furnish(world: World, *groups: tuple[str, str], state: str = "success") -> None:
    """Put a run into each of these groups, one after the other."""
    for dag_id in dict.fromkeys(dag_id for dag_id, _ in groups):
        world.dag(dag_id)
    for day, (dag_id, prefix) in enumerate(groups, start=1):
        world.run(dag_id, group_run(prefix, day, day), logical_date=date(day), state=state)


def names(page: GroupPage) -> list[tuple[str, str]]:
    return [(group.dag_id, group.prefix) for group in page.groups]
