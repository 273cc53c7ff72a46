"""The rows in Airflow's ``backfill`` table by which its scheduler controls a group, and the runs that are linked to them.

Such a row is complete from the start: it is none of the DAG's backfills that Airflow knows as active. The scheduler obeys its
``is_paused`` and ``max_active_runs`` all the same (DagRun.get_queued_dag_runs_to_set_running, 3.0 to 3.3).
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import Integer, bindparam, func, select, type_coerce
from sqlalchemy.engine import Connection
from sqlalchemy.sql.expression import Select  # here in SQLAlchemy 1.4, too

from airflow_run_groups.adapters.airflow.queries.columns import DATE
from airflow_run_groups.adapters.airflow.queries.groups.membership import (
    FACTS,
    IS_OF_RECORD,
    IS_OURS,
    KEY,
    NUMBER,
    PREFIX,
    in_group,
)
from airflow_run_groups.domain.about import NOTHING, About
from airflow_run_groups.domain.control.control import Control
from airflow_run_groups.domain.control.notification import TARGETS, GroupEvent, Notify, Subscription
from airflow_run_groups.domain.control.stop_after import StopAfter, Stopped
from airflow_run_groups.domain.model import DagRunState

_BACKFILL = Backfill.__table__
_DAG = DagModel.__table__
_LINK = BackfillDagRun.__table__
_RUN = DagRun.__table__
UNFINISHED = _RUN.c.state.in_([DagRunState.QUEUED.value, DagRunState.RUNNING.value])

_COLUMNS = (
    _BACKFILL.c.id,
    _BACKFILL.c.max_active_runs,
    _BACKFILL.c.is_paused,
    FACTS.label("facts"),
)
_ONE = select(*_COLUMNS).where(IS_OF_RECORD).order_by(_BACKFILL.c.id).limit(1)
_LOCKED = _ONE.with_for_update()
_DAG_WITH_ONE = (
    select(
        _DAG.c.is_paused.label("dag_is_paused"), _DAG.c.is_stale, _DAG.c.max_active_runs.label("dag_limit"), *_COLUMNS
    )
    .select_from(_DAG.outerjoin(_BACKFILL, _BACKFILL.c.id == NUMBER.correlate(None).scalar_subquery()))
    .where(_DAG.c.dag_id == bindparam("dag_id"))
)
_BY_NUMBER = select(_BACKFILL.c.dag_id, *_COLUMNS).where(_BACKFILL.c.id == bindparam("number"), IS_OURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The row of a group, and what it says; ``control`` is None where nothing holds for the group's runs."""

    id: int
    control: Control | None
    about: About = NOTHING


class NamedRecord(NamedTuple):
    """A record, and the group that it is of."""

    dag_id: str
    prefix: str
    record: Record


def record_of(dag_id: str, prefix: str, connection: Connection, *, lock: bool = False) -> Record | None:
    """Return the record of a group, None without one. With ``lock`` it stays as it is until the transaction ends."""
    row = connection.execute(_LOCKED if lock else _ONE, {"dag_id": dag_id, "group": prefix}).first()
    return None if row is None else _record(row)


def dag_with_record(dag_id: str, prefix: str, connection: Connection) -> tuple[Any, Record | None]:
    """Return the row of a DAG, None where there is none, with the record of one of its groups."""
    row = connection.execute(_DAG_WITH_ONE, {"dag_id": dag_id, "group": prefix}).first()
    return row, None if row is None or row.id is None else _record(row)


def record_of_row(number: int, connection: Connection) -> NamedRecord | None:
    """Return the record in a row of ``backfill``, None for a row that is not ours."""
    row = connection.execute(_BY_NUMBER, {"number": number}).first()
    return None if row is None else NamedRecord(row.dag_id, row.facts[KEY]["prefix"], _record(row))


def paused_groups(*, of_dag: bool, readable: bool) -> Select[Any]:
    """Return the query of the paused groups after the row ``start``, at most ``rows``, by their rows."""
    query = select(_BACKFILL.c.id, _BACKFILL.c.dag_id, PREFIX.label("prefix")).where(
        IS_OURS, _BACKFILL.c.is_paused, _BACKFILL.c.id > bindparam("start")
    )
    if of_dag:
        query = query.where(_BACKFILL.c.dag_id == bindparam("dag_id"))
    if readable:
        query = query.where(_BACKFILL.c.dag_id.in_(bindparam("readable", expanding=True)))
    return query.order_by(_BACKFILL.c.id).limit(bindparam("rows"))


def _record(row: Any) -> Record:
    facts = row.facts[KEY]
    about = _about(facts)
    if facts.get("controlled") is False:
        return Record(id=row.id, control=None, about=about)
    stopped = facts.get("stopped")
    control = Control(
        max_active_runs=row.max_active_runs,
        copied=bool(facts.get("copied")),
        paused=bool(row.is_paused),
        paused_at=_date(facts.get("paused_at")) if row.is_paused else None,
        paused_by=facts.get("paused_by") if row.is_paused else None,
        stop_after=StopAfter(**facts["stop_after"]) if "stop_after" in facts else None,
        stopped=Stopped(at=dt.datetime.fromisoformat(stopped["at"]), rule=StopAfter(**stopped["rule"]))
        if stopped and row.is_paused
        else None,
        counted_since=_date(facts.get("counted_since")),
    )
    return Record(id=row.id, control=control, about=about)


def _about(facts: Any) -> About:
    return About(
        description=facts.get("description"),
        labels=tuple(facts.get("labels", ())),
        subscription=_subscription(facts["notify"]) if "notify" in facts else None,
    )


def _subscription(facts: Any) -> Subscription:
    return Subscription(
        notify=Notify(**{key: facts.get(key) for key in TARGETS}, on=frozenset(map(GroupEvent, facts["on"]))),
        since=dt.datetime.fromisoformat(facts["since"]),
        sent={GroupEvent(event): dt.datetime.fromisoformat(at) for event, at in facts["sent"].items()},
    )


def records_of(dag_ids: Collection[str], connection: Connection) -> dict[tuple[str, str], Record]:
    """Return the records of the groups of these DAGs, by DAG and prefix."""
    rows = connection.execute(_OF_DAGS, {"dag_ids": sorted(dag_ids)}) if dag_ids else ()
    return {(row.dag_id, row.facts[KEY]["prefix"]): _record(row) for row in rows}


_OF_DAGS = (
    select(_BACKFILL.c.dag_id, *_COLUMNS)
    .where(_BACKFILL.c.dag_id.in_(bindparam("dag_ids", expanding=True)), IS_OURS)
    .order_by(_BACKFILL.c.id.desc())  # of two rows of a group the first one counts
)


def facts_of(control: Control | None, prefix: str, about: About) -> dict[str, Any]:
    """Return what is written into a row's ``dag_run_conf``."""
    said = {
        "prefix": prefix,
        "description": about.description,
        "labels": list(about.labels) or None,
        "notify": _facts_of_subscription(about.subscription),
    }
    if control is None:
        return {KEY: {name: value for name, value in {**said, "controlled": False}.items() if value is not None}}
    stopped = control.stopped
    facts = {
        **said,
        "copied": control.copied or None,
        "paused_at": _text(control.paused_at) if control.paused else None,
        "paused_by": control.paused_by if control.paused else None,
        "stop_after": control.stop_after and control.stop_after.as_keys,
        "stopped": stopped and {"at": _text(stopped.at), "rule": stopped.rule.as_keys},
        "counted_since": _text(control.counted_since),
    }
    return {KEY: {name: value for name, value in facts.items() if value is not None}}


def _facts_of_subscription(subscription: Subscription | None) -> dict[str, Any] | None:
    if subscription is None:
        return None
    sent = {event.value: _text(at) for event, at in subscription.sent.items()}
    return {**subscription.notify.as_keys, "since": _text(subscription.since), "sent": sent}


def _date(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def _text(date: dt.datetime | None) -> str | None:
    return None if date is None else date.astimezone(dt.timezone.utc).isoformat()


def count_unlinked(dag_id: str, prefix: str, record: Record, connection: Connection) -> int:
    """Return how many queued and running runs of the group are not linked to its row."""
    is_of_group, values = in_group(dag_id, prefix, connection, number=record.id)
    is_elsewhere = func.coalesce(_RUN.c.backfill_id, 0) != bindparam("number", type_=Integer)
    query = select(func.count()).select_from(_RUN).where(is_of_group, UNFINISHED, is_elsewhere)
    return connection.execute(query, {**values, "number": record.id}).scalar() or 0


def is_linked_elsewhere(number: Any) -> Any:
    """Return the condition that a run is linked to another record of ours than this one: another group has run it again."""
    other = _LINK.alias("other")
    records = select(_BACKFILL.c.id).where(IS_OURS, _BACKFILL.c.id != number)
    return select(other.c.id).where(other.c.dag_run_id == _RUN.c.id, other.c.backfill_id.in_(records)).exists()


def unfinished_runs(dag_id: str, prefix: str, connection: Connection) -> tuple[Select[Any], dict[str, Any]]:
    """Return the query of a group's queued and running runs, by their ids, and its values."""
    is_of_group, values = in_group(dag_id, prefix, connection)
    other = bindparam("record", value=values.get("record", 0), type_=Integer)
    query = (
        select(
            _RUN.c.id,
            _RUN.c.state,
            type_coerce(_RUN.c.logical_date, DATE).label("logical_date"),
            type_coerce(_RUN.c.run_after, DATE).label("run_after"),
            _RUN.c.backfill_id,
            _LINK.c.sort_ordinal,
            is_linked_elsewhere(other).label("is_elsewhere"),
        )
        .select_from(
            _RUN.outerjoin(_LINK, (_LINK.c.dag_run_id == _RUN.c.id) & (_LINK.c.backfill_id == _RUN.c.backfill_id))
        )
        .where(is_of_group, UNFINISHED)
        .order_by(_RUN.c.id)
    )
    return query, values
