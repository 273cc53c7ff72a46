"""A minor version of Airflow with which the service has not been tried: it reads, creates, and refuses the rest by name.

The installed version is taken for such a one. The contracts hold all the same, but for cancel and retry.
"""

import pytest

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.domain import Cancel, GroupAction, GroupNotFound, Note, Retry, UnsupportedAirflowVersion
from tests.contracts.creation import PlanningFactsContract, TransactionContract
from tests.contracts.dag_runs import DagRunGetContract, DagRunListContract
from tests.contracts.dags import DagRepositoryContract
from tests.contracts.groups import GroupListContract
from tests.contracts.planning import CreatedRunsContract, SnapshotContract, SnapshotDetailsContract
from tests.contracts.world import add, date, group_run, new_run
from tests.integration.airflow.conftest import empty_world


@pytest.fixture
def world(_migrated, monkeypatch):
    monkeypatch.setattr(compat, "PROVED_MINORS", compat.PROVED_MINORS - {compat.MINOR})
    with empty_world() as world:
        yield world


class TestDagRepository(DagRepositoryContract):
    pass


class TestDagRunList(DagRunListContract):
    pass


class TestDagRunGet(DagRunGetContract):
    pass


class TestGroupList(GroupListContract):
    pass


class TestTransaction(TransactionContract):
    pass


class TestPlanningFacts(PlanningFactsContract):
    test_existing_dates_go_on_beyond_a_page = None  # they are thousands, each made by itself


class TestSnapshot(SnapshotContract):
    pass


class TestCreatedRuns(CreatedRunsContract):
    pass


class TestSnapshotDetails(SnapshotDetailsContract):
    pass


def act(world, action, prefix="g", **more):
    return world.groups.apply(GroupAction(dag_id="a", prefix=prefix, action=action, **more))


@pytest.fixture
def group(world):
    world.dag("a")
    add(world, "a", new_run(group_run("g", 1), date(1)))
    return world


def test_the_service_starts_with_a_warning(world, caplog):
    with empty_world():
        assert f"not with {compat.VERSION}: Airflow itself makes each run, and groups are neither" in caplog.text


def test_airflow_itself_makes_each_run(group, caplog):
    with caplog.at_level("INFO", logger="airflow_run_groups"):
        add(group, "a", *(new_run(group_run("g", day, day), date(day)) for day in (2, 3)))
    assert "creating each run of DAG a on its own: copied rows have not been compared" in caplog.text


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("action", "verb"), [(Cancel(running=True), "cancel"), (Retry(), "retry")])
def test_what_changes_tasks_is_refused_by_its_name_and_the_versions_that_have_it(group, action, verb, dry_run):
    others = ", ".join(".".join(map(str, minor)) for minor in sorted(compat.PROVED_MINORS))
    with pytest.raises(UnsupportedAirflowVersion) as caught:
        act(group, action, dry_run=dry_run)
    assert str(caught.value) == (
        f"this service does not {verb} runs of Airflow {compat.VERSION}, as it has been tried with Airflow {others} only: "
        f"{verb} them in Airflow, or upgrade this service"
    )
    with pytest.raises(GroupNotFound):
        act(group, action, dry_run=dry_run, prefix="other")


def test_a_note_changes_no_task(group):
    assert act(group, Note(note="seen")).dag_run_ids == (group_run("g", 1),)
    assert group.stored("a", group_run("g", 1)).note == "seen"
