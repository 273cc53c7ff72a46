"""What is said of a group is in a row of Airflow's own, which its scheduler never looks at."""

import json

import pytest
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from sqlalchemy import delete, func, select

from airflow_run_groups.domain import CreateRuns, GroupChange, GroupRequest
from tests.contracts.names import Everyone
from tests.contracts.world import NOW, date


@pytest.fixture
def described(world):
    world.dag("a")
    create(world, "g", 1, description="Prices anew", labels=("prices",))
    return world


def create(world, prefix, day, **said):
    request = GroupRequest(dag_id="a", prefix=prefix, dates=(date(day),), **said)
    return CreateRuns(world.runs, lambda: NOW).create(request, Everyone())


def change(world, **changes):
    return world.groups.change(GroupChange(dag_id="a", prefix="g", **changes), now=NOW)


def rows(world):
    with world.sessions() as session:
        return session.scalars(select(Backfill).order_by(Backfill.id)).all()


def count(world, *conditions):
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(DagRun).where(*conditions))


def links(world):
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(BackfillDagRun))


def test_its_row_is_complete_and_links_no_run(described):
    (row,) = rows(described)
    assert row.completed_at <= row.created_at
    assert (row.is_paused, row.from_date, row.to_date) == (False, date(1), date(1))
    assert row.dag_run_conf == {
        "airflow_run_groups": {
            "prefix": "g",
            "description": "Prices anew",
            "labels": ["prices"],
            "controlled": False,
        }
    }
    assert (links(described), count(described, DagRun.backfill_id.is_not(None))) == (0, 0)


def test_control_that_ends_leaves_no_run_linked_and_what_is_said(described):
    change(described, paused=True)
    assert (links(described), count(described, DagRun.backfill_id.is_not(None))) == (1, 1)
    change(described, paused=False)
    assert (links(described), count(described, DagRun.backfill_id.is_not(None))) == (0, 0)
    assert len(rows(described)) == 1


def test_the_row_goes_when_nothing_is_said_any_more(described):
    change(described, description=None)
    assert len(rows(described)) == 1
    change(described, labels=None)
    assert rows(described) == []


def test_the_rows_of_groups_whose_runs_were_deleted_go_with_later_writes(described):
    for number in range(25):
        create(described, f"g{number}", 2 + number, description="gone")
    with described.sessions.begin() as session:
        session.execute(delete(DagRun.__table__).where(DagRun.run_id.like("g%")))
    create(described, "kept", 40, description="kept")
    create(described, "kept", 41, description="kept")
    kept = [row.dag_run_conf["airflow_run_groups"]["prefix"] for row in rows(described)]
    assert kept == ["kept"]


def test_a_change_of_what_is_said_is_in_the_audit_log_and_the_same_again_is_not(described):
    with described.sessions.begin() as session:
        session.execute(delete(Log))
    for _ in range(2):
        change(described, description="other", labels=("a", "b"))
    with described.sessions() as session:
        (entry,) = session.scalars(select(Log).where(Log.event == "patch_dag_run"))
    told = json.loads(entry.extra)
    assert (told["description"], told["labels"], told["dag_runs"]) == ("other", ["a", "b"], 0)
