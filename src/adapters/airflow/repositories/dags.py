"""DAGs, read from Airflow's ``dag`` table."""

from collections.abc import Sequence

from sqlalchemy import literal, select

from airflow_run_groups.adapters.airflow.database.refusals import require_writable
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.queries.dags import IDS, dags
from airflow_run_groups.domain.model import DagSummary

_ONE = select(literal(1))


class AirflowDagRepository:
    """The DAGs that Airflow's DAG processor has found."""

    def __init__(self, database: Database, schema: Schema) -> None:
        self._database = database
        self._schema = schema

    def list(self, *, readable: frozenset[str] | None) -> Sequence[DagSummary]:
        with self._database.reading() as connection:
            rows = connection.execute(dags(bounded=connection.dialect.name == "postgresql")).all()
        return [
            DagSummary(dag_id=dag_id, is_paused=is_paused, fileloc=fileloc or "", last_logical_date=last)
            for dag_id, is_paused, fileloc, last in rows
            if readable is None or dag_id in readable
        ]

    def ids(self) -> frozenset[str]:
        with self._database.reading() as connection:
            return frozenset(connection.scalars(IDS))

    def ping(self) -> None:
        with self._database.reading() as connection:
            connection.execute(_ONE)
            self._schema.require_known(connection)
            require_writable(connection)
