"""DAG runs, read from Airflow's ``dag_run`` table, and recorded as batches."""

from collections.abc import Callable
from typing import Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun as AirflowsDagRun
from airflow.utils.sqlalchemy import with_row_locks
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from airflow_api_plugin.adapters.airflow.context import AirflowDagContext
from airflow_api_plugin.adapters.airflow.database import Database
from airflow_api_plugin.adapters.airflow.writer import write_batch
from airflow_api_plugin.domain.batch import Batch
from airflow_api_plugin.domain.errors import AmbiguousRunId, DagNotFound, DagRunNotFound
from airflow_api_plugin.domain.model import DagRun, DagRunFilter, DagRunPage, DagRunType

_RUN = AirflowsDagRun.__table__
_EXTERNAL = [kind.value for kind in DagRunType if kind.externally_triggered]
_COLUMNS = (
    _RUN.c.id,
    _RUN.c.dag_id,
    _RUN.c.run_id,
    _RUN.c.state,
    _RUN.c.run_type,
    _RUN.c.logical_date,
    _RUN.c.start_date,
    _RUN.c.end_date,
)


class AirflowDagRunRepository:
    """All the runs that Airflow knows."""

    def __init__(self, database: Database) -> None:
        """Read from and write to this database."""
        self._database = database

    def list(self, where: DagRunFilter) -> DagRunPage:
        """As the port promises."""
        if not -1 < _number(where.start) <= MAX_ID:
            return DagRunPage(runs=(), next_start=None)
        with self._database.reading() as connection:
            start = where.start if isinstance(where.start, int) else _resolve(connection, where.start, where).id
            rows = connection.execute(_filtered(where, start)).all()
        runs = tuple(_dag_run(row) for row in rows[: where.limit])
        return DagRunPage(runs=runs, next_start=runs[-1].id if len(rows) > where.limit else None)

    def get(self, run_id: str, *, dag_id: str | None, readable: frozenset[str] | None) -> DagRun:
        """As the port promises."""
        with self._database.reading() as connection:
            return _resolve(connection, run_id, DagRunFilter(dag_id=dag_id, readable=readable))

    def record(self, dag_id: str, decide: Callable[[AirflowDagContext], Batch]) -> Batch:
        """As the port promises."""

        def work(session: Session) -> Batch:
            # Airflow's DAG processor takes the same lock before it changes the DAG, so all runs get one DAG version.
            row = session.scalar(
                with_row_locks(select(DagModel).where(DagModel.dag_id == dag_id), session, of=DagModel)
            )
            if row is None or row.is_stale:
                raise DagNotFound(dag_id)
            context = AirflowDagContext(row, session)
            batch = decide(context)
            if batch.runs:
                write_batch(batch, context.serialized_dag, session)
            return batch

        return self._database.write(dag_id, work)


MAX_ID = 2**31 - 1
"""The largest ``dag_run.id``: the column is a 32-bit integer (airflow.models.dagrun, 3.0 to 3.3)."""


def _number(start: int | str) -> int:
    return start if isinstance(start, int) else 0


def _filtered(where: DagRunFilter, start: int) -> Select[Any]:
    query = select(*_COLUMNS).where(_RUN.c.id > start, *_readable(where.readable))
    if where.dag_id is not None:
        query = query.where(_RUN.c.dag_id == where.dag_id)
    if where.state is not None:
        query = query.where(_RUN.c.state == where.state.value)
    if where.external_trigger is not None:
        external = _RUN.c.run_type.in_(_EXTERNAL)
        query = query.where(external if where.external_trigger else ~external)
    if where.prefix:
        query = query.where(func.substr(_RUN.c.run_id, 1, len(where.prefix)) == where.prefix)
    return query.order_by(_RUN.c.id).limit(where.limit + 1)


def _resolve(connection: Connection, run_id: str, where: DagRunFilter) -> DagRun:
    query = select(*_COLUMNS).where(_RUN.c.run_id == run_id, *_readable(where.readable))
    if where.dag_id is not None:
        query = query.where(_RUN.c.dag_id == where.dag_id)
    else:
        # With each DAG's id at hand, the index (dag_id, run_id) answers; without it every run would be looked at.
        query = query.where(_RUN.c.dag_id.in_(select(DagModel.dag_id)))
    rows = connection.execute(query).all()
    if not rows:
        raise DagRunNotFound
    if len(rows) > 1:
        raise AmbiguousRunId(run_id, [row.dag_id for row in rows])
    return _dag_run(rows[0])


def _readable(readable: frozenset[str] | None) -> list[ColumnElement[bool]]:
    return [] if readable is None else [_RUN.c.dag_id.in_(readable)]


def _dag_run(row: Any) -> DagRun:
    return DagRun(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
