"""An error that comes up while Airflow reads a DAG is the DAG's own, the database's, or that of a deadline."""

import pytest
from sqlalchemy.exc import OperationalError, TimeoutError as PoolTimeout

from airflow_run_groups.adapters.airflow.custom_code import GivenUp
from airflow_run_groups.adapters.airflow.dag_errors import reading_dag
from airflow_run_groups.adapters.airflow.database.deadlines import Overdue
from airflow_run_groups.domain.errors import DagUnreadable


def read(error):
    with reading_dag("a_dag"):
        raise error


@pytest.mark.parametrize("error", [Overdue(), GivenUp(), PoolTimeout(), OperationalError("", None, Exception())])
def test_an_error_of_the_database_or_of_a_deadline_is_not_the_dags(error):
    with pytest.raises(type(error)):
        read(error)


@pytest.mark.parametrize("error", [KeyError("no such timetable"), SystemExit(1)])
def test_any_other_error_is_the_dags(error):
    with pytest.raises(DagUnreadable, match="Airflow cannot read DAG 'a_dag'"):
        read(error)
