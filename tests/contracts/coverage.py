"""What coverage says of a DAG's past, beside what a creation would do about it."""

import datetime as dt
from itertools import count

from hypothesis import given, settings, strategies as st

from airflow_run_groups.domain import (
    Cancel,
    CoverageRequest,
    Coverages,
    CreateRuns,
    DagRunFilter,
    DateStatus,
    DomainError,
    GroupAction,
    GroupRequest,
    ReprocessBehavior,
)
from tests.contracts.creation import Anyone
from tests.contracts.names import Everyone
from tests.contracts.plans import days, schedules, windows
from tests.contracts.world import NOW, World, add, date, group_run, new_run

STATES = ("success", "failed", "running", "queued")


@st.composite
def pasts(draw):
    """Draw a DAG with a schedule, the states of its runs by their days, and a range that may reach into the future."""
    dag = {"schedule": draw(schedules.filter(bool)), "windows": draw(windows)}
    runs = draw(st.dictionaries(days, st.sampled_from(STATES), max_size=6))
    first, last = sorted((draw(days), draw(days)))
    lately = NOW - dt.timedelta(days=3)
    start, end = draw(
        st.sampled_from([(date(first), date(last)), (lately, NOW + dt.timedelta(hours=30)), (lately, None)])
    )
    return dag, runs, {"start_date": start, "end_date": end}


class CoverageContract:
    examples = 40
    """How many pasts are tried."""

    def test_missing_are_exactly_the_dates_that_a_creation_makes(self, world: World):
        numbers = count()

        @settings(max_examples=self.examples, deadline=None)
        @given(pasts())
        def check(past):
            dag, runs, between = past
            dag_id = f"dag_{next(numbers)}"
            world.dag(dag_id, **dag)
            for day, state in runs.items():
                world.run(dag_id, f"other_{day}", logical_date=date(day), state=state)
            before = dates_of(world, dag_id, **between)
            request = GroupRequest(dag_id=dag_id, prefix="g", partial=True, **between)
            try:
                created = CreateRuns(world.runs, lambda: NOW).create(request, Anyone()).runs
            except DomainError:  # no date of the range lies within the DAG's own
                created = ()
            missing = [day for day, status in before.items() if status is DateStatus.MISSING]
            assert missing == [run.logical_date for run in created]
            after = dates_of(world, dag_id, **between)
            assert after == {**before, **dict.fromkeys((run.logical_date for run in created), DateStatus.QUEUED)}

        check()

    def test_filling_makes_the_past_complete(self, world: World):
        numbers = count()

        @settings(max_examples=self.examples, deadline=None)
        @given(pasts())
        def check(past):
            dag, runs, between = past
            dag_id = f"dag_{next(numbers)}"
            world.dag(dag_id, **dag)
            before = dates_of(world, dag_id, **between)
            for day, state in runs.items():
                if before.get(date(day)) is DateStatus.MISSING:
                    add(world, dag_id, new_run(f"other_{day}", date(day)))
                    if state != "queued":
                        world.end(dag_id, f"other_{day}", state)
            covered = dates_of(world, dag_id, **between)
            due = [day for day, status in covered.items() if status in {DateStatus.MISSING, DateStatus.FAILED}]
            request = GroupRequest(dag_id=dag_id, prefix="g", reprocess_behavior=ReprocessBehavior.FAILED, **between)
            try:
                filled = CreateRuns(world.runs, lambda: NOW).create(request, Everyone())
            except DomainError:  # no date of the range lies within the DAG's own
                assert not due
                return
            assert sorted(run.logical_date for run in (*filled.runs, *filled.reruns)) == due
            after = dates_of(world, dag_id, **between)
            assert after == {**covered, **dict.fromkeys(due, DateStatus.QUEUED)}
            for run in world.runs.list(DagRunFilter(dag_id=dag_id, limit=500)).runs:
                world.end(dag_id, run.run_id, "success")
            assert cover(world, dag_id, **between).complete

        check()

    def test_each_date_has_the_state_of_its_run_whatever_made_it(self, world: World):
        world.dag("a")
        for day, state in enumerate(STATES, 1):
            world.run("a", f"r{day}", logical_date=date(day), state=state, run_type="scheduled")
        world.run("a", "off", logical_date=date(6) + dt.timedelta(hours=1), state="success")
        covered = cover(world, "a", start_date=date(1), end_date=date(6))
        assert [one.status.value for one in covered.dates] == [*STATES, "missing", "missing"]
        assert [one.run_id for one in covered.dates] == ["r1", "r2", "r3", "r4", None, None]
        assert {one.run_type for one in covered.dates} == {"scheduled", None}

    def test_a_cancelled_run_is_failed(self, world: World):
        world.dag("a")
        add(world, "a", new_run(group_run("g", 1), date(1)))
        world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()))
        assert dates_of(world, "a", start_date=date(1), end_date=date(1)) == {date(1): DateStatus.FAILED}

    def test_dates_outside_the_dags_own_and_without_a_task_are_told_apart(self, world: World):
        world.dag("a", windows=[(date(3), date(4)), (date(6), date(7))])
        statuses = dates_of(world, "a", start_date=date(1), end_date=date(8))
        assert [status.value for status in statuses.values()] == [
            "before_start",
            "before_start",
            "missing",
            "missing",
            "no_tasks",
            "missing",
            "missing",
            "after_end",
        ]


def cover(world: World, dag_id: str, **between):
    return Coverages(world.runs, lambda: NOW).of(CoverageRequest(dag_id=dag_id, **between), Anyone())


def dates_of(world: World, dag_id: str, **between):
    return {one.logical_date: one.status for one in cover(world, dag_id, **between).dates}
