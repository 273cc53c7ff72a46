"""The DAGs that the in-memory backend can hold, and the examples that it comes with."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.adapters.memory import (
    MemoryBackend,
    MemoryDag,
    MemoryDagRepository,
    MemoryDagRunRepository,
    demo_backend,
)
from airflow_run_groups.adapters.memory.params import check_conf
from airflow_run_groups.domain import DagRunFilter, GroupRequest, InvalidConf, Refused, plan_group
from tests.contracts.world import NOW, date, utc


def test_a_dag_comes_from_a_file_named_after_it_unless_it_says_otherwise():
    assert MemoryDag(dag_id="a").fileloc == "dags/a.py"
    assert MemoryDag(dag_id="a", fileloc="dags/all.py").fileloc == "dags/all.py"


def test_a_backend_holds_a_dag_once():
    backend = MemoryBackend(utc_now)
    backend.add(MemoryDag(dag_id="a"))
    with pytest.raises(ValueError, match="there is a DAG 'a' already"):
        backend.add(MemoryDag(dag_id="a"))


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"pattern": "^a"}, "'p' has pattern: supported are default, enum"),
        ({"type": "date"}, "'p' has the type 'date'"),
    ],
)
def test_a_param_that_could_not_be_checked_cannot_be_declared(schema, complaint):
    with pytest.raises(ValueError, match=complaint):
        MemoryDag(dag_id="a", params={"p": schema})


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, [0, -1, 2.0], [1.5, "1", True, None]),
        ({"type": "number"}, [0, 1.5], ["1", False, None]),
        ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
        ({"type": "string"}, ["", "x"], [1, None, ["x"]]),
        ({"type": "null"}, [None], [0, False, ""]),
        ({"type": "array"}, [[], [1]], [{}, "x"]),
        ({"type": "object"}, [{}, {"a": 1}], [[], "x"]),
        ({"enum": ["a", 1]}, ["a", 1], ["b", 2, None]),
        ({"minimum": 1, "maximum": 3}, [1, 2.5, 3, "no number"], [0, 3.1, -9]),
        ({}, [None, 1, "x", [], {}], []),
    ],
)
def test_a_param_takes_what_its_schema_says(schema, good, bad):
    for value in good:
        check_conf({"p": schema}, {"p": value})
    for value in bad:
        with pytest.raises(Refused, match="conf does not fit the param 'p': "):
            check_conf({"p": schema}, {"p": value})


def test_a_refusal_says_what_is_allowed():
    for schema, value, message in (
        ({"type": "integer"}, "x", "'x' is not of type 'integer'"),
        ({"enum": ["a", "b"]}, "x", r"'x' is not one of \['a', 'b'\]"),
        ({"minimum": 1}, 0, "0 is less than the minimum of 1"),
        ({"maximum": 1}, 2, "2 is greater than the maximum of 1"),
    ):
        with pytest.raises(Refused, match=message):
            check_conf({"p": schema}, {"p": value})


def test_the_demo_holds_its_examples_and_no_runs():
    backend = demo_backend()
    dags = MemoryDagRepository(backend).list(readable=None)
    assert [(dag.dag_id, dag.is_paused, dag.fileloc) for dag in dags] == [
        ("example_daily", False, "dags/example_daily.py"),
        ("example_flaky", False, "dags/example_flaky.py"),
        ("example_hourly", False, "dags/example_hourly.py"),
        ("example_paused", True, "dags/example_paused.py"),
        ("example_six_hourly", False, "dags/example_six_hourly.py"),
        ("example_unscheduled", False, "dags/example_unscheduled.py"),
    ]
    assert MemoryDagRunRepository(backend).list(DagRunFilter()).runs == ()


@pytest.mark.parametrize(
    ("dag_id", "step"),
    [
        ("example_daily", dt.timedelta(days=1)),
        ("example_flaky", dt.timedelta(days=1)),
        ("example_hourly", dt.timedelta(hours=1)),
        ("example_six_hourly", dt.timedelta(hours=6)),
        ("example_paused", dt.timedelta(days=1)),
    ],
)
def test_the_scheduled_examples_begin_with_2020(dag_id, step):
    request = GroupRequest(dag_id=dag_id, start_date=date(-1000), limit=3, partial=True)
    runs = MemoryDagRunRepository(demo_backend()).snapshot(
        dag_id, lambda dag: plan_group(request, dag.facts(request, NOW), now=NOW).runs
    )
    start = utc(2020, 1, 1)
    assert [run.logical_date for run in runs] == [start, start + step, start + 2 * step]


def test_the_unscheduled_example_has_a_param():
    request = GroupRequest(dag_id="example_unscheduled")
    facts = MemoryDagRunRepository(demo_backend()).snapshot(request.dag_id, lambda dag: dag.facts(request, NOW))
    facts.check_confs([{}, {"colour": "green"}, {"other": 1}])
    with pytest.raises(InvalidConf, match="'colour': 'mauve' is not one of"):
        facts.check_confs([{}, {"colour": "mauve"}])
