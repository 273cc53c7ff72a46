"""A page of groups is the same, whether the newest runs of the DAG or all of them have told it."""

import datetime as dt
import random
import threading

import pytest

from airflow_run_groups.adapters.airflow.repositories import group_pages
from airflow_run_groups.adapters.airflow.repositories.group_pages import rows_of_all, rows_of_newest
from airflow_run_groups.domain import DagNotFound, Unavailable
from airflow_run_groups.entrypoints.settings import Settings
from tests.contracts.world import group_run

UTC = dt.timezone.utc
START = dt.datetime(2021, 1, 1, tzinfo=UTC)


@pytest.fixture
def mixed(world):
    """A DAG whose groups have run after run, or lie between each other, and whose other runs are in no group."""
    world.dag("a")
    world.dag("b")
    chance = random.Random(4711)
    prefixes = [*("p", "P", "p_", "p_1", "p1", "ü", "%", "q/r", "."), *(f"g{number}" for number in range(12))]
    for number in range(120):
        date = START + dt.timedelta(days=number)
        prefix = chance.choice(prefixes)
        odd = chance.random() < 0.1
        run_id = f"manual__{number}" if odd else f"{prefix}_{number + 1:07}_{date:%Y-%m-%dT%H:%M:%S}"
        world.run(chance.choice("aaab"), run_id, logical_date=date)
    return world


def shown(rows):
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("windows", [(1, 2), (7, 20), (50, 60), (1_000, 8_000)])
def test_newest_runs_tell_the_page_that_all_runs_tell_or_nothing(mixed, monkeypatch, windows):
    monkeypatch.setattr(group_pages, "WINDOWS", windows)
    told = 0
    with mixed.backend.database.reading() as connection:
        for dag_id in ("a", "b"):
            newest_id = rows_of_all(connection, dag_id, start=None, limit=1)[0].last_id
            for limit in (1, 3, 100):
                for start in (None, *range(newest_id - 125, newest_id + 10, 9)):
                    newest = rows_of_newest(connection, dag_id, start=start, limit=limit)
                    if newest is not None:
                        told += 1
                        everything = rows_of_all(connection, dag_id, start=start, limit=limit)
                        assert shown(newest) == shown(everything), (dag_id, limit, start)
    assert told > 3


def test_pages_follow_on_each_other_without_a_gap_whatever_tells_them(mixed, monkeypatch):
    listed = {}
    for windows in ((1,), (13,), (1_000,)):
        monkeypatch.setattr(group_pages, "WINDOWS", windows)
        start, names = None, []
        while True:
            page = mixed.groups.list("a", start=start, limit=4)
            names += [group.prefix for group in page.groups]
            start = page.next_start
            if start is None:
                break
        listed[windows] = names
    assert len({tuple(names) for names in listed.values()}) == 1
    assert len(set(listed[(1,)])) == len(listed[(1,)]) > 15


def test_newest_groups_of_many_are_found_without_reading_all_runs(world, monkeypatch):
    world.dag("a")
    for number in range(40):
        date = START + dt.timedelta(days=number)
        world.run(
            "a",
            group_run(f"g{number}", 1, number + 1) if number < 28 else f"h{number}_0000001_{date:%Y-%m-%dT%H:%M:%S}",
        )
    monkeypatch.setattr(group_pages, "WINDOWS", (10,))
    page = world.groups.list("a", start=None, limit=5)
    assert [group.prefix for group in page.groups] == ["h39", "h38", "h37", "h36", "h35"]
    with world.backend.database.reading() as connection:
        assert rows_of_newest(connection, "a", start=None, limit=5) is not None
        assert rows_of_newest(connection, "a", start=None, limit=20) is None


def test_a_dag_that_is_not_there_has_no_page(world):
    with pytest.raises(DagNotFound):
        world.groups.list("nowhere", start=None, limit=5)


def test_few_long_reads_share_the_database_and_the_next_one_is_refused_in_time(world, monkeypatch):
    database = world.backend.database
    monkeypatch.setattr(database, "limits", Settings(read_timeout=0.2).database)
    stop, began = threading.Event(), threading.Barrier(3)

    def read():
        with database.reading_at_length():
            began.wait()
            stop.wait()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        began.wait(30)
        with pytest.raises(Unavailable, match="as much at the moment"), database.reading_at_length():
            pass
        with database.reading():  # a short one
            pass
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    with database.reading_at_length():
        pass
