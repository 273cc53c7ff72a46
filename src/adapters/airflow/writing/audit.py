"""Entries in Airflow's audit log, and those about refusals, which are made by themselves."""

import json

from airflow.models.log import Log
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.domain.audit import Denial
from sqlalchemy.orm import Session

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


def entry(event: str, *, dag_id: str | None, caller: str | None, **extra: object) -> Log:
    """Return an entry that names who did it as Airflow's own trigger does, and nobody in the same way."""
    return Log(
        event=event,
        dag_id=dag_id,
        owner=caller or "anonymous",
        owner_display_name=caller,
        extra=json.dumps(extra),
    )


class AirflowAuditLog:
    """The ``log`` table, which Airflow shows under Browse, Audit Log, and in its API's event logs."""

    def __init__(self, database: Database) -> None:
        """Write to this database, which is limited as above."""
        self._database = database

    def refused(self, refusal: Denial) -> None:
        """As the port promises."""

        def work(session: Session) -> None:
            session.add(
                entry(
                    "forbidden",
                    dag_id=refusal.dag_id,
                    caller=refusal.caller,
                    request=refusal.request,
                    reason=refusal.reason,
                )
            )

        self._database.write("", work)
