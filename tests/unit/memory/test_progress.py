"""Created runs move from queued to running to success as time passes."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given, strategies as st

from airflow_run_groups.adapters.memory import MemoryBackend, MemoryDag, MemoryDagRunRepository, MemoryGroupRepository
from airflow_run_groups.adapters.memory.queue import QUEUED_FOR, RUNS_FOR
from airflow_run_groups.domain import DagRunFilter, DagRunState, GroupAction, GroupRunFilter, Retry, WaitsFor
from tests.contracts.world import created_runs, date, group_run, new_run, utc
from tests.unit.memory.world import place

NOON = utc(2025, 1, 1, 12)
SECOND = dt.timedelta(seconds=1)


class Demo:
    """One DAG, and a clock to turn."""

    def __init__(self, **settings):
        self.now = NOON
        backend = MemoryBackend(lambda: self.now)
        backend.add(MemoryDag(dag_id="a", **settings))
        self.runs = MemoryDagRunRepository(backend)

    def create(self, *days):
        runs = [new_run(f"r{day}", date(day)) for day in days]
        self.runs.transaction("a", lambda dag: dag.add(created_runs("a", runs)))

    def pass_time(self, delta):
        self.now += delta

    def look(self):
        return {run.run_id: run for run in self.runs.list(DagRunFilter(limit=1000)).runs}

    def states(self):
        return {run_id: run.state for run_id, run in self.look().items()}


def test_a_run_is_queued_then_running_then_a_success():
    demo = Demo()
    demo.create(1)
    assert demo.states() == {"r1": "queued"}
    demo.pass_time(QUEUED_FOR)
    assert demo.states() == {"r1": "running"}
    demo.pass_time(RUNS_FOR)
    assert demo.states() == {"r1": "success"}


def test_its_dates_are_set_as_it_moves():
    demo = Demo()
    demo.create(1)
    assert dates_of(demo.look()["r1"]) == (None, None)
    demo.pass_time(QUEUED_FOR + SECOND)
    assert dates_of(demo.look()["r1"]) == (NOON + QUEUED_FOR, None)
    demo.pass_time(RUNS_FOR)
    assert dates_of(demo.look()["r1"]) == (NOON + QUEUED_FOR, NOON + QUEUED_FOR + RUNS_FOR)


def test_it_is_found_in_the_state_that_it_is_in_now():
    demo = Demo()
    demo.create(1)
    demo.pass_time(QUEUED_FOR)
    assert demo.runs.get("r1", dag_id="a", readable=None).state == "running"
    demo.pass_time(RUNS_FOR)
    assert demo.runs.list(DagRunFilter(state=DagRunState.RUNNING)).runs == ()
    assert len(demo.runs.list(DagRunFilter(state=DagRunState.SUCCESS)).runs) == 1


def test_no_more_than_max_active_runs_are_running():
    demo = Demo(max_active_runs=2)
    demo.create(1, 2, 3, 4, 5)
    demo.pass_time(QUEUED_FOR)
    assert Counter(demo.states().values()) == {"running": 2, "queued": 3}
    demo.pass_time(RUNS_FOR)
    assert Counter(demo.states().values()) == {"success": 2, "running": 2, "queued": 1}
    demo.pass_time(RUNS_FOR)
    assert Counter(demo.states().values()) == {"success": 4, "running": 1}


def test_the_run_that_may_start_first_does_whenever_it_was_created():
    demo = Demo(max_active_runs=1)
    demo.create(3, 2)
    demo.create(1)
    demo.pass_time(QUEUED_FOR + 10 * RUNS_FOR)
    assert started_in_order(demo) == ["r1", "r2", "r3"]


def test_a_run_waits_until_it_may_start():
    demo = Demo()
    days_ahead = (NOON - date(1)).days + 2
    demo.create(days_ahead)
    demo.pass_time(dt.timedelta(hours=11))
    assert set(demo.states().values()) == {"queued"}
    demo.pass_time(dt.timedelta(hours=1))
    assert set(demo.states().values()) == {"running"}


def test_a_run_that_has_started_is_not_put_back():
    demo = Demo(max_active_runs=1)
    demo.create(5)
    demo.pass_time(QUEUED_FOR)
    demo.create(1)
    assert demo.states() == {"r5": "running", "r1": "queued"}


def test_the_runs_of_a_paused_dag_wait():
    demo = Demo(is_paused=True)
    demo.create(1)
    demo.pass_time(dt.timedelta(days=365))
    assert demo.states() == {"r1": "queued"}


def test_the_runs_of_a_stale_dag_wait():
    now = [NOON]
    backend = MemoryBackend(lambda: now[0])
    backend.add(MemoryDag(dag_id="a", is_stale=True))
    place(backend, "a", group_run("g", 1), state="failed")
    groups = MemoryGroupRepository(backend)
    groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry()))
    now[0] += dt.timedelta(days=365)
    assert groups.get("a", "g", now=now[0]).waiting_for == (WaitsFor.DAG_STALE,)


def test_a_flaky_dag_fails_on_its_weekdays_until_it_runs_again():
    now = [NOON]
    backend = MemoryBackend(lambda: now[0])
    backend.add(MemoryDag(dag_id="a", fails_first_on=frozenset({6})))
    runs = [new_run(group_run("g", day, day), date(day)) for day in (2, 3, 4)]  # 2021-01-03 is a Sunday
    MemoryDagRunRepository(backend).transaction("a", lambda dag: dag.add(created_runs("a", runs)))
    groups = MemoryGroupRepository(backend)
    now[0] += QUEUED_FOR + RUNS_FOR
    states = groups.get("a", "g", now=now[0]).group.states
    assert (states.success, states.failed) == (2, 1)
    listed = groups.runs("a", "g", GroupRunFilter()).runs
    assert [run.failed_task_ids for run in listed] == [(), ("task_0",), ()]
    retried = groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry()))
    assert retried.dag_run_ids == (group_run("g", 3, 3),)
    now[0] += QUEUED_FOR + RUNS_FOR
    assert groups.get("a", "g", now=now[0]).group.states.success == 3


def test_what_has_happened_stays_when_the_clock_is_set_back():
    demo = Demo()
    demo.create(1)
    demo.pass_time(QUEUED_FOR + RUNS_FOR)
    finished = demo.look()
    demo.pass_time(-dt.timedelta(hours=1))
    assert demo.look() == finished


def test_ten_thousand_runs_are_worked_off():
    demo = Demo(max_active_runs=16)
    demo.create(*range(-9_999, 1))
    demo.pass_time(dt.timedelta(days=1))
    page = demo.runs.list(DagRunFilter(start=9_999))
    assert [run.state for run in page.runs] == ["success"]
    assert page.runs[0].end_date == NOON + QUEUED_FOR + 10_000 // 16 * RUNS_FOR


steps = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2500)), max_size=12)


@given(steps, st.integers(1, 3), st.randoms(use_true_random=False))
def test_reading_changes_nothing_and_the_rules_hold_at_every_moment(steps, max_active_runs, random):
    read, left_alone = Demo(max_active_runs=max_active_runs), Demo(max_active_runs=max_active_runs)
    free = list(range(1, 100))
    random.shuffle(free)
    seen = []
    for count, milliseconds in steps:
        days = [free.pop() for _ in range(count)]
        for demo in (read, left_alone):
            demo.create(*days)
            demo.pass_time(dt.timedelta(milliseconds=milliseconds))
        seen.append((read.now, read.states()))
    for demo in (read, left_alone):
        demo.pass_time(dt.timedelta(days=1))

    final = left_alone.look()
    assert read.look() == final
    assert {run.state for run in final.values()} <= {"success"}
    for moment, states in seen:
        assert Counter(states.values())["running"] <= max_active_runs
        assert states == {run_id: state_at(moment, final[run_id]) for run_id in states}


@pytest.mark.parametrize("state", list(DagRunState))
def test_a_run_that_something_else_made_stays_as_it_is(state):
    now = [NOON]
    backend = MemoryBackend(lambda: now[0])
    backend.add(MemoryDag(dag_id="a"))
    placed = place(backend, "a", "x", state=state.value, logical_date=date(1), start_date=date(2))
    now[0] += dt.timedelta(days=1)
    assert MemoryDagRunRepository(backend).get("x", dag_id="a", readable=None) == placed


def state_at(moment, finished):
    if moment < finished.start_date:
        return "queued"
    return "running" if moment < finished.end_date else "success"


def dates_of(run):
    return run.start_date, run.end_date


def started_in_order(demo):
    return [run.run_id for run in sorted(demo.look().values(), key=lambda run: run.start_date)]
