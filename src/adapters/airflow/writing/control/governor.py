"""Writing what Airflow's scheduler obeys for the runs of a group: one row in ``backfill``, and its links to the runs.

Locks come in one order: the DAG, then runs by their ids, then the row. The scheduler, too, locks runs before the row, and passes
over what is locked (SchedulerJobRunner._start_queued_dagruns, 3.1 to 3.3).
"""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dagrun import DagRun
from sqlalchemy import (
    JSON,
    Integer,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.configuration import max_active_runs_per_dag
from airflow_run_groups.adapters.airflow.queries.groups.controls import (
    UNFINISHED,
    Record,
    facts_of,
    is_linked_elsewhere,
    record_of,
    unfinished_runs,
)
from airflow_run_groups.adapters.airflow.queries.groups.membership import (
    IS_OURS,
    PREFIX,
    in_group,
)
from airflow_run_groups.adapters.airflow.writing.audit import entry
from airflow_run_groups.adapters.airflow.writing.control.records import (
    LINK_COLUMNS,
    delete_record,
    insert_record,
    links_of,
    release_record,
    unlink_own_runs,
)
from airflow_run_groups.adapters.airflow.writing.control.stops import outcomes_for, stop_if_due
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.about import NOTHING, About
from airflow_run_groups.domain.control.change import (
    KEEP,
    ChangedGroup,
    GroupChange,
    changed_control,
    rule_after,
    run_again_by_others,
)
from airflow_run_groups.domain.control.control import Control
from airflow_run_groups.domain.control.notification import Notify
from airflow_run_groups.domain.control.pace import Order, Pace
from airflow_run_groups.domain.control.stop_after import StopAfter
from airflow_run_groups.domain.control.turns import QueuedRun, Turn, turns
from airflow_run_groups.domain.errors import GroupNotFound
from airflow_run_groups.domain.model import DagRunState, in_utc
from airflow_run_groups.domain.planning.runs import CreatedRuns
from airflow_run_groups.domain.run_id import GroupRunId

_BACKFILL = Backfill.__table__
_LINK = BackfillDagRun.__table__
_RUN = DagRun.__table__
_SWEPT = 20
"""Rows without runs that one write looks at."""


class _Group(NamedTuple):
    dag_id: str
    prefix: str


def change_group(
    change: GroupChange, session: Session, *, max_active_runs_of_dag: int, now: dt.datetime
) -> ChangedGroup:
    """Make the change as part of the session's transaction, with an entry in the audit log if it changes anything.

    :raises GroupNotFound: when there is no such group.
    """
    group = _Group(change.dag_id, change.prefix)
    runs = _lock_runs(group, session) if not change.dry_run else _runs(group, session)
    if not runs and not _has_run(group, session):
        raise GroupNotFound(*group)
    record = record_of(*group, session.connection(), lock=not change.dry_run)
    before = None if record is None else record.control
    after = changed_control(
        before,
        change,
        max_active_runs_of_dag=max_active_runs_of_dag,
        now=now,
        outcomes=outcomes_for(*group, record, rule_after(before, change), session.connection()),
    )
    foreign = _held_by_airflow(runs, record, session)
    elsewhere = {run.id for run in runs if run.is_elsewhere}
    own = [run for run in runs if run.id not in foreign | elsewhere]
    queue = {run.id: _queued(run) for run in own if run.state == DagRunState.QUEUED.value}
    moved = [turn for turn in turns(queue.values(), change, now=now) if turn.run_after != queue[turn.id].run_after]
    is_linked = {run.id: before is not None and record is not None and run.backfill_id == record.id for run in own}
    relinked = {number for number, linked in is_linked.items() if linked is (after is None)}
    changed_runs = len(relinked.union(turn.id for turn in moved))
    warnings = []
    if after is not None:
        warnings += [_about(foreign)] if foreign else []
        warnings += [run_again_by_others(len(elsewhere))] if elsewhere else []
    if not change.dry_run:
        _move(moved, session)
        if record is not None and moved:
            _relink_queued(group, record.id, session)
        said = NOTHING if record is None else record.about
        about = said.after(change, now=now)
        _write(group, record, after, session, now=now, about=about)
        sweep(change.dag_id, session)
        if before != after or changed_runs or said != about:
            session.add(_audit(change, changed_runs))
    return ChangedGroup(control=after, changed_runs=changed_runs, warnings=tuple(warnings))


def join(dag_id: str, prefix: str, control: Control | None, session: Session) -> None:
    """Put a group under this control, with all of its queued and running runs; nothing happens without one."""
    if control is None:
        return
    group = _Group(dag_id, prefix)
    _lock_runs(group, session)
    _write(group, record_of(*group, session.connection(), lock=True), control, session, now=utc_now())
    stop_if_due(dag_id, prefix, session, now=utc_now())
    sweep(dag_id, session)


def describe(created: CreatedRuns, session: Session) -> None:
    """Write into a group's record what a creation says of it; None leaves what was said before. It changes no control."""
    if created.description is None and created.labels is None and created.notify is None:
        return
    group, now = _Group(created.dag_id, created.prefix), utc_now()
    record = record_of(*group, session.connection(), lock=True)
    said = NOTHING if record is None else record.about
    control = None if record is None else record.control
    _write(group, record, control, session, now=now, about=said.with_more(created, now=now))
    sweep(created.dag_id, session)


def adopt(created: CreatedRuns, session: Session) -> None:
    """Link runs that the group has run again to its record, which it gets where it has none, and to no other of ours.

    Those that have its ids need no link for that. A group that is under no control has none over the others either: Airflow
    counts them with the DAG's own. Its own backfill links runs in the same way, and leaves older links
    (airflow.models.backfill._handle_clear_run, 3.0 to 3.4).
    """
    group = _Group(created.dag_id, created.prefix)
    numbers = [one.existing.id for one in created.reruns]
    session.execute(delete(_LINK).where(_LINK.c.dag_run_id.in_(numbers)))
    session.execute(update(_RUN).where(_RUN.c.id.in_(numbers)).values(backfill_id=null()))
    of_others = [one.existing.id for one in created.reruns if not _has_id_of(one.run_id, group.prefix)]
    if of_others:
        connection = session.connection()
        record = record_of(*group, connection) or insert_record(*group, None, NOTHING, session, now=utc_now())
        session.execute(insert(_LINK).from_select(LINK_COLUMNS, links_of(record.id, _RUN.c.id.in_(of_others))))


def _has_id_of(run_id: str, prefix: str) -> bool:
    parsed = GroupRunId.parse(run_id)
    return parsed is not None and parsed.prefix == prefix


def rejoin(dag_id: str, prefix: str, session: Session) -> None:
    """Put runs that are to run again under the control of their group, if it has one."""
    record = record_of(dag_id, prefix, session.connection())
    if record is not None:
        join(dag_id, prefix, record.control, session)


def resume_if_nothing_is_queued(dag_id: str, prefix: str, session: Session, *, now: dt.datetime) -> None:
    """End the pause of a group of which no run is queued, so that it does not hold runs that are cleared later."""
    group = _Group(dag_id, prefix)
    record = record_of(*group, session.connection())
    if record is None or record.control is None or not record.control.paused:
        return
    if any(run.state == DagRunState.QUEUED.value for run in _lock_runs(group, session)):
        return
    record = record_of(*group, session.connection(), lock=True)
    if record is None or record.control is None:
        return
    change = GroupChange(dag_id=dag_id, prefix=prefix, paused=False)
    _write(group, record, changed_control(record.control, change, max_active_runs_of_dag=1, now=now), session, now=now)


def sweep(dag_id: str, session: Session) -> None:
    """Delete rows of groups of the DAG that have no run any more: nobody else does when runs are deleted."""
    has_run = select(_RUN.c.id).where(_RUN.c.dag_id == dag_id, _RUN.c.backfill_id == _BACKFILL.c.id).exists()
    rows = select(_BACKFILL.c.id, PREFIX).where(_BACKFILL.c.dag_id == dag_id, IS_OURS, ~has_run)
    # a row that says something alone links no run: chance looks at all of them in time
    for number, prefix in session.execute(rows.order_by(func.random()).limit(_SWEPT)).all():
        if not _has_run(_Group(dag_id, prefix), session):
            delete_record(dag_id, number, session)


def _write(  # noqa: PLR0913 - a group, its record, and what it is to say
    group: _Group,
    record: Record | None,
    after: Control | None,
    session: Session,
    *,
    now: dt.datetime,
    about: About | None = None,
) -> None:
    """Let the group's record say this; without ``about`` what is said of the group stays as it is.

    A record that controls nothing links only runs that the group has run again, and Airflow's scheduler looks at none of them.
    """
    said = NOTHING if record is None else record.about
    about = said if about is None else about
    if after is None and not about:
        if record is not None and (record.control is not None or said):
            release_record(*group, record.id, session)
        return
    values = {
        "dag_run_conf": facts_of(after, group.prefix, about),
        "is_paused": after is not None and after.paused,
        "max_active_runs": max_active_runs_per_dag() if after is None else after.max_active_runs,
    }
    if record is None:
        record = insert_record(*group, after, about, session, now=now)
    elif record.control != after or said != about:
        if after is None and record.control is not None:
            unlink_own_runs(*group, record.id, session)
        session.execute(update(_BACKFILL).where(_BACKFILL.c.id == record.id).values(**values))
    if after is not None:
        _link(group, record.id, session)
    _span(group, record.id, session)


def _link(group: _Group, number: int, session: Session) -> None:
    """Link the queued and running runs that are not linked yet, behind those that are, in the order in which they may start."""
    is_unfinished = _is_in(group, session) & UNFINISHED
    is_free = (_RUN.c.backfill_id.is_(None) | _RUN.c.backfill_id.in_(_ENDED)) & ~is_linked_elsewhere(number)
    was_linked = is_unfinished & (_RUN.c.backfill_id != number) & is_free
    former = session.scalars(select(_RUN.c.backfill_id).where(was_linked).distinct()).all()
    if former:
        runs = select(_RUN.c.id).where(was_linked)
        session.execute(delete(_LINK).where(_LINK.c.backfill_id.in_(former), _LINK.c.dag_run_id.in_(runs)))
    is_elsewhere = func.coalesce(_RUN.c.backfill_id, 0) != number
    session.execute(update(_RUN).where(is_unfinished, is_elsewhere, is_free).values(backfill_id=number))
    links = links_of(number, is_unfinished & (_RUN.c.backfill_id == number))
    session.execute(insert(_LINK).from_select(LINK_COLUMNS, links))


def _span(group: _Group, number: int, session: Session) -> None:
    """Give the row the range of the group's dates, as Airflow's list of backfills shows it."""
    dates = func.coalesce(_RUN.c.logical_date, _RUN.c.run_after)
    first, latest = session.execute(select(func.min(dates), func.max(dates)).where(_is_in(group, session))).one()
    if first is not None:
        session.execute(update(_BACKFILL).where(_BACKFILL.c.id == number).values(from_date=first, to_date=latest))


_ENDED = select(_BACKFILL.c.id).where(_BACKFILL.c.completed_at.is_not(None))


def _relink_queued(group: _Group, number: int, session: Session) -> None:
    """Link queued runs anew, in another order."""
    is_queued = _is_in(group, session) & (_RUN.c.state == DagRunState.QUEUED.value)
    numbers = session.scalars(select(_RUN.c.id).where(is_queued, _RUN.c.backfill_id == number)).all()
    session.execute(delete(_LINK).where(_LINK.c.backfill_id == number, _LINK.c.dag_run_id.in_(numbers)))
    session.execute(insert(_LINK).from_select(LINK_COLUMNS, links_of(number, _RUN.c.id.in_(numbers))))


def _move(moved: Sequence[Turn], session: Session) -> None:
    """Let queued runs start at other times, with one statement."""
    if not moved:
        return
    if session.get_bind().dialect.name != "postgresql":
        number: Any = bindparam("number")
        time = bindparam("time", type_=_RUN.c.run_after.type)
        session.connection().execute(
            update(_RUN).where(_RUN.c.id == number).values(run_after=time),
            [{"number": turn.id, "time": turn.run_after} for turn in moved],
        )
        return
    records = json.dumps([{"id": turn.id, "run_after": turn.run_after.isoformat()} for turn in moved])
    columns: Any = (column("id", Integer), column("run_after", Text))
    times = func.json_to_recordset(cast(literal(records), JSON)).table_valued(*columns).render_derived(with_types=True)
    session.execute(
        update(_RUN).where(_RUN.c.id == times.c.id).values(run_after=cast(times.c.run_after, _RUN.c.run_after.type))
    )


def _runs(group: _Group, session: Session) -> Sequence[Any]:
    query, values = unfinished_runs(*group, session.connection())
    return session.execute(query, values).all()


def _lock_runs(group: _Group, session: Session) -> Sequence[Any]:
    """Return the group's queued and running runs, whose state stays as it is from now on."""
    query, values = unfinished_runs(*group, session.connection())
    return session.execute(query.with_for_update(of=_RUN), values).all()


def _queued(run: Any) -> QueuedRun:
    return QueuedRun(run.id, run.logical_date, run.run_after, run.sort_ordinal)


def _held_by_airflow(runs: Sequence[Any], record: Record | None, session: Session) -> frozenset[int]:
    """Return the runs that an unfinished backfill of Airflow's own has: it is to end them, and to know their number."""
    others = {run.backfill_id for run in runs} - {None, None if record is None else record.id}
    if not others:
        return frozenset()
    active = set(
        session.scalars(select(_BACKFILL.c.id).where(_BACKFILL.c.id.in_(others), _BACKFILL.c.completed_at.is_(None)))
    )
    return frozenset(run.id for run in runs if run.backfill_id in active)


def _about(foreign: frozenset[int]) -> str:
    noun, verb = ("run", "is") if len(foreign) == 1 else ("runs", "are")
    return f"{len(foreign)} {noun} of the group {verb} held by an unfinished backfill of Airflow's own, and not changed"


def _has_run(group: _Group, session: Session) -> bool:
    return session.execute(select(_RUN.c.id).where(_is_in(group, session)).limit(1)).first() is not None


def _is_in(group: _Group, session: Session) -> Any:
    """Return the condition that a run is in the group, with its values."""
    is_of_group, values = in_group(*group, session.connection())
    return _RUN.c.id.in_(select(_RUN.c.id).where(is_of_group).correlate(None).params(values))


def _audit(change: GroupChange, changed_runs: int) -> Any:
    about = {
        "paused": change.paused,
        "max_active_runs": change.max_active_runs,
        "stop_after": str(change.stop_after) if isinstance(change.stop_after, StopAfter) else None,
        "pace": f"{change.pace.runs}/{change.pace.interval}" if isinstance(change.pace, Pace) else None,
        "not_before": in_utc(change.not_before) if isinstance(change.not_before, dt.datetime) else None,
        "order": change.order.value if isinstance(change.order, Order) else None,
        "description": change.description,
        "labels": list(change.labels) if isinstance(change.labels, tuple) else None,
        "notify": str(change.notify) if isinstance(change.notify, Notify) else None,
    }
    told: dict[str, Any] = {name: value for name, value in about.items() if getattr(change, name) is not KEEP}
    return entry(
        "patch_dag_run",
        dag_id=change.dag_id,
        caller=change.requested_by,
        display_name=change.display_name,
        prefix=change.prefix,
        dag_runs=changed_runs,
        **told,
    )
