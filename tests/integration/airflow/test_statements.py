"""Each read is one statement."""

import datetime as dt

import pytest

from airflow_api_plugin.domain import DagRunFilter, DagRunState

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
