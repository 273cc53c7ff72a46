"""A page of groups is the same, whichever way has led to them, and whatever lies between."""

import datetime as dt
import random

import pytest
from sqlalchemy import event

from airflow_run_groups.adapters.airflow.repositories import group_search
from airflow_run_groups.domain import DagNotFound, DagRunFilter, GroupFilter, GroupRunId, GroupState, has_address
from tests.contracts.world import group_run

UTC = dt.timezone.utc
START = dt.datetime(2021, 1, 1, tzinfo=UTC)
PREFIXES = (
    "p",
    "P",
    "p_",
    "p_1",
    "p1",
    "ü",
    "%",
    "q/r",
    ".",
    "scheduled_",
    "scheduled__x",
    "backfil",
    "2021",
    "0",
    "é\n",
)


@pytest.fixture
def mixed(world):
    """DAGs whose groups have run after run, or lie between each other, and whose other runs are in no group."""
    for dag_id in ("a", "b", "none"):
        world.dag(dag_id)
    chance = random.Random(4711)
    prefixes = [*PREFIXES, *(f"g{number}" for number in range(12))]
    for number in range(150):
        date = START + dt.timedelta(days=number)
        run_id = chance.choice(
            [
                f"manual__{number}",
                f"scheduled__{date:%Y-%m-%dT%H:%M:%S}+00:00",
                *[f"{chance.choice(prefixes)}_{number + 1:07}_{date:%Y-%m-%dT%H:%M:%S}"] * 8,
            ]
        )
        state = chance.choice(["success"] * 8 + ["failed", "queued"])
        world.run(chance.choice("aaab"), run_id, logical_date=date, state=state)
    return world


def limits(monkeypatch, *, first=1_000, windows=(5_000,) * 4, steps=1_000, batches=4):
    monkeypatch.setattr(group_search, "FIRST_WINDOW", first)
    monkeypatch.setattr(group_search, "WINDOWS", windows)
    monkeypatch.setattr(group_search, "STEPS", steps)
    monkeypatch.setattr(group_search, "BATCHES", batches)


WAYS = {
    "the newest runs": {},
    "the index after few runs": {"first": 3},
    "small windows over and over": {"first": 2, "steps": 2, "windows": (5, 7)},
    "few groups at a time": {"first": 20, "steps": 3, "windows": (40,) * 2, "batches": 1},
}


@pytest.mark.parametrize("way", WAYS)
def test_pages_hold_each_group_once_in_the_order_of_its_newest_run(mixed, monkeypatch, way):
    limits(monkeypatch, **WAYS[way])
    for dag_id in ("a", "b", "none", None):
        for state in (None, *GroupState):
            assert listed(mixed, dag_id, state) == expected(mixed, dag_id, state), (dag_id, state)


def listed(world, dag_id, state):
    """Return each group of each page in turn."""
    found, start = [], None
    while True:
        page = world.groups.list(GroupFilter(dag_id=dag_id, state=state, start=start, limit=4))
        assert len(page.groups) <= 4
        found += [(group.dag_id, group.prefix, group.last_id, group.runs) for group in page.groups]
        assert start is None or page.next_start is None or page.next_start < start
        start = page.next_start
        if start is None:
            return found


def expected(world, dag_id, state):
    """Return the same from all runs, one by one."""
    groups: dict[tuple[str, str], list] = {}
    for run in world.runs.list(DagRunFilter(dag_id=dag_id, limit=1_000)).runs:
        parsed = GroupRunId.parse(run.run_id)
        if parsed is not None and has_address(parsed.prefix):
            groups.setdefault((run.dag_id, parsed.prefix), []).append(run)
    wanted = {None: {"success", "failed", "queued"}, GroupState.ACTIVE: {"queued"}, GroupState.FAILED: {"failed"}}[
        state
    ]
    found = [(*name, runs[-1].id, len(runs)) for name, runs in groups.items() if wanted & {run.state for run in runs}]
    return sorted(found, key=lambda group: -group[2])


def test_a_dag_with_many_runs_of_its_schedule_is_walked_in_a_few_steps(world, monkeypatch):
    world.dag("a")
    for number in range(60):
        date = START + dt.timedelta(days=number)
        ours = number in {3, 4, 20}
        world.run(
            "a", group_run(f"g{number // 10}", number, 1) if ours else f"scheduled__{date:%Y-%m-%dT%H:%M:%S}+00:00"
        )
    limits(monkeypatch, first=2, steps=6, windows=())
    page = world.groups.list(GroupFilter(dag_id="a"))
    assert [(group.prefix, group.runs) for group in page.groups] == [("g2", 1), ("g0", 2)]
    assert page.next_start is None


def test_a_page_reads_so_many_runs_and_says_where_to_go_on(world, monkeypatch):
    world.dag("a")
    world.run("a", group_run("g", 1))
    last = [world.run("a", f"manual__{number}") for number in range(20)][-6]
    limits(monkeypatch, windows=(3, 3))
    page = world.groups.list(GroupFilter())
    assert (page.groups, page.next_start) == ((), last)


@pytest.mark.parametrize("way", WAYS)
def test_the_statements_of_a_page_do_not_grow_with_its_groups(mixed, monkeypatch, way):
    limits(monkeypatch, **WAYS[way])
    seen = []
    event.listen(mixed.backend.database.engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    mixed.groups.list(GroupFilter(limit=100))
    assert len(seen) <= 4 * 4


def test_a_dag_that_is_not_there_has_no_page(world):
    for state in (None, *GroupState):
        with pytest.raises(DagNotFound):
            world.groups.list(GroupFilter(dag_id="nowhere", state=state, limit=5))
