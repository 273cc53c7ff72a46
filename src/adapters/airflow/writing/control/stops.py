"""Holding the rest of a group when its rule says so: by a listener when a run has failed, and when the group is looked at."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from functools import partial

from airflow import settings
from airflow.models.backfill import Backfill
from sqlalchemy import update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.queries.groups.controls import (
    NamedRecord,
    Record,
    facts_of,
    record_of,
    record_of_row,
)
from airflow_run_groups.adapters.airflow.queries.groups.outcomes import outcomes
from airflow_run_groups.adapters.airflow.writing.audit import entry
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.domain.control.control import NOTHING_ENDED, Control, Outcomes, stopped_control
from airflow_run_groups.domain.control.stop_after import StopAfter

log = logging.getLogger(__name__)
_BACKFILL = Backfill.__table__


def outcomes_for(
    dag_id: str, prefix: str, record: Record | None, rule: StopAfter | None, connection: Connection
) -> Outcomes:
    """Return what decides whether a group with this record stops by this rule."""
    control = None if record is None else record.control
    if rule is None or (control is not None and control.stopped is not None):
        return NOTHING_ENDED
    return outcomes(dag_id, prefix, rule, record=record, connection=connection)


def is_due(dag_id: str, prefix: str, record: Record, connection: Connection, *, now: dt.datetime) -> bool:
    """Tell whether the group's rule stops it now."""
    return _after(dag_id, prefix, record, connection, now=now) is not record.control


def stop_if_due(dag_id: str, prefix: str, session: Session, *, now: dt.datetime) -> bool:
    """Hold the group's queued runs, as part of the session's transaction, if its rule says so; tell whether it does.

    Of all rows that of its record alone is locked, so this waits for others, and others for it, in no circle.
    """
    record = record_of(dag_id, prefix, session.connection(), lock=True)
    return record is not None and _stop(dag_id, prefix, record, session, now=now)


class StopsOfRows:
    """Holds groups of which a run has just ended, each known by its row in ``backfill``, which may be of another's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def connect(cls) -> StopsOfRows:
        """Return one with a connection of its own to the database of this process's Airflow, made when it is needed."""
        limits = DatabaseLimits.derive(pool_size=1, read_timeout=2.0, write_timeout=2.0)  # the scheduler waits
        return cls(Database(str(settings.SQL_ALCHEMY_CONN), limits))

    def react(self, numbers: Iterable[int]) -> None:
        """Look at each group, and write where its rule says so.

        :raises DomainError: when the database cannot do it now. The next run that ends, or look at the group, does it then.
        """
        for number in sorted(numbers):
            now = utc_now()
            with self._database.reading() as connection:
                found = record_of_row(number, connection)
                due = found is not None and is_due(found.dag_id, found.prefix, found.record, connection, now=now)
            if found is not None and due:
                self._database.write(None, partial(_write, found, now), self._database.limits.brief())


def _write(found: NamedRecord, now: dt.datetime, session: Session) -> None:
    if stop_if_due(found.dag_id, found.prefix, session, now=now):
        control = found.record.control
        log.warning("group %r of DAG %r is paused: %s", found.prefix, found.dag_id, control and control.stop_after)


def _stop(dag_id: str, prefix: str, record: Record, session: Session, *, now: dt.datetime) -> bool:
    after = _after(dag_id, prefix, record, session.connection(), now=now)
    if after is None or after is record.control:
        return False
    values = {"dag_run_conf": facts_of(after, prefix, record.about), "is_paused": after.paused}
    session.execute(update(_BACKFILL).where(_BACKFILL.c.id == record.id).values(**values))
    session.add(
        entry("patch_dag_run", dag_id=dag_id, caller=_NAME, prefix=prefix, paused=True, stopped=str(after.stop_after))
    )
    return True


_NAME = "stop_after"
"""Whose change it is, in the audit log."""


def _after(dag_id: str, prefix: str, record: Record, connection: Connection, *, now: dt.datetime) -> Control | None:
    control = record.control
    if control is None:
        return None
    found = outcomes_for(dag_id, prefix, record, control.stop_after, connection)
    return stopped_control(control, found, now=now)
