"""Entries in Airflow's audit log, and those about denials, which are written by themselves."""

import json

from airflow.models.log import Log

from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.domain.audit import Denial


def entry(
    event: str, *, dag_id: str | None, caller: str | None, display_name: str | None = None, **extra: object
) -> Log:
    """Return an entry that names who did it as Airflow's own trigger does, and nobody in the same way.

    A name that is longer than its column is cut: an entry that says less is better than none.

    :param display_name: the name that is shown for the caller, None for the same.
    """
    return Log(
        event=event,
        dag_id=_cut("dag_id", dag_id),
        owner=_cut("owner", caller or "anonymous"),
        owner_display_name=_cut("owner_display_name", display_name or caller),
        extra=json.dumps(extra),
    )


def _cut(column: str, text: str | None) -> str | None:
    length: int | None = getattr(Log.__table__.c, column).type.length
    return text if text is None else text[:length]


class AirflowAuditLog:
    """The ``log`` table, which Airflow shows under Browse, Audit Log, and in its API's event logs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def denied(self, denial: Denial) -> None:
        self._database.write(None, lambda session: session.add(_denied(denial)), self._database.limits.brief())


def _denied(denial: Denial) -> Log:
    return entry(
        "forbidden",
        dag_id=denial.dag_id,
        caller=denial.caller,
        request=denial.request,
        reason=denial.reason,
    )
