"""Groups on a page of a list that have run again runs of other ids: what their own ids say is not all of them."""

from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from airflow_run_groups.adapters.airflow.queries.groups.membership import run_again
from airflow_run_groups.adapters.airflow.queries.groups.progress import one_group
from airflow_run_groups.adapters.airflow.repositories.group_search import group_of_row
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.domain.groups.group import Group, GroupPage, page_of
from airflow_run_groups.domain.groups.search import GroupFilter
from airflow_run_groups.domain.run_id import has_address

MOST = 100
"""The most of them that one page looks at, those that were recorded last."""


def with_run_again(page: GroupPage, where: GroupFilter, connection: Connection) -> GroupPage:
    """Return the page with each of these groups as a whole, in its place among the others."""
    names = connection.execute(run_again(of_dag=where.dag_id is not None), _values(where)).all()
    wholes = [
        _whole(row, connection) for row in names if has_address(row.prefix) and where.may_be(row.dag_id, row.prefix)
    ]
    if not wholes:
        return page
    known = {(group.dag_id, group.prefix) for group in wholes}
    there = [group for group in page.groups if (group.dag_id, group.prefix) not in known]
    there += [group for group in wholes if _is_on(page, group, where)]
    merged = page_of(sorted(there, key=lambda group: (-group.last_id, group.prefix)), limit=where.limit)
    return merged if merged.next_start is not None else replace(merged, next_start=page.next_start)


def _is_on(page: GroupPage, group: Group, where: GroupFilter) -> bool:
    is_before = page.next_start is None or group.last_id >= page.next_start
    return is_before and where.passes(group) and (where.start is None or group.last_id < where.start)


def _whole(row: Any, connection: Connection) -> Group:
    query, values = one_group(row.dag_id, row.prefix, since=utc_now(), number=row.id, connection=connection)
    counts = connection.execute(query, values).one()
    return group_of_row(row.dag_id, row.prefix, counts, connection)


def _values(where: GroupFilter) -> dict[str, Any]:
    return {"rows": MOST} if where.dag_id is None else {"rows": MOST, "dag_id": where.dag_id}
