"""What backends promise about requests for more runs than one request creates by itself."""

import datetime as dt

import pytest

from airflow_run_groups.domain import CreateRuns, GroupRequest, Refused, TooManyRuns, TooManyTaskInstances
from tests.contracts.unfinished import Named
from tests.contracts.world import NOW, World, date

MAX_LIMIT = 2000
MAX_TASK_INSTANCES = 1200
ALL = [(None, None)]
"""The window of a task that every run has."""


def hours(count, day=1):
    """Return the first and the last of so many dates of an hourly DAG."""
    return {"start_date": date(day), "end_date": date(day) + dt.timedelta(hours=count - 1)}


def request(**keys):
    return GroupRequest(dag_id="a", prefix="group", **keys)


def creations(world: World) -> CreateRuns:
    return CreateRuns(world.large_runs, lambda: NOW)


def create(world: World, **keys):
    return creations(world).create(request(**keys), Named())


def plan(world: World, **keys):
    return creations(world).plan(request(**keys), Named())


class DefaultLimitContract:
    """Also of a backend that does not allow more."""

    def test_without_a_limit_a_request_creates_500_runs(self, world: World):
        world.dag("a", schedule="0 * * * *")
        with pytest.raises(TooManyRuns, match="more than limit=500 dates"):
            create(world, **hours(501))
        assert world.count_runs() == 0
        created = create(world, **hours(501), partial=True)
        assert len(created.runs) == world.count_runs() == 500
        assert created.next_start_date == hours(501)["end_date"]


class MaxLimitContract(DefaultLimitContract):
    def test_as_many_runs_as_the_limit_says_are_one_group(self, world: World):
        world.dag("a", schedule="0 * * * *")
        created = create(world, **hours(700), limit=700)
        assert world.count_runs() == len({run.run_id for run in created.runs}) == 700
        assert created.runs[-1].run_id.startswith("group_0000700_")
        assert create(world, **hours(700), limit=700).existing == 700

    def test_dates_may_be_as_many_as_the_largest_limit(self, world: World):
        world.dag("a", schedule="0 * * * *")
        days = tuple(date(1) + dt.timedelta(hours=hour) for hour in range(600))
        assert len(create(world, dates=days, limit=600).runs) == world.count_runs() == 600
        too_many = tuple(date(1) + dt.timedelta(hours=hour) for hour in range(MAX_LIMIT + 1))
        with pytest.raises(Refused, match=f"dates must be 1 to {MAX_LIMIT} dates, not {MAX_LIMIT + 1}"):
            plan(world, dates=too_many)

    def test_a_larger_limit_is_refused(self, world: World):
        world.dag("a")
        for do in (create, plan):
            with pytest.raises(Refused, match=f"limit must be 1 to {MAX_LIMIT}, not {MAX_LIMIT + 1}"):
                do(world, limit=MAX_LIMIT + 1)

    def test_too_many_task_instances_are_refused_beforehand_with_the_limit_that_would_do(self, world: World):
        world.dag("a", schedule="0 * * * *", windows=ALL * 2)
        for do in (create, plan):
            for partial in (False, True):
                with pytest.raises(
                    TooManyTaskInstances, match=r"has 2 task instances, and .* 1200 at most: set limit to at most 600,"
                ):
                    do(world, **hours(601), limit=700, partial=partial)
        assert world.count_runs() == 0
        assert len(create(world, **hours(601), limit=600, partial=True).runs) == world.count_runs() == 600

    def test_runs_that_are_there_already_have_no_new_task_instances(self, world: World):
        world.dag("a", schedule="0 * * * *", windows=ALL * 2)
        create(world, **hours(500))
        assert len(create(world, **hours(1000), limit=1000).runs) == 500

    def test_500_runs_may_have_any_number_of_task_instances(self, world: World):
        world.dag("a", schedule="0 * * * *", windows=ALL * 3)
        assert len(create(world, **hours(500)).runs) == 500
        with pytest.raises(TooManyTaskInstances, match="set limit to at most 500,"):
            plan(world, **hours(501, day=100), limit=501)
