"""Refusals in Airflow's audit log."""

import json

from airflow.models.log import Log
from sqlalchemy.orm import Session

from airflow_api_plugin.adapters.airflow.database import Database
from airflow_api_plugin.adapters.database_limits import DatabaseLimits
from airflow_api_plugin.domain.audit import Refusal

LIMITS = DatabaseLimits(
    pool_size=1,
    pool_timeout=1.0,
    connect_timeout=2.0,
    write_timeout=3.0,
    queue_timeout=1.0,
    lock_timeout=1.0,
    idle_in_transaction_timeout=3.0,
    sqlite_write_timeout=1.0,
)
"""Those of a connection that is for refusals alone, so that they neither wait for groups nor hold one up."""


class AirflowAuditLog:
    """The ``log`` table, which Airflow shows under Browse, Audit Log, and in its API's event logs."""

    def __init__(self, database: Database) -> None:
        """Write to this database, which is limited as above."""
        self._database = database

    def refused(self, refusal: Refusal) -> None:
        """As the port promises."""
        extra = json.dumps({"request": refusal.request, "reason": refusal.reason})

        def work(session: Session) -> None:
            session.add(
                Log(
                    event="forbidden",
                    dag_id=refusal.dag_id,
                    owner=refusal.caller or "anonymous",
                    owner_display_name=refusal.caller,
                    extra=extra,
                )
            )

        self._database.write("", work)
