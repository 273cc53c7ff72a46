"""What a repository of DAG runs promises about a transaction that creates runs, and about the facts of a plan."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest

from airflow_run_groups.domain import (
    BundleVersionNotFound,
    Caller,
    CreateRuns,
    DagNotFound,
    DagRunFilter,
    DagRunState,
    DagRunType,
    DomainError,
    GroupRequest,
    GroupRunId,
    Refused,
    Rights,
    UnsupportedAirflowVersion,
)
from tests.contracts.world import NOW, World, add, created_runs, date, facts, group_run, new_run, utc


class TransactionContract:
    def test_a_transaction_returns_what_its_work_returns(self, world: World):
        world.dag("a")
        result = object()
        assert world.runs.transaction("a", lambda _: result) is result
        assert world.count_runs() == 0

    def test_runs_come_out_manual_and_queued_as_planned(self, world: World):
        world.dag("a")
        moment = utc(2021, 2, 3, 4, 5, 6, 789)
        add(world, "a", new_run("x", moment))
        (run,) = world.runs.list(DagRunFilter()).runs
        assert (run.dag_id, run.run_id, run.logical_date) == ("a", "x", moment)
        assert (run.run_type, run.state) == (DagRunType.MANUAL, DagRunState.QUEUED)
        assert run.external_trigger
        assert (run.start_date, run.end_date) == (None, None)
        assert world.runs.get("x", dag_id="a", readable=None) == run

    def test_ids_follow_the_order_of_the_created_runs(self, world: World):
        world.dag("a")
        before = world.run("a", "before")
        add(world, "a", *(new_run(f"r{day}", date(day)) for day in (2, 5, 1, 4, 3)))
        after = world.run("a", "after")
        runs = world.runs.list(DagRunFilter()).runs
        assert [run.run_id for run in runs] == ["before", "r2", "r5", "r1", "r4", "r3", "after"]
        assert (runs[0].id, runs[-1].id) == (before, after)

    def test_created_runs_count_for_the_dags_last_logical_date(self, world: World):
        world.dag("a")
        add(world, "a", new_run("x", date(2)), new_run("y", date(1)))
        assert [dag.last_logical_date for dag in world.dags.list(readable=None)] == [date(2)]

    def test_no_runs_write_nothing(self, world: World):
        world.dag("a")
        add(world, "a")
        assert world.count_runs() == 0

    def test_a_dag_that_is_not_there_or_stale_is_not_found(self, world: World):
        world.dag("gone", is_stale=True)
        for dag_id in ("gone", "no_such_dag", "GONE", ""):
            with pytest.raises(DagNotFound):
                add(world, dag_id, new_run("x", date(1)))
        assert world.count_runs() == 0

    def test_a_paused_dag_takes_runs(self, world: World):
        world.dag("a", is_paused=True)
        add(world, "a", new_run("x", date(1)))
        assert world.count_runs() == 1

    @pytest.mark.parametrize("error", [Refused("no"), ZeroDivisionError("a fault")])
    def test_an_error_of_the_work_comes_through_and_leaves_nothing_behind(self, world: World, error):
        world.dag("a")

        def fail(dag):
            dag.add(created_runs("a", [new_run("y", date(2))]))
            raise error

        with pytest.raises(type(error)):
            world.runs.transaction("a", fail)
        assert world.count_runs() == 0
        add(world, "a", new_run("x", date(1)))
        assert world.count_runs() == 1

    @pytest.mark.parametrize(
        "clash",
        [
            pytest.param(new_run("taken", date(8)), id="run id of an existing run"),
            pytest.param(new_run("other", date(9)), id="date of an existing run"),
            pytest.param(new_run("x", date(8)), id="run id of another created run"),
            pytest.param(new_run("other", date(1)), id="date of another created run"),
        ],
    )
    def test_one_run_that_clashes_keeps_all_of_them_out(self, world: World, clash):
        world.dag("a")
        world.run("a", "taken", logical_date=date(9), run_type="scheduled")
        with pytest.raises(DomainError):
            add(world, "a", new_run("x", date(1)), new_run("y", date(2)), clash)
        assert world.count_runs() == 1

    def test_two_dags_may_have_the_same_run_ids_and_dates(self, world: World):
        world.dag("a")
        world.dag("b")
        add(world, "a", new_run("x", date(1)))
        add(world, "b", new_run("x", date(1)))
        assert world.count_runs() == 2

    @pytest.mark.parametrize("day", [1, 9])
    def test_a_run_that_would_have_no_task_keeps_all_of_them_out(self, world: World, day):
        world.dag("a", start_date=date(2), end_date=date(8))
        with pytest.raises(Refused):
            add(world, "a", new_run("x", date(2)), new_run("z", date(8)), new_run("y", date(day)))
        assert world.count_runs() == 0

    def test_the_dags_first_and_last_date_can_have_a_run(self, world: World):
        world.dag("a", start_date=date(2), end_date=date(8))
        add(world, "a", new_run("x", date(2)), new_run("y", date(8)))
        assert world.count_runs() == 2

    def test_another_transaction_of_the_dag_waits_until_this_one_has_ended(self, world: World):
        world.dag("a")
        other_has_begun = Event()
        seen = []

        def look(dag):
            other_has_begun.set()
            seen.append(list(dag.facts(GroupRequest(dag_id="a", start_date=date(1)), NOW).existing_dates))

        other = Thread(target=world.runs.transaction, args=("a", look))

        def create(dag):
            other.start()
            assert not other_has_begun.wait(timeout=0.3)
            dag.add(created_runs("a", [new_run("x", date(1))]))

        world.runs.transaction("a", create)
        other.join(timeout=30)
        assert seen[-1] == [date(1)]

    def test_the_same_range_requested_at_once_is_created_once(self, world: World):
        world.dag("a", schedule="0 0 * * *", start_date=date(1))
        request = GroupRequest(dag_id="a", prefix="group", start_date=date(1), end_date=date(12))
        results = at_once(world, request, times=4)
        assert sorted(len(created.runs) for created in results) == [0, 0, 0, 12]
        assert sorted(created.existing for created in results) == [0, 12, 12, 12]
        assert dates_and_numbers(world) == [(date(day), day) for day in range(1, 13)]

    def test_parts_of_a_range_requested_at_once_share_it_without_a_gap(self, world: World):
        world.dag("a", schedule="0 0 * * *", start_date=date(1))
        request = GroupRequest(dag_id="a", prefix="group", start_date=date(1), end_date=date(12), limit=3, partial=True)
        results = at_once(world, request, times=4)
        assert [len(created.runs) for created in results] == [3, 3, 3, 3]
        assert dates_and_numbers(world) == [(date(day), day) for day in range(1, 13)]


class PlanningFactsContract:
    def test_the_dag_is_shown_as_it_stands(self, world: World):
        world.dag(
            "a",
            start_date=date(2),
            end_date=date(8),
            is_paused=True,
            has_import_errors=True,
            max_active_runs=3,
        )
        dag = facts(world, "a").dag
        assert (dag.dag_id, dag.start_date, dag.end_date) == ("a", date(2), date(8))
        assert (dag.is_paused, dag.has_import_errors, dag.max_active_runs) == (True, True, 3)
        assert dag.allows_manual_runs

    def test_a_dag_need_not_have_any_of_it(self, world: World):
        world.dag("a", start_date=None, end_date=None)
        dag = facts(world, "a").dag
        assert (dag.start_date, dag.end_date) == (None, None)
        assert (dag.is_paused, dag.has_import_errors) == (False, False)

    @pytest.mark.parametrize("schedule", [{"catchup": True}, {"schedule": dt.timedelta(days=1)}])
    def test_a_schedule_goes_on_behind_its_latest_scheduled_or_backfill_run(self, world: World, schedule):
        world.dag("a", start_date=date(1), **schedule)
        assert facts(world, "a").dag.latest_automated is None
        for day, kind in ((3, "scheduled"), (5, "backfill"), (4, "scheduled"), (7, "manual")):
            world.run("a", f"r{day}", logical_date=date(day), run_type=kind)
        assert facts(world, "a").dag.latest_automated == date(5)

    def test_the_run_id_pattern_admits_ordinary_ids(self, world: World):
        world.dag("a")
        pattern = facts(world, "a").run_id_pattern
        assert re.match(pattern, group_run("manual", 1))
        assert not re.match(pattern, "a b")

    def test_existing_dates_ascend_whatever_made_the_runs_and_whenever(self, world: World):
        world.dag("a")
        world.dag("other")
        world.run("other", "x", logical_date=date(2))
        kinds, states = list(DagRunType), list(DagRunState)
        for place, day in enumerate((5, 1, 6, 3, 4, 2)):
            world.run(
                "a",
                f"r{day}",
                logical_date=date(day),
                run_type=kinds[place].value,
                state=states[place % len(states)].value,
            )
        world.run("a", "dateless")
        assert existing_dates(world, date(1)) == [date(day) for day in (1, 2, 3, 4, 5, 6)]

    def test_existing_dates_begin_with_the_first_one_asked_for(self, world: World):
        world.dag("a")
        for day in (1, 2, 3):
            world.run("a", f"r{day}", logical_date=date(day))
        assert existing_dates(world, date(2)) == [date(2), date(3)]
        assert existing_dates(world, date(2).replace(microsecond=1)) == [date(3)]
        assert existing_dates(world, date(4)) == []

    def test_existing_dates_go_on_beyond_a_page(self, world: World):
        world.dag("a")
        days = range(1, 2501)
        add(world, "a", *(new_run(f"r{day}", date(day) - 2000 * (date(2) - date(1))) for day in days))
        found = existing_dates(world, utc(2000, 1, 1))
        assert len(found) == 2500
        assert found == sorted(set(found))

    def test_a_new_group_has_no_number(self, world: World):
        world.dag("a")
        assert last_number(world, "group") == 0

    def test_the_last_number_is_the_highest_and_not_the_latest(self, world: World):
        world.dag("a")
        for number in (3, 9, 4):
            world.run("a", group_run("group", number))
        assert last_number(world, "group") == 9

    def test_numbers_are_compared_as_numbers(self, world: World):
        world.dag("a")
        world.run("a", group_run("group", 9_999_999))
        world.run("a", group_run("group", 10_000_000))
        assert last_number(world, "group") == 10_000_000

    def test_created_runs_count(self, world: World):
        world.dag("a")
        add(world, "a", new_run(group_run("group", 7), date(1)))
        assert last_number(world, "group") == 7

    def test_a_group_has_no_part_in_the_runs_of_another(self, world: World):
        world.dag("a")
        groups = ["a", "a_b", "A", "ab", "b_a", "a_", "_a", "a.b", "a_0000007_2021-01-01T00:00:00"]
        for number, group in enumerate(groups, 1):
            world.run("a", group_run(group, number))
        expected = {group: number for number, group in enumerate(groups, 1)}
        assert {group: last_number(world, group) for group in groups} == expected

    def test_a_prefix_is_no_pattern(self, world: World):
        world.dag("a")
        world.run("a", group_run("abc", 5))
        patterns = ["a_c", "a%", "%", "___", "a.c", "ab*", "[a]bc"]
        assert {last_number(world, pattern) for pattern in patterns} == {0}

    def test_an_id_that_only_resembles_the_group_has_no_part_in_it(self, world: World):
        world.dag("a")
        for run_id in (
            "group_0000007",
            "group_000007_2021-01-01T00:00:00",
            "group_0000007_2021-13-01T00:00:00",
            "group_0000007_2021-01-01T00:00:00+00:00",
            "group",
            "group_",
        ):
            world.run("a", run_id)
        assert last_number(world, "group") == 0

    def test_another_dags_group_has_no_part_in_it(self, world: World):
        world.dag("a")
        world.dag("b")
        world.run("b", group_run("group", 5))
        assert last_number(world, "group") == 0

    def test_a_version_that_the_dag_does_not_have_is_named(self, world: World):
        world.dag("a")
        with pytest.raises((BundleVersionNotFound, UnsupportedAirflowVersion), match="bundle_version") as caught:
            facts(world, "a", bundle_version="no such version")
        assert isinstance(caught.value, BundleVersionNotFound) is world.knows_versions
        assert "'no such version'" in str(caught.value) or "needs Airflow 3.4 or newer" in str(caught.value)

    def test_a_conf_that_fits_the_params_is_accepted(self, world: World):
        self.a_dag_with_params(world)
        for conf in ({}, {"count": 3}, {"no_param": [1, {"x": None}]}, {"count": 1, "colour": "blue"}, {"count": 10}):
            check_conf(world, conf)

    def test_a_conf_that_does_not_fit_is_refused_by_the_name_of_the_param(self, world: World):
        self.a_dag_with_params(world)
        for conf, param in (
            ({"count": "three"}, "count"),
            ({"count": 0}, "count"),
            ({"count": 11}, "count"),
            ({"count": None}, "count"),
            ({"count": True}, "count"),
            ({"colour": "green"}, "colour"),
            ({"colour": "red", "count": 1.5}, "count"),
        ):
            with pytest.raises(Refused, match=param):
                check_conf(world, conf)

    def test_a_param_without_a_default_must_be_given(self, world: World):
        world.dag("a", schedule=None, params={"count": {"type": "integer"}})
        with pytest.raises(Refused, match="count"):
            check_conf(world, {})
        check_conf(world, {"count": 1})

    def test_a_dag_without_params_accepts_any_conf(self, world: World):
        world.dag("a")
        check_conf(world, {"anything": "goes"})

    def a_dag_with_params(self, world):
        world.dag(
            "a",
            params={
                "count": {"default": 5, "type": "integer", "minimum": 1, "maximum": 10},
                "colour": {"default": "red", "enum": ["red", "blue"]},
            },
        )


class Anyone(Caller):
    """A caller who may do everything."""

    name = display_name = None

    def readable_dag_ids(self, dag_id=None):
        return None

    def rights(self, dag_ids):
        return dict.fromkeys(dag_ids, Rights(create=True, change=True))

    def may_create_runs(self, dag_id):
        return True


def at_once(world: World, request: GroupRequest, *, times: int):
    """Send the same request from several threads at the same moment."""
    create_runs = CreateRuns(world.runs, lambda: NOW)
    ready = Barrier(times)

    def create(_):
        ready.wait()
        return create_runs.create(request, Anyone())

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(create, range(times)))


def dates_and_numbers(world: World):
    runs = world.runs.list(DagRunFilter(limit=100)).runs
    return [(run.logical_date, GroupRunId.parse(run.run_id).number) for run in runs]


def existing_dates(world: World, since):
    request = GroupRequest(dag_id="a", start_date=since)
    return world.runs.snapshot("a", lambda dag: list(dag.facts(request, NOW).existing_dates))


def last_number(world: World, group: str):
    return facts(world, "a", prefix=f"{group}_").last_number


def check_conf(world: World, conf):
    world.runs.snapshot("a", lambda dag: dag.facts(GroupRequest(dag_id="a"), NOW).check_confs([conf]))
