"""DAGs, read from Airflow's ``dag`` table."""

from collections.abc import Sequence

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import func, literal, select

from airflow_api_plugin.adapters.airflow.database import Database
from airflow_api_plugin.domain.model import DagSummary

_DAG = DagModel.__table__
_RUN = DagRun.__table__
_SUMMARIES = (
    select(
        _DAG.c.dag_id,
        _DAG.c.is_paused,
        _DAG.c.fileloc,
        select(func.max(_RUN.c.logical_date))
        .where(_RUN.c.dag_id == _DAG.c.dag_id)
        .scalar_subquery()  # one look at the index (dag_id, logical_date) for each DAG
        .label("last_logical_date"),
    )
    .where(~_DAG.c.is_stale)
    .order_by(_DAG.c.dag_id)
)


class AirflowDagRepository:
    """The DAGs that Airflow's DAG processor has found."""

    def __init__(self, database: Database) -> None:
        """Read from this database."""
        self._database = database

    def list(self, *, readable: frozenset[str] | None) -> Sequence[DagSummary]:
        """As the port promises."""
        with self._database.reading() as connection:
            rows = connection.execute(_SUMMARIES).all()
        return [
            DagSummary(
                dag_id=row.dag_id,
                is_paused=bool(row.is_paused),
                fileloc=row.fileloc or "",
                last_logical_date=row.last_logical_date,
            )
            for row in rows
            if readable is None or row.dag_id in readable
        ]

    def ping(self) -> None:
        """As the port promises."""
        with self._database.reading() as connection:
            connection.execute(select(literal(1)))
