"""The endpoints of groups. HEAD answers as GET does; Falcon leaves the body out."""

from __future__ import annotations

from dataclasses import fields
from hashlib import sha256

import falcon
import orjson
from falcon import Request, Response

from airflow_api_plugin.domain import Annotate, Cancel, GroupNotFound, Groups, Retry, Steering
from airflow_api_plugin.entrypoints.http.answers import GroupAnswer, GroupProgressAnswer, SteeredAnswer, write
from airflow_api_plugin.entrypoints.http.body import read_object
from airflow_api_plugin.entrypoints.http.query import link_to_next, read_query
from airflow_api_plugin.entrypoints.http.requests import (
    CancelBody,
    GroupsQuery,
    NoQuery,
    NoteBody,
    RequestSchema,
    RetryBody,
)

_NO_QUERY = NoQuery()
PASSES_BY_ITSELF = frozenset({"oldest_queued_seconds", "expected_end"})
"""The keys that change as time goes by, and not only when something has happened: a tag leaves them out."""


class GroupsResource:
    """``/groups``."""

    def __init__(self, groups: Groups) -> None:
        """List these groups."""
        self._groups = groups
        self._query = GroupsQuery()
        self._answer = GroupAnswer()

    def on_get(self, req: Request, resp: Response) -> None:
        """List the groups of a DAG, a page at a time, the newest first; the Link header leads to the next page."""
        query = read_query(req)
        req.context.dag_id = query.get("dag_id")
        page = self._groups.list(caller=req.context.caller, **self._query.load(query))
        write(resp, {"groups": self._answer.dump(page.groups, many=True), "next_start": page.next_start})
        link_to_next(resp, query, page.next_start)

    on_head = on_get


class GroupResource:
    """``/groups/{dag_id}/{prefix}``."""

    def __init__(self, groups: Groups) -> None:
        """Show these groups."""
        self._groups = groups
        self._answer = GroupProgressAnswer()

    def on_get(self, req: Request, resp: Response, dag_id: str, prefix: str) -> None:
        """Show how far a group is, or that nothing has happened since the caller last asked."""
        _NO_QUERY.load(read_query(req))
        _require_possible(req, dag_id, prefix)
        shown = self._answer.dump(self._groups.get(dag_id, prefix, req.context.caller))
        lasting = {key: value for key, value in shown.items() if key not in PASSES_BY_ITSELF}
        tag = falcon.ETag(sha256(orjson.dumps(lasting)).hexdigest()[:32])
        resp.etag = tag
        if any(known in ("*", tag) for known in req.if_none_match or ()):
            resp.status = falcon.HTTP_304
            return
        write(resp, {"group": shown})

    on_head = on_get


class SteerResource:
    """``/groups/{dag_id}/{prefix}/…``: what is done to a group. A body is optional where no key of it is required."""

    def __init__(self, groups: Groups, body: RequestSchema, act: type[Cancel | Retry | Annotate]) -> None:
        """Do this to these groups."""
        self._groups = groups
        self._body = body
        self._act = act
        self._of_act = frozenset(body.fields) - frozenset(field.name for field in fields(Steering))
        self._answer = SteeredAnswer()

    def on_post(self, req: Request, resp: Response, dag_id: str, prefix: str) -> None:
        """Do it."""
        _NO_QUERY.load(read_query(req))
        asked = self._body.load(read_object(req, optional=True))
        _require_possible(req, dag_id, prefix)
        act = self._act(**{key: asked.pop(key) for key in self._of_act & asked.keys()})
        order = Steering(dag_id=dag_id, prefix=prefix, act=act, **asked)
        req.context.steered = steered = self._groups.steer(order, req.context.caller)
        write(resp, self._answer.dump(steered))


def steer_routes(groups: Groups) -> dict[str, SteerResource]:
    """Return the resources by what follows a group's path."""
    return {
        "cancel": SteerResource(groups, CancelBody(), Cancel),
        "retry": SteerResource(groups, RetryBody(), Retry),
        "note": SteerResource(groups, NoteBody(), Annotate),
    }


def _require_possible(req: Request, dag_id: str, prefix: str) -> None:
    """Refuse what no run and no DAG is called, and on which a database driver would fail."""
    if not dag_id or "\0" in dag_id + prefix:
        raise GroupNotFound
    req.context.dag_id = dag_id
