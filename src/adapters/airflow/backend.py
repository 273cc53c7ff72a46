"""The Airflow backend as a whole, on the database that this process's Airflow configuration names."""

import logging
from dataclasses import dataclass
from typing import Any

from airflow import settings
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import event
from sqlalchemy.orm import configure_mappers

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.custom_code import CustomCode
from airflow_run_groups.adapters.airflow.database import redaction
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.repositories.dag_runs import AirflowDagRunRepository
from airflow_run_groups.adapters.airflow.repositories.dags import AirflowDagRepository
from airflow_run_groups.adapters.airflow.repositories.groups import AirflowGroupRepository
from airflow_run_groups.adapters.airflow.writing.audit import AirflowAuditLog
from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.domain.model import MAX_LIMIT

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AirflowBackend:
    """The repositories and the audit log, with the database that they share.

    ``max_limit``: the most runs that one request creates.
    """

    dags: AirflowDagRepository
    runs: AirflowDagRunRepository
    groups: AirflowGroupRepository
    audit: AirflowAuditLog
    database: Database
    max_limit: int

    def dispose_after_fork(self) -> None:
        """Forget the connections of the parent process, which stay its own; call it once in every forked child."""
        self.database.dispose_after_fork()


def hide_values_of_airflow() -> None:
    """Leave the values of statements out of the errors of Airflow's own engine, whose texts reach the log of this process."""
    engine: Any = settings.engine
    engine.hide_parameters = True
    if not event.contains(engine, "handle_error", redaction.on_error):
        event.listen(engine, "handle_error", redaction.on_error)


def connect(limits: DatabaseLimits, *, allow_unknown_schema: bool, max_limit: int = MAX_LIMIT) -> AirflowBackend:
    """Build the backend; it connects with its first query.

    :param max_limit: the most runs that one request creates on PostgreSQL. Airflow's other components cannot wait on SQLite
        for more than 500.

    The mappers are configured here, so that forked workers share that memory, and no two threads do it at once: what
    SQLAlchemy works out at the first insert of a model is not safe from that (Mapper.all_orm_descriptors, 2.1).
    """
    if doubt := compat.doubt_about(compat.VERSION):
        log.warning(doubt)
    configure_mappers()
    for mapper in TaskInstance.__mapper__.registry.mappers:
        mapper.all_orm_descriptors  # noqa: B018 - it stays
    database = Database(str(settings.SQL_ALCHEMY_CONN), limits)
    schema = Schema(allow_unknown=allow_unknown_schema)
    if max_limit > MAX_LIMIT and database.engine.dialect.name != "postgresql":
        log.warning("max_limit = %d is for PostgreSQL: here a request creates %d runs at most", max_limit, MAX_LIMIT)
        max_limit = MAX_LIMIT
    custom_code = CustomCode(grace=limits.connect_timeout + 1)
    return AirflowBackend(
        dags=AirflowDagRepository(database, schema),
        runs=AirflowDagRunRepository(database, schema, custom_code, max_limit),
        groups=AirflowGroupRepository(database, schema, custom_code),
        audit=AirflowAuditLog(database),
        database=database,
        max_limit=max_limit,
    )
