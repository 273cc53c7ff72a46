"""Each read is one statement, and waits for no writer."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from airflow.models.dag import DagModel
from sqlalchemy import update

from airflow_run_groups.domain import Action, CreateRuns, DagRunFilter, DagRunState, GroupRequest
from airflow_run_groups.entrypoints.http.security.authentication import FullAccess

UTC = dt.timezone.utc


@pytest.fixture
def furnished(world):
    for dag_id in ("a", "b"):
        world.dag(dag_id)
        for day in range(1, 6):
            world.run(dag_id, f"{dag_id}{day}", logical_date=dt.datetime(2021, 1, day, tzinfo=UTC), state="queued")
    return world


@pytest.mark.parametrize(
    "where",
    [
        DagRunFilter(),
        DagRunFilter(start="a3"),
        DagRunFilter(
            start="a1",
            limit=1,
            dag_id="a",
            state=DagRunState.QUEUED,
            external_trigger=True,
            prefix="a",
            readable=frozenset({"a"}),
        ),
    ],
)
def test_a_page_of_runs_is_one_statement(furnished, where):
    assert furnished.runs.list(where).runs
    assert furnished.count_statements(lambda: furnished.runs.list(where)) == 1


@pytest.mark.parametrize("dag_id", ["a", None])
def test_one_run_is_one_statement(furnished, dag_id):
    assert furnished.count_statements(lambda: furnished.runs.get("a3", dag_id=dag_id, readable=None)) == 1


def test_the_list_of_dags_is_one_statement(furnished):
    assert furnished.count_statements(lambda: furnished.dags.list(readable=None)) == 1


def test_a_plan_waits_for_no_transaction_of_its_dag(furnished):
    request = GroupRequest(dag_id="a", dates=(dt.datetime(2021, 1, 5, tzinfo=UTC), dt.datetime(2021, 1, 6, tzinfo=UTC)))
    create_runs = CreateRuns(furnished.runs, lambda: dt.datetime(2024, 1, 1, tzinfo=UTC))

    def plan_meanwhile(_):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(create_runs.plan, request, FullAccess()).result(timeout=30)

    plan = furnished.runs.transaction("a", plan_meanwhile)
    assert [date.action for date in plan.dates] == [Action.EXISTS, Action.CREATE]


@pytest.mark.parametrize(
    "next_date",
    [
        None,
        dt.datetime(2021, 1, 5, 1, tzinfo=UTC),
        dt.datetime(2021, 1, 6, tzinfo=UTC),
        dt.datetime(2030, 1, 1, tzinfo=UTC),
        dt.datetime(2021, 1, 3, tzinfo=UTC),
    ],
    ids=["none", "an hour later", "a day later", "years later", "among the others"],
)
def test_the_last_date_does_not_hang_on_the_next_one(furnished, next_date):
    with furnished.sessions.begin() as session:
        session.execute(update(DagModel).values(next_dagrun=next_date))
    last = [dag.last_logical_date for dag in furnished.dags.list(readable=None)]
    assert last == [dt.datetime(2021, 1, 5, tzinfo=UTC)] * 2
