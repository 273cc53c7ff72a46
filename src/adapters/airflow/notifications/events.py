"""Which groups somebody wants to be notified of, and what has happened to them."""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from sqlalchemy import bindparam, func, literal, select
from sqlalchemy.engine import Connection

from airflow_run_groups.adapters.airflow.queries.groups.cancelled import CANCELLED, FAILED
from airflow_run_groups.adapters.airflow.queries.groups.controls import UNFINISHED, Record
from airflow_run_groups.adapters.airflow.queries.groups.membership import FACTS, IS_OURS, KEY, PREFIX, in_group
from airflow_run_groups.domain.control.notification import GroupEvent
from airflow_run_groups.domain.run_id import GroupRunId

_BACKFILL = Backfill.__table__
_LINK = BackfillDagRun.__table__
_RUN = DagRun.__table__
_SUBSCRIBED = select(_BACKFILL.c.id, _BACKFILL.c.dag_id, PREFIX.label("prefix")).where(
    IS_OURS, FACTS[(KEY, "notify", "since")].as_string().is_not(None)
)
_OF_DAGS = _SUBSCRIBED.where(_BACKFILL.c.dag_id.in_(bindparam("dag_ids", expanding=True)))
_PAGE = _SUBSCRIBED.where(_BACKFILL.c.id < bindparam("start")).order_by(_BACKFILL.c.id.desc()).limit(bindparam("rows"))
_LINKED = (
    select(_LINK.c.backfill_id)
    .where(
        _LINK.c.backfill_id.in_(bindparam("records", expanding=True)),
        _LINK.c.dag_run_id.in_(bindparam("runs", expanding=True)),
    )
    .distinct()
)


class EndedRun(NamedTuple):
    """A run that has just ended."""

    id: int
    dag_id: str
    run_id: str


class SubscribedGroup(NamedTuple):
    """A group that somebody wants to be notified of, with the number of its record."""

    id: int
    dag_id: str
    prefix: str


def groups_of(runs: Collection[EndedRun], connection: Connection) -> list[SubscribedGroup]:
    """Return those of these runs' groups that somebody wants to be notified of: with one statement when there are none."""
    rows = connection.execute(_OF_DAGS, {"dag_ids": sorted({run.dag_id for run in runs})})
    subscribed = _groups(rows)
    if not subscribed:
        return []
    parsed = ((run.dag_id, GroupRunId.parse(run.run_id)) for run in runs)
    named = {(dag_id, one.prefix) for dag_id, one in parsed if one is not None}
    others = [group.id for group in subscribed if (group.dag_id, group.prefix) not in named]
    linked: set[int] = set()
    if others:
        values = {"records": others, "runs": [run.id for run in runs]}
        linked = set(connection.execute(_LINKED, values).scalars())
    return [group for group in subscribed if (group.dag_id, group.prefix) in named or group.id in linked]


def page_of_groups(start: int, rows: int, connection: Connection) -> list[SubscribedGroup]:
    """Return that many groups with a smaller number than ``start``, the largest numbers first."""
    return _groups(connection.execute(_PAGE, {"start": start, "rows": rows}))


def happened(dag_id: str, prefix: str, record: Record, connection: Connection) -> dict[GroupEvent, dt.datetime]:
    """Return when each event that a group's ``notify`` is about happened for the last time, the first failure after it was set.

    A group whose ``notify`` is gone has none. The end of a group is that of its last run.
    """
    subscription, control = record.about.subscription, record.control
    if subscription is None:
        return {}
    is_of_group, values = in_group(dag_id, prefix, connection)
    found: dict[GroupEvent, dt.datetime | None] = {}
    if control is not None and control.stopped is not None:
        found[GroupEvent.STOP] = control.stopped.at
    if GroupEvent.END in subscription.notify.on:
        unfinished = select(literal(1)).where(is_of_group, UNFINISHED).limit(1)
        if connection.execute(unfinished, values).first() is None:
            found[GroupEvent.END] = connection.execute(
                select(func.max(_RUN.c.end_date)).where(is_of_group), values
            ).scalar()
    if GroupEvent.FIRST_FAILURE in subscription.notify.on and GroupEvent.FIRST_FAILURE not in subscription.sent:
        is_later = _RUN.c.end_date > bindparam("since", type_=_RUN.c.end_date.type)
        failed = select(func.min(_RUN.c.end_date)).where(is_of_group, FAILED, ~CANCELLED, is_later)
        found[GroupEvent.FIRST_FAILURE] = connection.execute(failed, {**values, "since": subscription.since}).scalar()
    return {event: at for event, at in found.items() if at is not None}


def _groups(rows: Iterable[Any]) -> list[SubscribedGroup]:
    return [SubscribedGroup(row.id, row.dag_id, row.prefix) for row in rows]
