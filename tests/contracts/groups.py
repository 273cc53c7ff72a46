"""What a repository of groups promises to those who watch them."""

import datetime as dt
from dataclasses import replace

import pytest

from airflow_run_groups.domain import (
    Cancel,
    DagNotFound,
    DagRunFilter,
    DagRunState,
    Group,
    GroupAction,
    GroupActionResult,
    GroupFilter,
    GroupNotFound,
    GroupPage,
    GroupRun,
    GroupRunFilter,
    GroupRunPage,
    Note,
    Pace,
    Retry,
    StateCounts,
    WaitsFor,
    Which,
)
from airflow_run_groups.domain.groups.estimate import WINDOW
from tests.contracts.hostile import HOSTILE
from tests.contracts.world import World, add, date, group_run, new_run, utc

NOW = utc(2025, 1, 1)
HOUR = dt.timedelta(hours=1)
NOT_OF_A_GROUP = (
    "a",
    "a_0000001",
    "a_0000001_",
    "a_000001_2021-01-01T00:00:00",
    "a_0000001_2021-01-01",
    "a_0000001_2021-02-29T00:00:00",
    "a_0000001_1900-02-29T00:00:00",
    "a_0000001_0000-01-01T00:00:00",
    "a_0000001_2021-13-01T00:00:00",
    "a_0000001_2021-04-31T00:00:00",
    "a_0000001_2021-01-01T24:00:00",
    "a_0000001_2021-01-01T00:00:00.5",
    "a_0000001_2021-01-01T00:00:00Z",
    "a_0000001_2021-01-01T00:00:00 ",
    "a_0000001_2021-01-01 00:00:00",
    "a-0000001_2021-01-01T00:00:00",
    "_0000001_2021-01-01T00:00:00",
    "0000001_2021-01-01T00:00:00",
    "a_\uff11000001_2021-01-01T00:00:00",
    "scheduled__2021-01-01T00:00:00+00:00",
)


class GroupListContract:
    def test_a_dag_without_groups_has_an_empty_page_that_is_the_last(self, world: World):
        world.dag("a")
        for number, run_id in enumerate(NOT_OF_A_GROUP):
            world.run("a", run_id, logical_date=date(number + 1))
        assert world.groups.list(GroupFilter(dag_id="a", limit=10)) == GroupPage(groups=(), next_start=None)

    def test_a_dag_that_does_not_exist_is_not_found(self, world: World):
        world.dag("a")
        for dag_id in ("A", "", "a_", *(text for text in HOSTILE if "\0" not in text)):
            with pytest.raises(DagNotFound):
                world.groups.list(GroupFilter(dag_id=dag_id, limit=10))

    def test_a_stale_dag_still_has_its_groups(self, world: World):
        world.dag("gone", is_stale=True)
        world.run("gone", group_run("g", 1))
        assert prefixes(world, "gone") == ["g"]

    def test_a_group_is_shown_with_all_its_facts(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1, 5), logical_date=date(5), state="success")
        world.run("a", group_run("g", 2, 3), logical_date=date(3), state="failed")
        world.run("a", group_run("g", 3, 9), logical_date=date(9), state="running")
        world.run("a", group_run("g", 4, 7), logical_date=date(7), state="queued")
        last = world.run("a", group_run("g", 5, 8), logical_date=date(8), state="queued")
        (group,) = world.groups.list(GroupFilter(dag_id="a", limit=10)).groups
        assert replace(group, created_at=None) == Group(
            dag_id="a",
            prefix="g",
            runs=5,
            states=StateCounts(queued=2, running=1, success=1, failed=1),
            first_logical_date=date(3),
            last_logical_date=date(9),
            last_id=last,
        )
        assert group.first_logical_date.utcoffset() == dt.timedelta(0)

    def test_a_group_has_no_dates_when_none_of_its_runs_has_one(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1))
        (group,) = world.groups.list(GroupFilter(dag_id="a", limit=10)).groups
        assert (group.first_logical_date, group.last_logical_date) == (None, None)

    def test_groups_are_ordered_by_their_newest_run_the_newest_first_each_once(self, world: World):
        world.dag("a")
        for day, (prefix, number) in enumerate((("x", 1), ("y", 1), ("x", 2), ("z", 1), ("y", 2)), start=1):
            world.run("a", group_run(prefix, number, day), logical_date=date(day))
        page = world.groups.list(GroupFilter(dag_id="a", limit=10))
        assert [(group.prefix, group.runs) for group in page.groups] == [("y", 2), ("z", 1), ("x", 2)]

    def test_a_group_is_made_of_the_runs_with_its_exact_prefix(self, world: World):
        world.dag("a")
        world.dag("b")
        everything = ["a", "a_b", "A", "a_0000001", "a__", "a%", "ä", "é\n", "2021", "my_backfill", "scheduled_"]
        for day, prefix in enumerate(everything, start=1):
            world.run("a", group_run(prefix, 1, day), logical_date=date(day))
        world.run("b", group_run("a", 1), logical_date=date(1))
        world.run("a", "a_0000002_2021-03-01T00:00:00.123456", logical_date=utc(2021, 3, 1))
        world.run("a", "a_123456789_2024-02-29T00:00:00", logical_date=utc(2024, 2, 29))
        groups = world.groups.list(GroupFilter(dag_id="a", limit=100)).groups
        assert {group.prefix: group.runs for group in groups} == {**dict.fromkeys(everything, 1), "a": 3}

    def test_groups_are_of_the_runs_of_any_type(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1), run_type="backfill")
        assert prefixes(world, "a") == ["g"]

    def test_pages_together_hold_every_group_once(self, world: World):
        world.dag("a")
        for number in (1, 2):
            for name in "pqrstuv":
                day = number * 10 + ord(name) - ord("p")
                world.run("a", group_run(name, number, day), logical_date=date(day))
        seen, start = [], None
        while True:
            page = world.groups.list(GroupFilter(dag_id="a", start=start, limit=3))
            assert len(page.groups) <= 3
            assert all(group.runs == 2 for group in page.groups)
            seen += [group.prefix for group in page.groups]
            start = page.next_start
            if start is None:
                break
            assert start == page.groups[-1].last_id
        assert seen == list("vutsrqp")

    def test_a_last_page_that_is_exactly_full_has_no_next_start(self, world: World):
        world.dag("a")
        for day, name in enumerate("pq", start=1):
            world.run("a", group_run(name, 1, day), logical_date=date(day))
        assert world.groups.list(GroupFilter(dag_id="a", limit=2)).next_start is None

    def test_before_the_first_group_there_is_none(self, world: World):
        world.dag("a")
        number = world.run("a", group_run("g", 1))
        for start in (number, 0):
            assert world.groups.list(GroupFilter(dag_id="a", start=start, limit=2)) == GroupPage(
                groups=(), next_start=None
            )
        assert len(world.groups.list(GroupFilter(dag_id="a", start=2**63 - 1, limit=2)).groups) == 1


class GroupGetContract:
    def test_a_group_is_that_of_the_list(self, world: World):
        world.dag("a", max_active_runs=3, is_paused=True)
        for day, state in enumerate(DagRunState, start=1):
            world.run("a", group_run("g", day, day), logical_date=date(day), state=state.value)
        progress = world.groups.get("a", "g", now=NOW)
        assert (progress.group,) == world.groups.list(GroupFilter(dag_id="a", limit=10)).groups
        assert (progress.max_active_runs, progress.is_paused) == (3, True)
        assert progress.done == 0.5

    def test_it_is_made_of_the_runs_with_its_exact_prefix(self, world: World):
        world.dag("a")
        world.dag("b")
        names = ["a", "a_b", "A", "a_0000001", "a__", "a%", "b", "é\n"]
        for day, prefix in enumerate(names, start=1):
            world.run("a", group_run(prefix, 1, day), logical_date=date(day))
        for day, run_id in enumerate(NOT_OF_A_GROUP, start=40):
            world.run("a", run_id, logical_date=date(day))
        world.run("b", group_run("a", 1), logical_date=date(1))
        for prefix in names:
            assert world.groups.get("a", prefix, now=NOW).group.runs == 1

    def test_what_is_no_group_of_the_dag_is_not_found(self, world: World):
        world.dag("a")
        world.dag("b")
        world.run("a", group_run("g_h", 1))
        for run_id in NOT_OF_A_GROUP:
            world.run("b", run_id)
        names = ("g", "g_", "G_H", "g_h_", "g_h_0000001", "", "a", "_", "%", ".*", *HOSTILE)
        missing = [("a", name) for name in names if "\0" not in name]
        for dag_id, prefix in (*missing, ("b", "g_h"), ("b", "a"), ("nowhere", "g_h"), ("A", "g_h")):
            with pytest.raises(GroupNotFound):
                world.groups.get(dag_id, prefix, now=NOW)

    def test_a_group_in_which_none_is_queued_waits_for_nothing(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1), logical_date=date(1), state="running")
        progress = world.groups.get("a", "g", now=NOW)
        assert (progress.waiting_since, progress.last_run_after) == (None, None)

    def test_queued_runs_wait_from_when_they_were_made_or_may_start(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1, 1), logical_date=date(1), state="queued")
        world.run("a", group_run("g", 2, 2), logical_date=utc(2999, 1, 1), state="queued")
        world.run("a", group_run("g", 3, 3), logical_date=utc(2999, 2, 1), state="success")
        progress = world.groups.get("a", "g", now=NOW)
        assert utc(2024, 1, 1) < progress.waiting_since < utc(2998, 1, 1)
        assert progress.last_run_after == utc(2999, 1, 1)

    def test_runs_that_never_started_tell_nothing_of_how_long_one_takes(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1, 1), logical_date=date(1), state="failed")
        world.run("a", group_run("g", 2, 2), logical_date=date(2), state="queued")
        assert list(world.groups.get("a", "g", now=NOW).durations) == []

    def test_a_stale_dag_is_told_and_keeps_its_runs_waiting(self, world: World):
        world.dag("gone", is_stale=True)
        world.dag("there")
        for dag_id in ("gone", "there"):
            world.run(dag_id, group_run("g", 1), state="queued")
        gone = world.groups.get("gone", "g", now=NOW)
        assert (gone.is_stale, gone.waiting_for) == (True, (WaitsFor.DAG_STALE,))
        assert not world.groups.get("there", "g", now=NOW).is_stale

    def test_the_active_runs_are_all_that_are_running_of_the_dag(self, world: World):
        world.dag("a")
        world.dag("b")
        world.run("a", group_run("g", 1), state="queued")
        assert world.groups.get("a", "g", now=NOW).active_runs == 0
        world.run("a", group_run("g", 2, 2), logical_date=date(2), state="running")
        world.run("a", "scheduled__2021-01-03", logical_date=date(3), state="running", run_type="scheduled")
        world.run("a", group_run("h", 1, 4), logical_date=date(4), state="success")
        world.run("b", group_run("g", 1), state="running")
        assert world.groups.get("a", "g", now=NOW).active_runs == 2

    def test_runs_have_ended_recently_within_the_window_if_they_have_started(self, world: World):
        world.dag("a")
        long_ago, lately = NOW - 2 * WINDOW, NOW - WINDOW / 2
        for day, (start, end, state) in enumerate(
            (
                (long_ago, NOW - WINDOW * 1.1, "success"),
                (lately, NOW - WINDOW / 4, "success"),
                (long_ago, NOW - WINDOW / 3, "failed"),
                (None, NOW - WINDOW / 3, "failed"),
                (lately, None, "running"),
            ),
            start=1,
        ):
            world.run(
                "a", group_run("g", day, day), logical_date=date(day), state=state, start_date=start, end_date=end
            )
        world.run("a", group_run("h", 1, 9), logical_date=date(9), start_date=lately, end_date=lately)
        progress = world.groups.get("a", "g", now=NOW)
        assert (progress.recently_ended, progress.recently_started) == (2, long_ago)
        assert world.groups.get("a", "g", now=NOW + 2 * WINDOW).recently_started is None

    def test_runs_of_which_no_task_depends_on_the_run_before_are_behind_none(self, world: World):
        world.dag("a", max_active_runs=1)
        world.run("a", "failed", logical_date=date(1), state="failed")
        world.run("a", group_run("g", 2, 2), logical_date=date(2), state="running")
        world.run("a", group_run("g", 3, 3), logical_date=date(3), state="queued")
        assert world.groups.get("a", "g", now=NOW).previous_run_id is None

    def test_a_group_that_was_created_is_there_and_queued(self, world: World):
        world.dag("a")
        add(world, "a", *(new_run(group_run("group", day, day), date(day)) for day in (1, 2, 3)))
        group = world.groups.get("a", "group", now=NOW).group
        assert (group.runs, group.states) == (3, StateCounts(queued=3))


class GroupRunsContract:
    def test_a_run_is_shown_with_all_its_facts(self, world: World):
        world.dag("a")
        started, ended = utc(2024, 1, 1), utc(2024, 1, 2)
        first = world.run(
            "a",
            group_run("g", 1),
            logical_date=date(1),
            run_type="scheduled",
            state="success",
            start_date=started,
            end_date=ended,
        )
        second = world.run("a", group_run("g", 2, 2), state="queued")
        note(world, "g", limit=1)
        assert page(world) == GroupRunPage(
            runs=(
                GroupRun(
                    id=first,
                    run_id=group_run("g", 1),
                    logical_date=date(1),
                    run_type="scheduled",
                    state="success",
                    cancelled=False,
                    start_date=started,
                    end_date=ended,
                    note="a note",
                ),
                GroupRun(
                    id=second,
                    run_id=group_run("g", 2, 2),
                    logical_date=None,
                    run_type="manual",
                    state="queued",
                    cancelled=False,
                    start_date=None,
                    end_date=None,
                    note=None,
                ),
            ),
            next_start=None,
        )
        assert page(world).runs[0].start_date.utcoffset() == dt.timedelta(0)

    def test_runs_come_with_their_conf_on_demand(self, world: World):
        world.dag("a")
        add(world, "a", replace(new_run(group_run("g", 1), date(1)), conf={"colour": "red", "n": [1, None]}))
        world.run("a", group_run("g", 2, 2))
        assert [run.conf for run in page(world, conf=True).runs] == [{"colour": "red", "n": [1, None]}, {}]
        assert [run.conf for run in page(world).runs] == [None, None]

    def test_runs_come_in_the_order_of_their_ids_and_only_those_of_the_group(self, world: World):
        for dag_id in ("a", "b"):
            world.dag(dag_id)
            for day, prefix in enumerate(("g", "g_", "G", "g_a", "g"), start=1):
                world.run(dag_id, group_run(prefix, 9 - day, day), logical_date=date(day))
        assert [run.run_id for run in page(world).runs] == [group_run("g", 8, 1), group_run("g", 4, 5)]

    def test_pages_follow_each_other_without_a_gap(self, world: World):
        world.dag("a")
        ids = [world.run("a", group_run("g", day, day), logical_date=date(day)) for day in range(1, 8)]
        seen, start = [], 0
        while start is not None:
            part = page(world, start=start, limit=3)
            seen += [[run.id for run in part.runs]]
            start = part.next_start
        assert seen == [ids[:3], ids[3:6], ids[6:]]
        assert page(world, limit=7).next_start is None
        assert page(world, start=ids[-1]) == GroupRunPage(runs=(), next_start=None)

    @pytest.mark.parametrize("state", list(DagRunState))
    def test_states_are_those_in_which_the_group_counts_its_runs(self, world: World, state: DagRunState):
        world.dag("a")
        for day, one in enumerate((*DagRunState, *DagRunState), start=1):
            world.run("a", group_run("g", day, day), logical_date=date(day), state=one.value)
        found = page(world, state=state).runs
        assert [run.state for run in found] == [state.value] * 2
        assert getattr(world.groups.get("a", "g", now=NOW).group.states, state.value) == 2
        assert page(world, state=state, limit=1).next_start == found[0].id

    def test_a_cancelled_run_is_failed_and_says_that_it_was_cancelled(self, world: World):
        world.dag("a")
        add(world, "a", *(new_run(group_run("g", day, day), date(day)) for day in (1, 2)))
        world.run("a", group_run("g", 3, 3), logical_date=date(3), state="failed")
        world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel(), limit=1))
        assert [(run.state, run.cancelled) for run in page(world).runs] == [
            ("failed", True),
            ("queued", False),
            ("failed", False),
        ]
        assert [run.cancelled for run in page(world, state=DagRunState.FAILED).runs] == [True, False]

    def test_a_group_that_does_not_exist_is_not_found(self, world: World):
        world.dag("a")
        world.run("a", group_run("g", 1), logical_date=date(1))
        for dag_id, prefix in (("a", "G"), ("a", "g_"), ("a", ""), ("b", "g"), ("A", "g")):
            with pytest.raises(GroupNotFound):
                world.groups.runs(dag_id, prefix, GroupRunFilter())


def page(world: World, **where: object) -> GroupRunPage:
    return world.groups.runs("a", "g", GroupRunFilter(**where))


def note(world: World, prefix: str, **more: int) -> None:
    world.groups.apply(GroupAction(dag_id="a", prefix=prefix, action=Note(note="a note"), **more))


def prefixes(world: World, dag_id: str):
    return [group.prefix for group in world.groups.list(GroupFilter(dag_id=dag_id, limit=100)).groups]


class GroupActionContract:
    def test_queued_runs_that_are_cancelled_have_failed(self, world: World):
        three_created(world)
        ids = tuple(group_run("g", day, day) for day in (1, 2, 3))
        assert apply(world, Cancel()) == GroupActionResult(dag_run_ids=ids, next_start=None, dry_run=False)
        assert states(world, "g") == ["failed"] * 3
        assert apply(world, Cancel()).dag_run_ids == ()

    @pytest.mark.parametrize(
        ("act", "chosen"),
        [
            (Cancel(), {"queued"}),
            (Cancel(running=True), {"queued", "running"}),
            (Note(note="n"), {"queued", "running", "success", "failed"}),
        ],
    )
    def test_what_is_ordered_is_done_to_the_runs_in_the_states_that_it_is_for(self, world: World, act, chosen):
        world.dag("a")
        made = {}
        for day, state in enumerate(DagRunState, start=1):
            made[state.value] = group_run("g", day, day)
            world.run("a", made[state.value], logical_date=date(day), state=state.value)
        assert set(apply(world, act).dag_run_ids) == {made[state] for state in chosen}
        after = {run.run_id: run.state for run in world.runs.list(DagRunFilter(dag_id="a")).runs}
        for state, run_id in made.items():
            cancelled = isinstance(act, Cancel) and state in chosen
            assert after[run_id] == ("failed" if cancelled else state)

    def test_runs_that_are_to_run_again_are_queued(self, world: World):
        three_created(world)
        apply(world, Cancel(), limit=2)
        assert len(apply(world, Retry()).dag_run_ids) == 2
        assert states(world, "g") == ["queued"] * 3
        for run in world.runs.list(DagRunFilter(dag_id="a")).runs:
            assert (run.start_date, run.end_date) == (None, None)
        assert apply(world, Retry(which=Which.ALL)).dag_run_ids == ()

    def test_cancelled_runs_are_a_part_of_the_failed_ones_until_they_run_again(self, world: World):
        three_created(world)
        world.run("a", group_run("g", 4, 4), logical_date=date(4), state="failed")
        apply(world, Cancel(), limit=2)
        for group in (
            world.groups.get("a", "g", now=NOW).group,
            *world.groups.list(GroupFilter(dag_id="a", limit=9)).groups,
        ):
            assert (group.states, group.cancelled) == (StateCounts(queued=1, failed=3), 2)
        apply(world, Note(note="n"))
        assert world.groups.get("a", "g", now=NOW).group.cancelled == 2
        apply(world, Retry(), limit=1)
        assert world.groups.get("a", "g", now=NOW).group.cancelled == 1
        apply(world, Cancel())
        assert world.groups.get("a", "g", now=NOW).group.cancelled == 3

    def test_retry_is_for_failed_or_for_cancelled_runs_or_for_both(self, world: World):
        first, second, third = (group_run("g", day, day) for day in (1, 2, 3))
        three_created(world)
        apply(world, Cancel())
        assert apply(world, Retry(which=Which.FAILED)).dag_run_ids == ()
        assert apply(world, Retry(which=Which.CANCELLED), limit=1).dag_run_ids == (first,)
        assert apply(world, Retry(), limit=1).dag_run_ids == (second,)
        assert apply(world, Retry(which=Which.ALL)).dag_run_ids == (third,)
        assert world.groups.get("a", "g", now=NOW).group.cancelled == 0

    def test_retried_runs_start_at_a_pace(self, world: World):
        three_created(world)
        apply(world, Cancel())
        base = utc(2999, 1, 1)
        retry = Retry(pace=Pace(runs=1, interval=HOUR), not_before=base)
        step = apply(world, retry, limit=2)
        assert step.next_not_before == base + 2 * HOUR
        assert apply(world, Retry(pace=retry.pace, not_before=step.next_not_before)).next_not_before is None
        assert [second_of(world, day) for day in (1, 2, 3)] == [base, base + HOUR, base + 2 * HOUR]

    def test_cancelled_runs_of_a_paced_group_keep_their_distances_from_when_they_run_again(self, world: World):
        world.dag("a")
        starts = [utc(2900, 1, 1) + n * HOUR for n in range(4)]
        paced = [
            replace(new_run(group_run("g", day, day), date(day)), run_after=starts[day - 1]) for day in (1, 2, 3, 4)
        ]
        add(world, "a", *paced)
        apply(world, Cancel())
        base = utc(2999, 1, 1)
        step = apply(world, Retry(not_before=base), limit=2)
        assert step.next_not_before == base + 2 * HOUR
        apply(world, Retry(not_before=step.next_not_before))
        assert [second_of(world, day) for day in (1, 2, 3, 4)] == [base + n * HOUR for n in range(4)]

    def test_other_runs_that_run_again_start_when_they_could_before(self, world: World):
        three_created(world)
        before = [second_of(world, day) for day in (1, 2, 3)]
        apply(world, Cancel())
        assert apply(world, Retry(), limit=1).next_not_before is None
        apply(world, Retry())
        assert [second_of(world, day) for day in (1, 2, 3)] == before

    def test_runs_can_be_cancelled_and_run_again_any_number_of_times(self, world: World):
        three_created(world)
        for _ in range(3):
            assert len(apply(world, Cancel()).dag_run_ids) == 3
            assert len(apply(world, Retry(which=Which.ALL)).dag_run_ids) == 3
        assert states(world, "g") == ["queued"] * 3

    def test_a_note_replaces_the_one_that_is_there(self, world: World):
        three_created(world)
        apply(world, Note(note="first"))
        apply(world, Note(note="sécond 🐍" + "x" * 991), limit=1)
        notes = [world.stored("a", group_run("g", day, day)).note for day in (1, 2, 3)]
        assert notes == ["sécond 🐍" + "x" * 991, "first", "first"]

    @pytest.mark.parametrize("act", [Cancel(running=True), Retry(which=Which.ALL), Note(note="n")])
    def test_a_dry_run_says_what_would_be_done_and_does_nothing(self, world: World, act):
        three_created(world)
        if isinstance(act, Retry):
            apply(world, Cancel())
        before = world.runs.list(DagRunFilter(dag_id="a"))
        would = apply(world, act, dry_run=True, limit=2)
        assert world.runs.list(DagRunFilter(dag_id="a")) == before
        assert world.stored("a", group_run("g", 1, 1)).note is None
        done = apply(world, act, limit=2)
        assert (would.dag_run_ids, would.next_start, would.dry_run) == (done.dag_run_ids, done.next_start, True)
        assert len(done.dag_run_ids) == 2

    @pytest.mark.parametrize("act", [Cancel(), Note(note="n")])
    def test_steps_together_reach_every_run_once(self, world: World, act):
        world.dag("a")
        add(world, "a", *(new_run(group_run("g", day, day), date(day)) for day in range(1, 8)))
        seen, start = [], 0
        while start is not None:
            step = apply(world, act, limit=3, start=start)
            seen += step.dag_run_ids
            start = step.next_start
        assert seen == [group_run("g", day, day) for day in range(1, 8)]

    @pytest.mark.parametrize("act", [Cancel(), Retry(), Note(note="n")])
    def test_steps_that_are_short_of_time_do_one_run_at_least_and_together_reach_every_run_once(
        self, world: World, act
    ):
        world.dag("a")
        add(world, "a", *(new_run(group_run("g", day, day), date(day)) for day in range(1, 6)))
        if isinstance(act, Retry):
            apply(world, Cancel())
        seen, start = [], 0
        while start is not None:
            step = world.hurried_groups.apply(GroupAction(dag_id="a", prefix="g", action=act, start=start))
            assert step.dag_run_ids
            seen += step.dag_run_ids
            start = step.next_start
            if not isinstance(act, Note):
                before, after = ("queued", "failed") if isinstance(act, Cancel) else ("failed", "queued")
                assert states(world, "g") == [after] * len(seen) + [before] * (5 - len(seen))
        assert seen == [group_run("g", day, day) for day in range(1, 6)]

    def test_the_runs_of_no_other_group_are_touched(self, world: World):
        world.dag("a")
        world.dag("b")
        others = [
            group_run("g_h", 1, 2),
            group_run("G", 1, 3),
            "g_0000001",
            "g",
            "scheduled__2021-01-05T00:00:00+00:00",
        ]
        add(world, "a", new_run(group_run("g", 1, 1), date(1)), new_run(group_run("g_h", 1, 2), date(2)))
        for day, run_id in enumerate(others[1:], start=3):
            world.run("a", run_id, logical_date=date(day), state="queued")
        add(world, "b", new_run(group_run("g", 1, 1), date(1)))
        for act in (Cancel(running=True), Retry(which=Which.ALL), Cancel(), Note(note="n")):
            assert apply(world, act).dag_run_ids == (group_run("g", 1, 1),)
        left = [run for run in world.runs.list(DagRunFilter()).runs if run.state == "queued"]
        assert [(run.dag_id, run.run_id) for run in left] == [*(("a", other) for other in others), ("b", others_of_b())]
        assert world.stored("a", "g").note is None

    def test_a_group_that_is_none_is_not_found(self, world: World):
        three_created(world)
        for dag_id, prefix in (("a", "none"), ("a", "G"), ("a", "g_"), ("a", ""), ("nowhere", "g")):
            for act in (Cancel(), Retry(), Note(note="n")):
                with pytest.raises(GroupNotFound):
                    world.groups.apply(GroupAction(dag_id=dag_id, prefix=prefix, action=act))


def second_of(world: World, day: int) -> dt.datetime:
    """Return from when on a run may start, without the microseconds that put those of one moment in their order."""
    return world.stored("a", group_run("g", day, day)).run_after.replace(microsecond=0)


def others_of_b():
    return group_run("g", 1, 1)


def three_created(world: World):
    world.dag("a")
    add(world, "a", *(new_run(group_run("g", day, day), date(day)) for day in (1, 2, 3)))


def apply(world: World, act, **more) -> GroupActionResult:
    return world.groups.apply(GroupAction(dag_id="a", prefix="g", action=act, **more))


def states(world: World, prefix: str):
    return [run.state for run in world.runs.list(DagRunFilter(dag_id="a", prefix=f"{prefix}_")).runs]
