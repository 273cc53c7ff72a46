"""DAG runs, read from Airflow's ``dag_run`` table, and added to it."""

from collections.abc import Callable
from typing import Any, TypeVar

from airflow.models.dag import DagModel
from airflow.utils.sqlalchemy import with_row_locks
from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.custom_code import AT_ONCE, CustomCode, code_of_dag
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.queries.dag_runs import one_run, page
from airflow_run_groups.adapters.airflow.repositories.sizes import Sizes
from airflow_run_groups.adapters.airflow.repositories.snapshot import AirflowDag
from airflow_run_groups.domain.errors import AmbiguousRunId, DagNotFound, DagRunNotFound
from airflow_run_groups.domain.model import MAX_LIMIT, DagRun, DagRunFilter, DagRunPage

MAX_ID = 2**31 - 1
"""The largest ``dag_run.id``: the column is a 32-bit integer (airflow.models.dagrun, 3.0 to 3.4)."""

T = TypeVar("T")


class AirflowDagRunRepository:
    def __init__(self, database: Database, schema: Schema, custom_code: CustomCode, max_limit: int = MAX_LIMIT) -> None:
        """``max_limit``: the most runs that one request creates."""
        self._database = database
        self._max_limit = max_limit
        self._schema = schema
        self._custom_code = custom_code

    def list(self, where: DagRunFilter) -> DagRunPage:
        if isinstance(where.start, int) and where.start > MAX_ID:
            return DagRunPage(runs=(), next_start=None)
        with self._database.reading() as connection:
            rows = connection.execute(*page(where, connection)).all()
            if not rows and isinstance(where.start, str):
                _find(connection, where.start, where.dag_id, where.readable)
        runs = tuple(map(DagRun._make, rows[: where.limit]))
        return DagRunPage(runs=runs, next_start=runs[-1].id if len(rows) > where.limit else None)

    def get(self, run_id: str, *, dag_id: str | None, readable: frozenset[str] | None) -> DagRun:
        with self._database.reading() as connection:
            return _find(connection, run_id, dag_id, readable)

    def snapshot(self, dag_id: str, work: Callable[[AirflowDag], T]) -> T:
        database = self._database

        def look() -> T:
            with database.reading_in_parts() as session:
                self._schema.require_known(session.connection())
                row = _live(session.scalar(_row(dag_id)), dag_id)
                return work(AirflowDag(row, session, database.check_time, sizes=self._sizes, release=session.commit))

        seconds = database.limits.read_timeout
        return self._custom_code.run(code_of_dag(dag_id), look, seconds=seconds, at_once=AT_ONCE)

    def transaction(self, dag_id: str, work: Callable[[AirflowDag], T]) -> T:
        def in_transaction(session: Session) -> T:
            self._schema.require_known(session.connection())
            # Airflow's DAG processor takes the same lock before it changes the DAG, so all runs get one DAG version.
            row = session.scalar(with_row_locks(_row(dag_id), session, of=DagModel))
            database = self._database
            locked = AirflowDag(
                _live(row, dag_id),
                session,
                database.check_time,
                sizes=self._sizes,
                seconds_for_a_step=database.seconds_for_a_step,
            )
            return work(locked)

        seconds = self._database.limits.write_timeout
        return self._custom_code.run(
            code_of_dag(dag_id), lambda: self._database.write(dag_id, in_transaction), seconds=seconds
        )

    @property
    def _sizes(self) -> Sizes:
        return Sizes(self._max_limit, self._database.limits.max_task_instances)


def _row(dag_id: str) -> Select[Any]:
    return select(DagModel).where(DagModel.dag_id == dag_id)


def _live(row: DagModel | None, dag_id: str) -> DagModel:
    if row is None or row.is_stale:
        raise DagNotFound(dag_id)
    return row


def _find(connection: Connection, run_id: str, dag_id: str | None, readable: frozenset[str] | None) -> DagRun:
    query = one_run(
        dag_id=dag_id is not None,
        readable=readable is not None,
        lateral=connection.dialect.name == "postgresql",
    )
    values: dict[str, Any] = {"run_id": run_id}
    if dag_id is not None:
        values["dag_id"] = dag_id
    if readable is not None:
        values["readable"] = sorted(readable)
    rows = connection.execute(query, values).all()
    if not rows:
        raise DagRunNotFound
    if len(rows) > 1:
        raise AmbiguousRunId(run_id, [row.dag_id for row in rows])
    return DagRun._make(rows[0])
