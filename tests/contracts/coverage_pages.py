"""What the coverage of several DAGs says, beside that of each of them."""

import datetime as dt
from itertools import count

import pytest

from airflow_run_groups.domain import (
    CoveragePages,
    CoverageRequest,
    Coverages,
    CoveragesRequest,
    DagFilter,
    DagNotFound,
    Refused,
)
from tests.contracts.creation import Anyone
from tests.contracts.world import NOW, World, date

WEEK = {"start_date": date(1), "end_date": date(7)}


class CoveragePagesContract:
    def test_each_dag_is_counted_as_by_itself(self, world: World):
        furnish(world)
        page = pages(world).of(CoveragesRequest(dag_ids=("b", "a"), **WEEK), Anyone())
        assert [one.dag_id for one in page.dags] == ["a", "b"]
        coverages = Coverages(world.runs, lambda: NOW)
        for one in page.dags:
            assert one.coverage == coverages.of(CoverageRequest(dag_id=one.dag_id, **WEEK), Anyone())
            assert one.problem is None
        assert [one.coverage.counts["success"] for one in page.dags] == [1, 0]
        assert page.next_start is None

    def test_a_dag_without_dates_has_its_problem_in_its_place(self, world: World):
        furnish(world)
        page = pages(world).of(CoveragesRequest(dag_ids=("a", "unscheduled"), **WEEK), Anyone())
        assert [one.problem and one.problem.reason for one in page.dags] == [None, "invalid_request"]
        assert "has no periodic schedule" in page.dags[1].problem.error
        assert page.dags[1].coverage is None

    def test_a_tag_stands_for_its_dags_that_have_dates(self, world: World):
        furnish(world)
        world.dag("gone", tags=["sales"], is_stale=True)
        assert shown(world, tag="sales") == ["a", "b", "c"]
        assert shown(world, tag="Sales") == shown(world, tag="sale") == []

    def test_pages_follow_on_each_other(self, world: World):
        furnish(world)
        for which in ({"tag": "sales"}, {"dag_ids": ("c", "a", "b")}):
            first = pages(world).of(CoveragesRequest(limit=2, **which, **WEEK), Anyone())
            second = pages(world).of(CoveragesRequest(limit=2, start=first.next_start, **which, **WEEK), Anyone())
            assert [[one.dag_id for one in page.dags] for page in (first, second)] == [["a", "b"], ["c"]]
            assert second.next_start is None

    def test_a_page_ends_when_it_has_taken_long_and_has_one_dag_at_least(self, world: World):
        furnish(world)
        seconds = count()
        slow = pages(world, lambda: NOW + dt.timedelta(seconds=4 * next(seconds)))
        page = slow.of(CoveragesRequest(tag="sales", **WEEK), Anyone())
        assert ([one.dag_id for one in page.dags], page.next_start) == (["a"], "a")

    def test_dags_that_the_caller_may_not_see_are_not_there(self, world: World):
        furnish(world)
        assert shown(world, caller=OnlyA(), tag="sales") == ["a"]
        for dag_ids in (("a", "b"), ("a", "nowhere")):
            with pytest.raises(DagNotFound, match=dag_ids[1]):
                pages(world).of(CoveragesRequest(dag_ids=dag_ids, **WEEK), OnlyA())

    def test_a_range_that_ends_before_it_starts_is_refused(self, world: World):
        with pytest.raises(Refused, match="lies before start_date"):
            CoveragesRequest(tag="sales", start_date=date(2), end_date=date(1))

    def test_dags_are_searched_by_a_tag(self, world: World):
        furnish(world)
        found = world.dags.search(DagFilter(tag="sales", q="UN")).dags
        assert [dag.dag_id for dag in found] == ["unscheduled"]


class OnlyA(Anyone):
    def readable_dag_ids(self, dag_id=None):
        return frozenset({"a"})


def furnish(world: World) -> None:
    for dag_id in ("c", "b", "a"):
        world.dag(dag_id, start_date=date(1), tags=["sales", f"of {dag_id}"])
    world.dag("unscheduled", schedule=None, tags=["sales"])
    world.dag("untagged")
    world.run("a", "x", logical_date=date(2))


def pages(world: World, clock=lambda: NOW) -> CoveragePages:
    return CoveragePages(Coverages(world.runs, lambda: NOW), world.dags, clock)


def shown(world: World, caller=None, **which) -> list[str]:
    page = pages(world).of(CoveragesRequest(**which, **WEEK), caller or Anyone())
    return [one.dag_id for one in page.dags]
