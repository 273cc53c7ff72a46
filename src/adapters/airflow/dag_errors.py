"""Whose an error is that comes up while Airflow reads a DAG: the DAG's, the database's, or that of a deadline of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeout

from airflow_run_groups.adapters.airflow.custom_code import GivenUp
from airflow_run_groups.adapters.airflow.database.deadlines import Overdue
from airflow_run_groups.domain.errors import DagUnreadable

NOT_OF_THE_CODE = (DBAPIError, PoolTimeout, Overdue, GivenUp)
"""Errors that come through others' code and say nothing about it."""


@contextmanager
def reading_dag(dag_id: str) -> Iterator[None]:
    """Let an error say that Airflow cannot read this DAG, unless it is the database's or that of a deadline.

    :raises DagUnreadable: for any other error, SystemExit and its kind, too, which would end the process.
    """
    try:
        yield
    except NOT_OF_THE_CODE:
        raise
    except BaseException as error:
        raise DagUnreadable(dag_id, error) from error
