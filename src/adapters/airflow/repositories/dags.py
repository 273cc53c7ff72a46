"""DAGs, read from Airflow's ``dag`` table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal, select

from airflow_run_groups.adapters.airflow import configuration
from airflow_run_groups.adapters.airflow.database.refusals import require_writable
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.queries.dags import IDS, LIVE_IDS, LIVE_IDS_OF_TAG, dags, some_dags
from airflow_run_groups.domain.dag_search import DagDetails, DagFilter, DagPage
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

    def search(self, where: DagFilter) -> DagPage:
        with self._database.reading() as connection:
            tagged = where.tag is not None
            ids = connection.scalars(LIVE_IDS_OF_TAG if tagged else LIVE_IDS, {"tag": where.tag} if tagged else {})
            page, rest = where.page(ids)
            query = some_dags(bounded=connection.dialect.name == "postgresql")
            rows = connection.execute(query, {"dag_ids": page}).all() if page else ()
        found = {row.dag_id: _details(row) for row in rows}
        return DagPage(dags=tuple(found[dag_id] for dag_id in page if dag_id in found), next_start=rest)

    def ids(self) -> frozenset[str]:
        with self._database.reading() as connection:
            return frozenset(connection.scalars(IDS))

    def ping(self) -> None:
        with self._database.reading() as connection:
            connection.execute(_ONE)
            self._schema.require_known(connection)
            require_writable(connection)


def _details(row: Any) -> DagDetails:
    dag_id, is_paused, fileloc, last, schedule, max_active_runs, allows_range = row
    return DagDetails(
        dag_id=dag_id,
        is_paused=is_paused,
        fileloc=fileloc or "",
        last_logical_date=last,
        schedule=schedule,
        max_active_runs=configuration.max_active_runs_per_dag() if max_active_runs is None else max_active_runs,
        allows_range=bool(allows_range),
    )
