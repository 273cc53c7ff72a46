"""Sending what has happened to groups, each event at most once: it is written down before it is sent.

This is for a thread of the scheduler's own. The next look at all groups finds events that it misses, as when the process ends or
the database is away, but for an event that was written down and not sent yet: that one is lost.
"""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from airflow.models.backfill import Backfill
from sqlalchemy import update
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.notifications.events import (
    EndedRun,
    SubscribedGroup,
    groups_of,
    happened,
    page_of_groups,
)
from airflow_run_groups.adapters.airflow.queries.groups.controls import facts_of, record_of
from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.domain.control.notification import GroupEvent, Notification, Notify
from airflow_run_groups.domain.errors import DomainError, GroupNotFound

LIMITS = DatabaseLimits.derive(pool_size=2, read_timeout=5.0, write_timeout=2.0)
"""Those of the thread. Its writes are brief."""
GROUPS_AT_ONCE = 100
"""Groups that one look at all of them takes in; the next one goes on behind them."""
_BEYOND = 2**31 - 1
_BACKFILL = Backfill.__table__
_log = logging.getLogger(__name__)


class GroupNotifications:
    """Looks at groups, and sends what has happened to those that somebody wants to be notified of. Nothing is raised."""

    def __init__(
        self,
        database: Database,
        state_of: Callable[[str, str], Mapping[str, Any]],
        send: Callable[[Notify, Notification, Mapping[str, Any]], None],
    ) -> None:
        """Send with the state of a group, by its DAG and prefix; ``send`` logs what it cannot deliver."""
        self._database = database
        self._state_of = state_of
        self._send = send
        self._start = _BEYOND

    def look(self, runs: Collection[EndedRun]) -> None:
        """Look at the groups of runs that have just ended."""
        try:
            with self._database.reading() as connection:
                groups = groups_of(runs, connection)
        except DomainError as error:
            _log.warning("nobody is notified yet of groups whose runs have ended: %s", error)
            return
        self._look_at(groups)

    def look_at_some(self) -> None:
        """Look at the next of all groups, for what happened while no scheduler looked, or outside of one: a run was cancelled."""
        try:
            with self._database.reading() as connection:
                groups = page_of_groups(self._start, GROUPS_AT_ONCE, connection)
        except DomainError as error:
            _log.warning("nobody is notified yet of groups that have changed: %s", error)
            return
        self._start = groups[-1].id if len(groups) == GROUPS_AT_ONCE else _BEYOND
        self._look_at(groups)

    def _look_at(self, groups: Collection[SubscribedGroup]) -> None:
        for group in groups:
            self._tell_safely(group.dag_id, group.prefix)

    def _tell_safely(self, dag_id: str, prefix: str) -> None:
        try:
            self._tell(dag_id, prefix)
        except GroupNotFound:
            return  # its runs were deleted, and its record goes with a later write
        except DomainError as error:
            _log.warning("nobody is notified yet of group %r of DAG %r: %s", prefix, dag_id, error)

    def _tell(self, dag_id: str, prefix: str) -> None:
        """Send what is due.

        :raises DomainError: when the database cannot do it now. Nothing was sent then.
        """
        with self._database.reading() as connection:
            record = record_of(dag_id, prefix, connection)
            subscription = None if record is None else record.about.subscription
            if record is None or subscription is None:
                return
            if not subscription.due(happened(dag_id, prefix, record, connection)):
                return
        state = self._state_of(dag_id, prefix)
        taken = self._database.write(None, partial(_take, dag_id, prefix), self._database.limits.brief())
        if taken is not None:
            for event, at in taken.due.items():
                self._send(taken.notify, Notification(dag_id=dag_id, prefix=prefix, event=event, at=at), state)


class _Taken(NamedTuple):
    """Events to send, and where; nobody else sends them."""

    notify: Notify
    due: Mapping[GroupEvent, dt.datetime]


def _take(dag_id: str, prefix: str, session: Session) -> _Taken | None:
    """Write down that what is due is sent, so that nobody else sends it, and return it.

    Of all rows that of the group's record alone is locked.
    """
    connection = session.connection()
    record = record_of(dag_id, prefix, connection, lock=True)
    subscription = None if record is None else record.about.subscription
    if record is None or subscription is None:
        return None
    due = subscription.due(happened(dag_id, prefix, record, connection))
    if due:
        about = replace(record.about, subscription=subscription.with_sent(due))
        facts = facts_of(record.control, prefix, about)
        session.execute(update(_BACKFILL).where(_BACKFILL.c.id == record.id).values(dag_run_conf=facts))
    return _Taken(subscription.notify, due)
