"""``max_limit`` on Airflow's databases: PostgreSQL takes more than 500 runs of one request, SQLite does not."""

import logging

import pytest
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, select

from airflow_run_groups.adapters.airflow.repositories.sizes import task_instances_of_a_run
from airflow_run_groups.domain import Refused
from tests.contracts.max_limit import MAX_LIMIT, DefaultLimitContract, MaxLimitContract, create, hours, plan
from tests.integration.airflow.conftest import DATABASE
from tests.integration.airflow.groups.test_parity import KINDS, ours, tasks_with_dates_of_their_own

if DATABASE == "postgresql":

    class TestAirflowMaxLimit(MaxLimitContract):
        pass

    def test_runs_that_airflow_makes_one_by_one_are_500_at_most(world, monkeypatch):
        world.dag("a", schedule="0 * * * *")
        monkeypatch.setattr("airflow.settings.task_instance_mutation_hook", lambda task_instance: None)
        reason = (
            "limit must be 1 to 500, not 501, as the runs of DAG 'a' are created one by one: a cluster policy mutates"
        )
        for do in (create, plan):
            with pytest.raises(Refused, match=reason):
                do(world, **hours(501), limit=501)
        assert len(plan(world, **hours(500)).runs) == 500

else:

    class TestAirflowDefaultLimit(DefaultLimitContract):
        pass

    def test_on_sqlite_a_request_creates_500_runs_at_most_and_the_log_says_so(world, caplog):
        world.dag("a", schedule="0 * * * *")
        with caplog.at_level(logging.WARNING):
            assert world.large.max_limit == 500
        assert f"max_limit = {MAX_LIMIT} is for PostgreSQL: here a request creates 500 runs at most" in caplog.messages
        with pytest.raises(Refused, match="limit must be 1 to 500, not 501"):
            create(world, **hours(501), limit=501)
        assert world.count_runs() == 0


@pytest.mark.parametrize("name", KINDS)
def test_the_task_instances_of_a_run_are_counted_as_airflow_makes_them(world, name):
    dag = world.register(KINDS[name]())
    ours(world)
    of_a_run = select(func.count()).where(TaskInstance.dag_id == dag.dag_id).group_by(TaskInstance.run_id)
    with world.sessions() as session:
        most = max(session.scalars(of_a_run))
    counted = task_instances_of_a_run(dag)
    assert counted >= most if KINDS[name] is tasks_with_dates_of_their_own else counted == most
