"""Searching for groups, at a cost that does not grow with the table: a page may end before it is full.

Three ways lead to groups: runs that have not ended have indexes of their own; run ids are in an index, in which each group of a
DAG is a few steps from the next; and all others are in the newest runs, of which one page looks at so many.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

from airflow_run_groups.adapters.airflow.queries.groups.controls import Record, records_of
from airflow_run_groups.adapters.airflow.queries.groups.search import (
    WALK,
    GroupName,
    creators_and_notes,
    newest_runs,
    some_groups,
    unfinished_groups,
)
from airflow_run_groups.adapters.airflow.queries.prefixes import is_ordered_by_code_points
from airflow_run_groups.domain.groups.group import Group, GroupPage, StateCounts
from airflow_run_groups.domain.groups.search import GroupFilter, GroupState
from airflow_run_groups.domain.run_id import has_address

FIRST_WINDOW = 1_000
"""Newest runs of a DAG that are looked at before its run ids are."""
WINDOWS = (5_000,) * 4
"""Newest runs that are looked at one after the other, for one page."""
STEPS = 1_000
"""Steps in the index of a DAG's run ids."""
BATCHES = 4
"""How many times as many groups as a page has are counted for it at most, where only some of them pass."""
_ALL = 2**63 - 1


class _Candidate(NamedTuple):
    """A group that may be on the page; none of its runs has an id above ``newest`` and below where the page starts."""

    name: GroupName
    newest: int


class _Part(NamedTuple):
    """Groups from the newest on. ``rest``: the others are those whose newest run is below it; None where there are none."""

    candidates: Sequence[_Candidate]
    rest: int | None


def search(where: GroupFilter, connection: Connection) -> GroupPage:
    """Return a page of the groups that pass."""
    if where.state is GroupState.ACTIVE:
        return _page(_passing(_unfinished(where, connection), where, connection), where, rest=None)
    found: list[Group] = []
    seen: set[GroupName] = set()
    rest: int | None = None
    for part in _parts(where, connection):
        candidates = [one for one in part.candidates if one.name not in seen]
        rest = part.rest
        for first in range(0, len(candidates), where.limit + 1):
            batch = candidates[first : first + where.limit + 1]
            seen.update(one.name for one in batch)
            found += _passing([one.name for one in batch], where, connection)
            rest = batch[-1].newest if batch[-1] is not candidates[-1] else part.rest
            if len(found) > where.limit or (rest is not None and len(seen) >= BATCHES * where.limit):
                return _page(found, where, rest)
    return _page(found, where, rest)


def with_records(page: GroupPage, connection: Connection) -> GroupPage:
    """Return the page with what the records of its groups say, which one statement reads."""
    records = records_of({group.dag_id for group in page.groups}, connection)
    found = ((group, records.get((group.dag_id, group.prefix))) for group in page.groups)
    return replace(
        page, groups=tuple(group if record is None else with_record(group, record) for group, record in found)
    )


def with_record(group: Group, record: Record) -> Group:
    """Return the group with what its record says."""
    said = record.about
    return replace(group, description=said.description, labels=said.labels, control=record.control)


def group_of_row(dag_id: str, prefix: str, row: Any, connection: Connection) -> Group:
    """Return the group whose runs a row counts, without what its record says."""
    return _group(GroupName(dag_id, prefix), row, _details([row], connection))


def _page(found: Sequence[Group], where: GroupFilter, rest: int | None) -> GroupPage:
    page = tuple(sorted(found, key=lambda group: -group.last_id)[: where.limit])
    return GroupPage(groups=page, next_start=page[-1].last_id if len(found) > where.limit else rest)


def _passing(names: Collection[GroupName], where: GroupFilter, connection: Connection) -> Sequence[Group]:
    if not names:
        return ()
    rows = connection.execute(some_groups(names, connection)).all()
    named = {GroupName(row.dag_id, row.start[:-1]): row for row in rows}
    before = [name for name in names if name in named and (where.start is None or named[name].last_id < where.start)]
    details = _details([named[name] for name in before], connection)
    groups = [_group(name, named[name], details) for name in before]
    return [group for group in groups if where.passes(group)]


def _unfinished(where: GroupFilter, connection: Connection) -> Collection[GroupName]:
    query = unfinished_groups(of_dag=where.dag_id is not None)
    return {name for row in connection.execute(query, _of_dag(where)) if (name := _name(row, where)) is not None}


def _parts(where: GroupFilter, connection: Connection) -> Iterator[_Part]:
    """Yield parts that follow on each other, each read when it is its turn."""
    below = _ALL if where.start is None else where.start
    if where.dag_id is not None:
        first = _window(where, connection, below=below, rows=FIRST_WINDOW)
        yield first
        if first.rest is None:
            return
        below = first.rest
        if is_ordered_by_code_points(connection):
            walked = _walk(where, connection, below=below)
            if walked is not None:
                yield walked
                return
    for rows in WINDOWS:
        part = _window(where, connection, below=below, rows=rows)
        yield part
        if part.rest is None:
            return
        below = part.rest


def _window(where: GroupFilter, connection: Connection, *, below: int, rows: int) -> _Part:
    values = {**_of_dag(where), "below": below, "rows": rows}
    *groups, whole = connection.execute(newest_runs(of_dag=where.dag_id is not None), values).all()
    rest = whole.newest if whole.runs == rows else None
    return _Part(_candidates(groups, where), rest)


def _walk(where: GroupFilter, connection: Connection, *, below: int) -> _Part | None:
    """Return all groups of the DAG whose newest run is below, None when there is too much between them."""
    rows = connection.execute(WALK, {"dag_id": where.dag_id, "steps": STEPS}).all()
    if all(row.run_id is not None for row in rows):
        return None
    groups = [row for row in rows if row.start is not None and row.newest < below]
    return _Part(_candidates(groups, where), None)


def _candidates(rows: Iterable[Any], where: GroupFilter) -> Sequence[_Candidate]:
    """Return what may pass, the newest first."""
    found = [_Candidate(name, row.newest) for row in rows if (name := _name(row, where)) is not None]
    return sorted(found, key=lambda one: -one.newest)


def _name(row: Any, where: GroupFilter) -> GroupName | None:
    """Return the group of a row, None where no requested page shows it."""
    dag_id = row.dag_id if where.dag_id is None else where.dag_id
    prefix = row.start[:-1]
    return GroupName(dag_id, prefix) if has_address(prefix) and where.may_be(dag_id, prefix) else None


def _of_dag(where: GroupFilter) -> dict[str, Any]:
    return {} if where.dag_id is None else {"dag_id": where.dag_id}


def _details(rows: Sequence[Any], connection: Connection) -> Mapping[int, Any]:
    """Return the creator of the first of the runs that each row counts, and the note on the last, by their ids."""
    numbers = {number for row in rows for number in (row.first_id, row.last_id)}
    return {row.id: row for row in connection.execute(creators_and_notes(numbers))} if numbers else {}


def _group(name: GroupName, row: Any, details: Mapping[int, Any]) -> Group:
    first, last = details.get(row.first_id), details.get(row.last_id)  # None when it was deleted meanwhile
    return Group(
        dag_id=name.dag_id,
        prefix=name.prefix,
        runs=row.runs,
        states=StateCounts(queued=row.queued, running=row.running, success=row.success, failed=row.failed),
        first_logical_date=row.first_logical_date,
        last_logical_date=row.last_logical_date,
        last_id=row.last_id,
        cancelled=row.cancelled,
        created_at=row.created_at,
        created_by=None if first is None else first.creator,
        note=None if last is None else last.note,
    )
