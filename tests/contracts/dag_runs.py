"""What a repository of DAG runs promises to those who read."""

from dataclasses import replace

import pytest

from airflow_run_groups.domain import (
    AmbiguousRunId,
    DagRun,
    DagRunFilter,
    DagRunNotFound,
    DagRunPage,
    DagRunState,
    DagRunType,
)
from tests.contracts.world import World, add, date, new_run, utc


class DagRunListContract:
    def test_without_runs_the_page_is_empty_and_the_last(self, world: World):
        world.dag("a")
        assert world.runs.list(DagRunFilter()) == DagRunPage(runs=(), next_start=None)

    def test_runs_are_ordered_by_id_which_grows_as_they_are_created(self, world: World):
        world.dag("a")
        world.dag("b")
        made = [
            world.run("b", "z", logical_date=date(3)),
            world.run("a", "y", logical_date=date(2)),
            world.run("b", "x", logical_date=date(1)),
        ]
        page = world.runs.list(DagRunFilter())
        assert made == sorted(made)
        assert [run.id for run in page.runs] == made

    def test_a_run_is_shown_with_all_its_facts(self, world: World):
        world.dag("a")
        moment = utc(2021, 5, 6, 7, 8, 9, 123456)
        number = world.run("a", "x", logical_date=moment, run_type="backfill", state="failed")
        (run,) = world.runs.list(DagRunFilter()).runs
        assert facts(run) == (number, "a", "x", "failed", "backfill", moment)
        assert run.logical_date.tzinfo is not None

    def test_a_run_may_have_no_logical_date(self, world: World):
        world.dag("a")
        world.run("a", "x")
        assert [run.logical_date for run in world.runs.list(DagRunFilter()).runs] == [None]

    def test_the_runs_of_a_stale_dag_are_still_listed(self, world: World):
        world.dag("gone", is_stale=True)
        world.run("gone", "x")
        assert run_ids(world, DagRunFilter()) == ["x"]

    def test_a_start_is_exclusive(self, world: World):
        numbers = self.four_runs(world)
        assert run_ids(world, DagRunFilter(start=0)) == ["r1", "r2", "r3", "r4"]
        assert run_ids(world, DagRunFilter(start=numbers[1])) == ["r3", "r4"]
        assert run_ids(world, DagRunFilter(start="r2")) == ["r3", "r4"]

    def test_nothing_comes_after_the_last_run(self, world: World):
        numbers = self.four_runs(world)
        for start in (numbers[-1], "r4", numbers[-1] + 1000, 2**63, 10**30):
            assert world.runs.list(DagRunFilter(start=start)) == DagRunPage(runs=(), next_start=None)

    def test_the_start_itself_need_not_pass_the_filter(self, world: World):
        world.dag("a")
        world.run("a", "failed_1", state="failed")
        world.run("a", "success_2", state="success")
        world.run("a", "failed_3", state="failed")
        where = DagRunFilter(start="success_2", state=DagRunState.FAILED, prefix="failed")
        assert run_ids(world, where) == ["failed_3"]

    def test_a_start_is_a_place_among_the_runs_of_all_dags(self, world: World):
        world.dag("a")
        world.dag("b")
        world.run("a", "a1")
        between = world.run("b", "b2")
        world.run("a", "a3")
        assert run_ids(world, DagRunFilter(start=between, dag_id="a")) == ["a3"]

    def test_a_start_that_no_run_has_is_not_found(self, world: World):
        self.four_runs(world)
        for where in (
            DagRunFilter(start="r5"),
            DagRunFilter(start="R1"),
            DagRunFilter(start=""),
            DagRunFilter(start="r1", dag_id="other"),
            DagRunFilter(start="r1", dag_id="no_such_dag"),
            DagRunFilter(start="r1", readable=frozenset({"other"})),
            DagRunFilter(start="r1", dag_id="a", readable=frozenset({"other"})),
        ):
            with pytest.raises(DagRunNotFound):
                world.runs.list(where)

    def test_a_start_that_several_dags_have_is_ambiguous_without_a_dag(self, world: World):
        self.a_run_in_three_dags(world)
        with pytest.raises(AmbiguousRunId, match="a, b, c"):
            world.runs.list(DagRunFilter(start="same"))
        assert run_ids(world, DagRunFilter(start="same", dag_id="a")) == ["after"]

    def test_only_readable_dags_make_a_start_ambiguous(self, world: World):
        self.a_run_in_three_dags(world)
        assert run_ids(world, DagRunFilter(start="same", readable=frozenset({"a"}))) == ["after"]
        with pytest.raises(AmbiguousRunId) as ambiguous:
            world.runs.list(DagRunFilter(start="same", readable=frozenset({"a", "b"})))
        assert "a, b." in str(ambiguous.value)

    def test_pages_together_hold_every_run_once(self, world: World):
        world.dag("a")
        made = [world.run("a", f"r{number}") for number in range(7)]
        seen, start = [], 0
        while start is not None:
            page = world.runs.list(DagRunFilter(start=start, limit=3))
            assert len(page.runs) <= 3
            seen += [run.id for run in page.runs]
            start = page.next_start
        assert seen == made

    def test_a_page_that_is_not_the_last_names_its_last_run_as_next_start(self, world: World):
        numbers = self.four_runs(world)
        assert world.runs.list(DagRunFilter(limit=2)).next_start == numbers[1]

    def test_a_last_page_that_is_exactly_full_has_no_next_start(self, world: World):
        self.four_runs(world)
        assert world.runs.list(DagRunFilter(limit=4)).next_start is None
        assert world.runs.list(DagRunFilter(limit=2, start="r2")).next_start is None

    def test_runs_that_do_not_pass_the_filter_make_no_next_page(self, world: World):
        world.dag("a")
        for number, state in enumerate(("failed", "success", "failed", "success")):
            world.run("a", f"r{number}", state=state)
        page = world.runs.list(DagRunFilter(state=DagRunState.FAILED, limit=2))
        assert [run.run_id for run in page.runs] == ["r0", "r2"]
        assert page.next_start is None

    @pytest.mark.parametrize("state", list(DagRunState))
    def test_a_state_picks_the_runs_in_it(self, world: World, state):
        world.dag("a")
        for each in DagRunState:
            world.run("a", f"it_is_{each.value}", state=each.value)
        assert run_ids(world, DagRunFilter(state=state)) == [f"it_is_{state.value}"]

    def test_external_trigger_tells_runs_that_somebody_asked_for(self, world: World):
        world.dag("a")
        for kind in DagRunType:
            world.run("a", f"it_is_{kind.value}", run_type=kind.value)
        asked_for = ["it_is_manual", "it_is_asset_materialization", "it_is_operator_triggered"]
        of_itself = ["it_is_scheduled", "it_is_backfill", "it_is_asset_triggered"]
        assert sorted(run_ids(world, DagRunFilter(external_trigger=True))) == sorted(asked_for)
        assert sorted(run_ids(world, DagRunFilter(external_trigger=False))) == sorted(of_itself)
        assert len(run_ids(world, DagRunFilter(external_trigger=None))) == 6

    def test_backfill_runs_that_a_request_has_made_are_those_that_somebody_asked_for(self, world: World):
        world.dag("a")
        world.run("a", "of_airflow", run_type="backfill")
        add(world, "a", replace(new_run("of_a_request", date(1)), run_type=DagRunType.BACKFILL))
        assert run_ids(world, DagRunFilter(external_trigger=True)) == ["of_a_request"]
        assert run_ids(world, DagRunFilter(external_trigger=False)) == ["of_airflow"]
        (_, ours) = world.runs.list(DagRunFilter()).runs
        assert (ours.run_type, ours.external_trigger) == ("backfill", True)

    def test_a_run_id_starts_with_the_prefix_letter_for_letter(self, world: World):
        everything = ["a_b_1", "axb_1", "A_b_1", "a.b_1", "x_a_b_1"]
        world.dag("a")
        for run_id in everything:
            world.run("a", run_id)
        expected = {
            "": everything,
            "a": ["a_b_1", "axb_1", "a.b_1"],
            "A": ["A_b_1"],
            "a_b": ["a_b_1"],
            "a.b": ["a.b_1"],
            "a_b_1": ["a_b_1"],
            "a_b_1_and_more": [],
            "a_b_1 ": [],
            "_": [],
            "%": [],
            "a%": [],
            "a\\": [],
            "a'": [],
            "*": [],
            "ä": [],
        }
        assert {prefix: run_ids(world, DagRunFilter(prefix=prefix)) for prefix in expected} == expected

    def test_a_dag_id_picks_the_runs_of_one_dag(self, world: World):
        for dag_id in ("a", "A", "a_b"):
            world.dag(dag_id)
            world.run(dag_id, f"of_{dag_id}")
        assert run_ids(world, DagRunFilter(dag_id="a")) == ["of_a"]
        assert run_ids(world, DagRunFilter(dag_id="no_such_dag")) == []

    def test_only_runs_of_readable_dags_are_listed(self, world: World):
        for dag_id in ("a", "b", "c"):
            world.dag(dag_id)
            world.run(dag_id, f"of_{dag_id}")
        assert run_ids(world, DagRunFilter(readable=None)) == ["of_a", "of_b", "of_c"]
        assert run_ids(world, DagRunFilter(readable=frozenset({"a", "c"}))) == ["of_a", "of_c"]
        assert run_ids(world, DagRunFilter(readable=frozenset({"a", "c"}), dag_id="b")) == []
        assert run_ids(world, DagRunFilter(readable=frozenset())) == []

    def test_a_run_passes_all_filters_or_is_not_listed(self, world: World):
        world.dag("a")
        world.dag("b")
        world.run("a", "p_right", state="failed", run_type="manual")
        world.run("a", "p_state", state="success", run_type="manual")
        world.run("a", "p_type", state="failed", run_type="scheduled")
        world.run("a", "q_prefix", state="failed", run_type="manual")
        world.run("b", "p_dag", state="failed", run_type="manual")
        where = DagRunFilter(dag_id="a", prefix="p_", state=DagRunState.FAILED, external_trigger=True)
        assert run_ids(world, where) == ["p_right"]

    def four_runs(self, world):
        world.dag("a")
        world.dag("other")
        return [world.run("a", f"r{number}") for number in (1, 2, 3, 4)]

    def a_run_in_three_dags(self, world):
        for dag_id in ("a", "b", "c"):
            world.dag(dag_id)
            world.run(dag_id, "same")
        world.run("a", "after")


class DagRunGetContract:
    def test_a_run_is_found_by_its_id(self, world: World):
        world.dag("a")
        number = world.run("a", "x", logical_date=date(1), run_type="scheduled", state="failed")
        world.run("a", "y")
        run = world.runs.get("x", dag_id=None, readable=None)
        assert facts(run) == (number, "a", "x", "failed", "scheduled", date(1))
        assert world.runs.get("x", dag_id="a", readable=frozenset({"a"})) == run

    @pytest.mark.parametrize("run_id", ["scheduled__2021-01-01T00:00:00+00:00", "~.-:+_", "1"])
    def test_a_run_id_may_hold_whatever_airflow_lets_in(self, world: World, run_id):
        world.dag("a")
        world.run("a", run_id)
        assert world.runs.get(run_id, dag_id=None, readable=None).run_id == run_id

    def test_an_id_that_no_readable_run_has_is_not_found(self, world: World):
        world.dag("a")
        world.dag("b")
        world.run("a", "x")
        for run_id, dag_id, readable in (
            ("y", None, None),
            ("X", None, None),
            ("", None, None),
            ("x", "b", None),
            ("x", "no_such_dag", None),
            ("x", None, frozenset({"b"})),
            ("x", "a", frozenset({"b"})),
            ("x", None, frozenset()),
        ):
            with pytest.raises(DagRunNotFound):
                world.runs.get(run_id, dag_id=dag_id, readable=readable)

    def test_an_id_that_runs_of_several_readable_dags_have_is_ambiguous(self, world: World):
        for dag_id in ("a", "b", "c"):
            world.dag(dag_id)
            world.run(dag_id, "x")
        with pytest.raises(AmbiguousRunId, match="a, b, c"):
            world.runs.get("x", dag_id=None, readable=None)
        with pytest.raises(AmbiguousRunId) as ambiguous:
            world.runs.get("x", dag_id=None, readable=frozenset({"b", "c"}))
        assert "b, c." in str(ambiguous.value)
        assert "a, b" not in str(ambiguous.value)

    def test_a_dag_id_or_what_is_readable_picks_one_of_several(self, world: World):
        for dag_id in ("a", "b"):
            world.dag(dag_id)
            world.run(dag_id, "x")
        assert world.runs.get("x", dag_id="b", readable=None).dag_id == "b"
        assert world.runs.get("x", dag_id=None, readable=frozenset({"a"})).dag_id == "a"


def run_ids(world: World, where: DagRunFilter):
    return [run.run_id for run in world.runs.list(where).runs]


def facts(run: DagRun):
    """Return what a suite says about a run that it places; when it ran is up to the world."""
    return run.id, run.dag_id, run.run_id, run.state, run.run_type, run.logical_date
