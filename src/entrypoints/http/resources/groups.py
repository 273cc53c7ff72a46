"""The groups: listing, showing and acting on them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields

from falcon import Request, Response

from airflow_run_groups.domain import (
    MAX_DAG_ID_LENGTH,
    MAX_RUN_ID_LENGTH,
    Cancel,
    GroupAction,
    GroupChange,
    GroupFilter,
    GroupNotFound,
    GroupRunFilter,
    Groups,
    Note,
    Retry,
)
from airflow_run_groups.entrypoints.http.body import read_object
from airflow_run_groups.entrypoints.http.envelope import write, write_tagged
from airflow_run_groups.entrypoints.http.query import link_to_next, read_query
from airflow_run_groups.entrypoints.http.schemas.changes import ChangeGroupSchema, GroupChangeResultSchema
from airflow_run_groups.entrypoints.http.schemas.requests.group_actions import (
    CancelGroupSchema,
    NoteGroupSchema,
    RetryGroupSchema,
)
from airflow_run_groups.entrypoints.http.schemas.requests.groups import GroupFilterSchema, GroupRunFilterSchema
from airflow_run_groups.entrypoints.http.schemas.requests.request import NO_QUERY, RequestSchema
from airflow_run_groups.entrypoints.http.schemas.responses import (
    GroupActionResultSchema,
    GroupProgressSchema,
    GroupRunSchema,
    GroupSchema,
    dump_page,
)

PASSES_BY_ITSELF = frozenset({"oldest_queued_seconds", "runs_per_minute", "expected_end"})
"""The keys that change as time goes by, and not only when something has happened: an ``ETag`` leaves them out."""


class GroupsResource:
    """``/groups``."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._filter = GroupFilterSchema()
        self._group = GroupSchema()
        self._progress = GroupProgressSchema()

    def on_get(self, req: Request, resp: Response) -> None:
        """List groups, a page at a time, the newest first; the Link header leads to the next page."""
        query = read_query(req)
        filters = self._filter.load(query)
        req.context.dag_id = filters.get("dag_id")
        if filters.pop("control", None) is None:
            page = self._groups.list(GroupFilter(**filters), req.context.caller)
            groups, next_start = dump_page(self._group, page.groups), page.next_start
        else:
            paused = self._groups.paused(req.context.caller, **filters)
            groups, next_start = self._progress.dump(paused.groups, many=True), paused.next_start
        link_to_next(resp, query, next_start)
        lasting = {"groups": [_lasting(group) for group in groups], "next_start": next_start}
        write_tagged(req, resp, {"groups": groups, "next_start": next_start}, lasting=lasting)

    on_head = on_get


class GroupResource:
    """``/groups/{dag_id}/{prefix}``."""

    has_dry_run = True

    def __init__(self, groups: Groups, default_timezone: dt.tzinfo) -> None:
        self._groups = groups
        self._progress = GroupProgressSchema()
        self._change = ChangeGroupSchema(default_timezone)
        self._changed = GroupChangeResultSchema()

    def on_get(self, req: Request, resp: Response, dag_id: str, prefix: str) -> None:
        """Show how far a group is, or that nothing has happened since the caller's last request."""
        NO_QUERY.load(read_query(req))
        _require_possible(req, dag_id, prefix)
        shown = self._progress.dump(self._groups.get(dag_id, prefix, req.context.caller))
        write_tagged(req, resp, {"group": shown}, lasting=_lasting(shown))

    on_head = on_get

    def on_patch(self, req: Request, resp: Response, dag_id: str, prefix: str) -> None:
        """Change whether, how many at once, when and in which order the group's runs start."""
        NO_QUERY.load(read_query(req))
        wishes = self._change.load(read_object(req))
        change = GroupChange(dag_id=dag_id, prefix=prefix, **wishes)
        _require_possible(req, dag_id, prefix)
        write(resp, self._changed.dump(self._groups.change(change, req.context.caller)))


class GroupRunsResource:
    """``/groups/{dag_id}/{prefix}/runs``."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._filter = GroupRunFilterSchema()
        self._run = GroupRunSchema(exclude=["conf"])
        self._run_with_conf = GroupRunSchema()

    def on_get(self, req: Request, resp: Response, dag_id: str, prefix: str) -> None:
        """List the runs of a group, a page at a time; the Link header leads to the next page."""
        query = read_query(req)
        where = GroupRunFilter(**self._filter.load(query))
        _require_possible(req, dag_id, prefix)
        page = self._groups.runs(dag_id, prefix, where, req.context.caller)
        run = self._run_with_conf if where.conf else self._run
        payload = {"dag_runs": dump_page(run, page.runs), "next_start": page.next_start}
        link_to_next(resp, query, page.next_start)
        write_tagged(req, resp, payload, lasting=payload)

    on_head = on_get


class GroupActionResource:
    """``/groups/{dag_id}/{prefix}/…``: what is done to a group. A body is optional where no key of it is required."""

    has_dry_run = True

    def __init__(self, groups: Groups, body: RequestSchema, action: type[Cancel | Retry | Note]) -> None:
        self._groups = groups
        self._body = body
        self._action = action
        self._of_action = frozenset(field.name for field in fields(action))
        self._result = GroupActionResultSchema()

    def on_post(self, req: Request, resp: Response, dag_id: str, prefix: str) -> None:
        NO_QUERY.load(read_query(req))
        arguments = self._body.load(read_object(req, optional=True))
        _require_possible(req, dag_id, prefix)
        action = self._action(**{key: arguments.pop(key) for key in self._of_action & arguments.keys()})
        group_action = GroupAction(dag_id=dag_id, prefix=prefix, action=action, **arguments)
        req.context.group_action_result = result = self._groups.apply(group_action, req.context.caller)
        write(resp, self._result.dump(result))


def action_routes(groups: Groups, default_timezone: dt.tzinfo) -> dict[str, GroupActionResource]:
    """Return the resources by what follows a group's path."""
    return {
        "cancel": GroupActionResource(groups, CancelGroupSchema(default_timezone), Cancel),
        "retry": GroupActionResource(groups, RetryGroupSchema(default_timezone), Retry),
        "note": GroupActionResource(groups, NoteGroupSchema(default_timezone), Note),
    }


def _lasting(group: Mapping[str, object]) -> Mapping[str, object]:
    return {key: value for key, value in group.items() if key not in PASSES_BY_ITSELF}


def _require_possible(req: Request, dag_id: str, prefix: str) -> None:
    """Refuse what no run and no DAG is called, before an auth manager or the log meets it, or a database driver fails on it."""
    if not 1 <= len(dag_id) <= MAX_DAG_ID_LENGTH or len(prefix) > MAX_RUN_ID_LENGTH or "\0" in dag_id + prefix:
        raise GroupNotFound
    req.context.dag_id = dag_id
