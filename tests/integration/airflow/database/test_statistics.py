"""The planner of PostgreSQL knows of the runs that a large group adds, without autovacuum."""

import pytest
from sqlalchemy import text

from airflow_run_groups.domain import CreateRuns, GroupRequest
from tests.contracts.creation import Anyone
from tests.contracts.world import date

RUNS = 30


def known(world, runs=None):
    """Return how many runs the planner knows of; or have it believe that there are so many."""
    with world.sessions.begin() as session:
        if runs is not None:
            session.execute(text(f"UPDATE pg_class SET reltuples = {runs} WHERE oid = 'dag_run'::regclass"))
        return session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'dag_run'::regclass"))


@pytest.fixture
def without_autovacuum(world):
    with world.sessions.begin() as session:
        session.execute(text("ALTER TABLE dag_run SET (autovacuum_enabled = false)"))
    yield
    with world.sessions.begin() as session:
        session.execute(text("ALTER TABLE dag_run RESET (autovacuum_enabled)"))


@pytest.mark.usefixtures("without_autovacuum")
@pytest.mark.parametrize(("before", "after"), [(-1, RUNS), (5 * RUNS, RUNS), (100 * RUNS, 100 * RUNS)])
def test_a_group_that_is_large_beside_the_known_runs_is_counted_at_once(world, before, after):
    world.dag("a_dag", start_date=date(1))
    known(world, before)
    request = GroupRequest(dag_id="a_dag", start_date=date(1), end_date=date(RUNS))
    CreateRuns(world.runs, lambda: date(RUNS + 1)).create(request, Anyone())
    assert known(world) == after
