"""Creating a batch: who may, what is looked at, and what is recorded."""

import pytest
from airflow_run_groups.domain import (
    CreateRuns,
    DagNotFound,
    DagRunFilter,
    Forbidden,
    GroupRequest,
    Refused,
)

from tests.unit.domain.schedules import NOW, day
from tests.unit.memory.world import MemoryWorld


class Somebody:
    def __init__(self, name=None, *, readable=None, may_create=True):
        self.name = name
        self.readable = readable
        self.may_create = may_create

    def readable_dag_ids(self, dag_id=None):
        return self.readable

    def may_create_runs(self, dag_id):
        return self.may_create


@pytest.fixture
def world():
    world = MemoryWorld()
    world.dag("a")
    return world


def test_a_batch_is_recorded_and_returned(world):
    batch = create(world, start_date=day(1), end_date=day(2))
    assert [run.run_id for run in batch.runs] == recorded(world)
    assert recorded(world) == ["manual_0000001_2021-01-01T00:00:00", "manual_0000002_2021-01-02T00:00:00"]


def test_without_dates_the_run_is_made_at_the_present_that_the_clock_tells(world):
    (run,) = create(world).runs
    assert run.logical_date == NOW


def test_numbers_go_on_in_the_group_however_its_prefix_is_written(world):
    create(world, prefix="group", start_date=day(1), end_date=day(1))
    create(world, prefix="group_", start_date=day(1), end_date=day(2))
    create(world, prefix="group", start_date=day(1), end_date=day(3))
    create(world, prefix="other", start_date=day(4), end_date=day(4))
    assert recorded(world) == [
        "group_0000001_2021-01-01T00:00:00",
        "group_0000002_2021-01-02T00:00:00",
        "group_0000003_2021-01-03T00:00:00",
        "other_0000001_2021-01-04T00:00:00",
    ]


def test_dates_that_have_a_run_are_skipped_whatever_made_it(world):
    world.run("a", "scheduled__x", logical_date=day(1), run_type="scheduled", state="failed")
    batch = create(world, start_date=day(1), end_date=day(2))
    assert batch.existing == 1
    assert recorded(world) == ["scheduled__x", "manual_0000001_2021-01-02T00:00:00"]


def test_the_same_request_repeated_creates_nothing_more(world):
    create(world, start_date=day(1), end_date=day(3))
    again = create(world, start_date=day(1), end_date=day(3))
    assert (again.runs, again.existing) == ((), 3)
    assert world.count_runs() == 3


def test_the_batch_tells_who_asked(world):
    assert create(world, caller=Somebody("ada")).created_by == "ada"
    assert create(world, start_date=day(1), limit=1, partial=True, caller=Somebody(None)).created_by is None


def test_a_dag_that_is_not_there_is_not_found(world):
    with pytest.raises(DagNotFound, match="no_such_dag"):
        create(world, dag_id="no_such_dag")


def test_a_dag_that_the_caller_may_not_see_is_not_found(world):
    with pytest.raises(DagNotFound):
        create(world, caller=Somebody(readable=frozenset({"b"}), may_create=False))
    assert create(world, caller=Somebody(readable=frozenset({"a"}))).runs


def test_a_dag_that_the_caller_may_only_see_is_forbidden(world):
    with pytest.raises(Forbidden, match="may not create runs of DAG 'a'"):
        create(world, caller=Somebody(readable=frozenset({"a"}), may_create=False))
    assert world.count_runs() == 0


def test_a_refused_request_records_nothing(world):
    with pytest.raises(Refused):
        create(world, start_date=day(1), end_date=day(3), limit=2)
    assert world.count_runs() == 0


def test_the_conf_is_held_against_the_dags_params_also_when_there_is_none(world):
    world.dag("strict", params={"count": {"type": "integer"}})
    for conf in (None, {}, {"count": "x"}):
        with pytest.raises(Refused, match="count"):
            create(world, dag_id="strict", conf=conf)
    assert create(world, dag_id="strict", conf={"count": 1}).conf == {"count": 1}


def create(world, *, caller=None, dag_id="a", **request):
    use_case = CreateRuns(world.runs, lambda: NOW)
    return use_case(GroupRequest(dag_id=dag_id, **request), caller or Somebody())


def recorded(world):
    return [run.run_id for run in world.runs.list(DagRunFilter()).runs]
