"""Creating runs: who may, what is checked, and what is written."""

import pytest

from airflow_run_groups.domain import (
    CreateRuns,
    DagNotFound,
    DagRunFilter,
    Forbidden,
    GroupRequest,
    MayNotCreateRuns,
    Refused,
)
from tests.unit.domain.schedules import NOW, day
from tests.unit.memory.world import MemoryWorld


class Somebody:
    def __init__(self, name=None, *, display_name=None, readable=None, may_create=True):
        self.name = name
        self.display_name = display_name or name
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


def test_created_runs_are_written_and_returned(world):
    created = create(world, start_date=day(1), end_date=day(2))
    assert [run.run_id for run in created.runs] == run_ids(world)
    assert run_ids(world) == ["manual_0000001_2021-01-01T00:00:00", "manual_0000002_2021-01-02T00:00:00"]


def test_without_dates_the_run_is_made_at_the_present_that_the_clock_tells(world):
    (run,) = create(world).runs
    assert run.logical_date == NOW


def test_numbers_go_on_in_the_group_however_its_prefix_is_written(world):
    create(world, prefix="group", start_date=day(1), end_date=day(1))
    create(world, prefix="group_", start_date=day(1), end_date=day(2))
    create(world, prefix="group", start_date=day(1), end_date=day(3))
    create(world, prefix="other", start_date=day(4), end_date=day(4))
    assert run_ids(world) == [
        "group_0000001_2021-01-01T00:00:00",
        "group_0000002_2021-01-02T00:00:00",
        "group_0000003_2021-01-03T00:00:00",
        "other_0000001_2021-01-04T00:00:00",
    ]


def test_dates_that_have_a_run_are_skipped_whatever_made_it(world):
    world.run("a", "scheduled__x", logical_date=day(1), run_type="scheduled", state="failed")
    created = create(world, start_date=day(1), end_date=day(2))
    assert created.existing == 1
    assert run_ids(world) == ["scheduled__x", "manual_0000001_2021-01-02T00:00:00"]


def test_the_same_request_repeated_creates_nothing_more(world):
    create(world, start_date=day(1), end_date=day(3))
    again = create(world, start_date=day(1), end_date=day(3))
    assert (again.runs, again.existing) == ((), 3)
    assert world.count_runs() == 3


def test_the_created_runs_name_their_creator(world):
    created = create(world, caller=Somebody("ada", display_name="Ada"))
    assert (created.created_by, created.requested_by) == ("Ada", "ada")
    assert create(world, start_date=day(1), limit=1, partial=True, caller=Somebody(None)).created_by is None


def test_a_dag_that_is_not_there_is_not_found(world):
    with pytest.raises(DagNotFound, match="no_such_dag"):
        create(world, dag_id="no_such_dag")


def test_a_dag_that_the_caller_may_not_see_is_not_found(world):
    with pytest.raises(DagNotFound):
        create(world, caller=Somebody(readable=frozenset({"b"}), may_create=False))
    assert create(world, caller=Somebody(readable=frozenset({"a"}))).runs


@pytest.mark.parametrize("method", [CreateRuns.create, CreateRuns.plan])
def test_a_plan_needs_the_permission_to_create(world, method):
    request = GroupRequest(dag_id="a")
    with pytest.raises(DagNotFound):
        method(CreateRuns(world.runs, lambda: NOW), request, Somebody(readable=frozenset()))
    with pytest.raises(MayNotCreateRuns):
        method(CreateRuns(world.runs, lambda: NOW), request, Somebody(may_create=False))


def test_a_dag_that_the_caller_may_only_see_is_forbidden(world):
    with pytest.raises(Forbidden, match="may not create runs of DAG 'a'"):
        create(world, caller=Somebody(readable=frozenset({"a"}), may_create=False))
    assert world.count_runs() == 0


def test_a_refused_request_creates_nothing(world):
    with pytest.raises(Refused):
        create(world, start_date=day(1), end_date=day(3), limit=2)
    assert world.count_runs() == 0


def test_the_conf_is_checked_against_the_dags_params_also_when_there_is_none(world):
    world.dag("strict", params={"count": {"type": "integer"}})
    for conf in (None, {}, {"count": "x"}):
        with pytest.raises(Refused, match="count"):
            create(world, dag_id="strict", conf=conf)
    assert create(world, dag_id="strict", conf={"count": 1}).runs[0].conf == {"count": 1}


def create(world, *, caller=None, dag_id="a", **request):
    create_runs = CreateRuns(world.runs, lambda: NOW)
    return create_runs.create(GroupRequest(dag_id=dag_id, **request), caller or Somebody())


def run_ids(world):
    return [run.run_id for run in world.runs.list(DagRunFilter()).runs]
