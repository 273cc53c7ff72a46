"""DAG runs, read from Airflow's ``dag_run`` table, and recorded as batches."""

from collections.abc import Callable
from typing import Any

from airflow.models.dag import DagModel
from airflow.utils.sqlalchemy import with_row_locks
from airflow_run_groups.adapters.airflow.context import AirflowDagContext
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.queries.dag_runs import one_run, page
from airflow_run_groups.adapters.airflow.writing.runs import write_runs
from airflow_run_groups.domain.errors import AmbiguousRunId, DagNotFound, DagRunNotFound
from airflow_run_groups.domain.model import DagRun, DagRunFilter, DagRunPage
from airflow_run_groups.domain.planning import Batch
from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

MAX_ID = 2**31 - 1
"""The largest ``dag_run.id``: the column is a 32-bit integer (airflow.models.dagrun, 3.0 to 3.3)."""


class AirflowDagRunRepository:
    """All the runs that Airflow knows."""

    def __init__(self, database: Database, schema: Schema | None = None) -> None:
        """Read from this database, and write to it as long as its schema is known."""
        self._database = database
        self._schema = schema or Schema()

    def list(self, where: DagRunFilter) -> DagRunPage:
        """As the port promises."""
        if isinstance(where.start, int) and where.start > MAX_ID:
            return DagRunPage(runs=(), next_start=None)
        with self._database.reading() as connection:
            rows = connection.execute(*page(where, connection)).all()
            if not rows and isinstance(where.start, str):
                _find(connection, where.start, where.dag_id, where.readable)
        runs = tuple(map(DagRun._make, rows[: where.limit]))
        return DagRunPage(runs=runs, next_start=runs[-1].id if len(rows) > where.limit else None)

    def get(self, run_id: str, *, dag_id: str | None, readable: frozenset[str] | None) -> DagRun:
        """As the port promises."""
        with self._database.reading() as connection:
            return _find(connection, run_id, dag_id, readable)

    def record(self, dag_id: str, decide: Callable[[AirflowDagContext], Batch]) -> Batch:
        """As the port promises."""

        def work(session: Session) -> Batch:
            self._schema.require_known(session.connection())
            # Airflow's DAG processor takes the same lock before it changes the DAG, so all runs get one DAG version.
            row = session.scalar(
                with_row_locks(select(DagModel).where(DagModel.dag_id == dag_id), session, of=DagModel)
            )
            if row is None or row.is_stale:
                raise DagNotFound(dag_id)
            context = AirflowDagContext(row, session)
            batch = decide(context)
            if batch.runs:
                write_runs(batch, context.serialized_dag, session)
            return batch

        return self._database.write(dag_id, work)

    def preview(self, dag_id: str, decide: Callable[[AirflowDagContext], Batch]) -> Batch:
        """As the port promises."""
        with self._database.reading_objects() as session:
            self._schema.require_known(session.connection())
            row = session.scalar(select(DagModel).where(DagModel.dag_id == dag_id))
            if row is None or row.is_stale:
                raise DagNotFound(dag_id)
            return decide(AirflowDagContext(row, session))


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
