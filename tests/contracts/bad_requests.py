"""Requests that get a clear refusal and change nothing, whichever backend serves them.

They speak of two DAGs, without params: ``example_daily``, every midnight UTC from 2020-01-01 on, whose
``max_active_runs`` plays no part, and ``example_unscheduled``, without a schedule. Neither is paused, stale or broken.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

_RUNS = "/api/v1/dag_runs"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_DIGESTS = "-0123456789abcdef0123456789abcdef" * 4
_MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


@dataclass(frozen=True, kw_only=True)
class BadRequest:
    """One of them: what is sent, and which status and which words come back."""

    method: str
    target: str
    """Path and query, percent-encoded as they go over the wire."""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    status: int
    says: tuple[str, ...]

    def __str__(self) -> str:
        """Name the row in a test's report."""
        body = self.body[:60].decode("ascii", "backslashreplace")
        return f"{self.method} {self.target[:60]} {body}".strip()


def _get(target: str, status: int, *says: str) -> BadRequest:
    return BadRequest(method="GET", target=target, status=status, says=says)


def _list(query: str, *says: str, status: int = 400) -> BadRequest:
    return _get(f"{_RUNS}?{query}", status, *says)


def _method(method: str, target: str, allowed: str) -> BadRequest:
    return BadRequest(method=method, target=target, status=405, says=(f"{method} is not allowed", allowed))


def _body(body: str | bytes, *says: str, headers: dict[str, str] | None = None, status: int = 400) -> BadRequest:
    data = body.encode() if isinstance(body, str) else body
    return BadRequest(method="POST", target=_RUNS, body=data, headers=headers or {}, status=status, says=says)


def _not_an_object(body: str | bytes, *says: str, headers: dict[str, str] | None = None) -> BadRequest:
    return _body(body, "the body must be one raw JSON object", *says, headers=headers)


def _create(*says: str, status: int = 400, **keys: object) -> BadRequest:
    return _body(json.dumps({"dag_id": "example_daily", **keys}), *says, status=status)


_LIST = (
    _list("limit=0", "limit must be an integer from 1 to 100, not '0'"),
    _list("limit=101", "limit must be an integer from 1 to 100"),
    _list("limit=-1", "limit must be an integer from 1 to 100"),
    _list("limit=", "limit must be an integer from 1 to 100, not ''"),
    _list("limit=many", "limit must be an integer from 1 to 100"),
    _list("limit=1.5", "limit must be an integer from 1 to 100"),
    _list("limit=1e1", "limit must be an integer from 1 to 100"),
    _list("limit=%2B10", "limit must be an integer from 1 to 100"),
    _list("limit=+10", "limit must be an integer from 1 to 100"),
    _list("limit=%2010", "limit must be an integer from 1 to 100"),
    _list("limit=1_0", "limit must be an integer from 1 to 100"),
    _list("limit=0x10", "limit must be an integer from 1 to 100"),
    _list("limit=%EF%BC%91", "limit must be an integer from 1 to 100"),
    _list("limit=true", "limit must be an integer from 1 to 100"),
    _list("limit=" + "9" * 1500, "limit must be an integer from 1 to 100"),
    _list("limit=10&limit=20", "query parameter 'limit' is repeated"),
    _list("start=", "start must be the numeric id of a run"),
    _list("start=9223372036854775808", "start must be the numeric id of a run, 0 to 9223372036854775807"),
    _list("start=" + "9" * 251, "start must be the numeric id of a run"),
    _list("start=" + "a" * 251, "a run id of 1 to 250 characters"),
    _list("start=no_such_run", "Dag run id not found", status=404),
    _list("start=-1", "Dag run id not found", status=404),
    _list("start=no_such_run&dag_id=example_daily", "Dag run id not found", status=404),
    _list("state=done", "state must be one of queued, running, success, failed, not 'done'"),
    _list("state=SUCCESS", "state must be one of queued, running, success, failed"),
    _list("state=", "state must be one of queued, running, success, failed"),
    _list("state=success,failed", "state must be one of queued, running, success, failed"),
    _list("state=success&state=failed", "query parameter 'state' is repeated"),
    _list("external_trigger=yes", "external_trigger must be true or false, not 'yes'"),
    _list("external_trigger=TRUE", "external_trigger must be true or false"),
    _list("external_trigger=on", "external_trigger must be true or false"),
    _list("external_trigger=", "external_trigger must be true or false"),
    _list("external_trigger=2", "external_trigger must be true or false"),
    _list("prefix=", "prefix must be text of 1 to 250 characters"),
    _list("prefix=" + "a" * 251, "prefix must be text of 1 to 250 characters"),
    _list("prefix=%FF", "not UTF-8"),
    _list("prefix=%C3%28", "not UTF-8"),
    _list("prefix=a%00b", "NUL"),
    _list("%FF=1", "not UTF-8"),
    _list("dag_id=", "dag_id must be text of 1 to 250 characters"),
    _list("dag_id=" + "a" * 251, "dag_id must be text of 1 to 250 characters"),
    _list("dag_id=%00", "NUL"),
    _list("dagid=example_daily", "unknown query parameter 'dagid'", "known are start, limit, state"),
    _list("Limit=5", "unknown query parameter 'Limit'"),
    _list("limit", "limit must be an integer from 1 to 100"),
    _list("x=1&a=2&limit=0", "limit must be", "unknown query parameters 'a', 'x'"),
    _get("/api/v1/dags?limit=0", 400, "limit must be an integer from 1 to 100, not '0'"),
    _get("/api/v1/dags?limit=101", 400, "limit must be an integer from 1 to 100"),
    _get("/api/v1/dags?q=", 400, "q must be text of 1 to 250 characters"),
    _get("/api/v1/dags?q=" + "a" * 251, 400, "q must be text of 1 to 250 characters"),
    _get("/api/v1/dags?q=a%00", 400, "NUL"),
    _get("/api/v1/dags?q=a&q=b", 400, "query parameter 'q' is repeated"),
    _get("/api/v1/dags?start=", 400, "start must be text of 1 to 250 characters"),
    _get("/api/v1/dags?dag_id=a", 400, "unknown query parameter 'dag_id'", "known are q, limit, start"),
    _get("/api/v1/me?limit=5", 400, "unknown query parameter 'limit'", "known are none"),
    _method("POST", "/api/v1/me", "GET, HEAD, OPTIONS"),
)

_ONE = (
    _get(f"{_RUNS}/no_such_run", 404, "Dag run id not found"),
    _get(f"{_RUNS}/no_such_run?dag_id=example_daily", 404, "Dag run id not found"),
    _get(f"{_RUNS}/no_such_run?dag_id=no_such_dag", 404, "Dag run id not found"),
    _get(f"{_RUNS}/no_such_run?dag_id=", 400, "dag_id must be text of 1 to 250 characters"),
    _get(f"{_RUNS}/no_such_run?limit=1", 400, "unknown query parameter 'limit'", "known are dag_id"),
    _get(f"{_RUNS}//", 404, "there is nothing at this path", "no slash ends it"),
    _get(f"{_RUNS}/%00", 404, "Dag run id not found"),
    _get(f"{_RUNS}/a%00b", 404, "Dag run id not found"),
    _get(f"{_RUNS}/%FF", 404, "Dag run id not found"),
    _get(f"{_RUNS}/no+such:run", 404, "Dag run id not found"),
    _get(f"{_RUNS}/%20", 404, "Dag run id not found"),
    _get(f"{_RUNS}/" + "a" * 3000, 404, "Dag run id not found"),
    _get(f"{_RUNS}/a%2Fb", 404, "there is nothing at '/api/v1/dag_runs/a/b'"),
)


def _action(act: str, body: str, *says: str, status: int = 400, group: str = "example_daily/manual") -> BadRequest:
    return BadRequest(
        method="POST", target=f"/api/v1/groups/{group}/{act}", body=body.encode(), status=status, says=says
    )


def _change(body: str, *says: str, status: int = 400, group: str = "example_daily/manual") -> BadRequest:
    return BadRequest(method="PATCH", target=f"/api/v1/groups/{group}", body=body.encode(), status=status, says=says)


_CHANGES = (
    _change("", "the body must be one raw JSON object"),
    _change("[]", "the body must be one raw JSON object"),
    _change("{}", "a change needs at least one of paused, max_active_runs, stop_after, pace, not_before, order"),
    _change('{"dry_run": true}', "a change needs at least one of paused"),
    _change('{"paused": "yes"}', "paused must be true or false, not 'yes'"),
    _change('{"max_active_runs": 0}', "max_active_runs must be an integer from 1 to 10000, not 0"),
    _change('{"max_active_runs": 10001}', "max_active_runs must be an integer from 1 to 10000, not 10001"),
    _change('{"max_active_runs": "5"}', "max_active_runs must be an integer from 1 to 10000, not '5'"),
    _change('{"max_active_runs": 1.5}', "max_active_runs must be an integer from 1 to 10000, not 1.5"),
    _change('{"pace": "0/PT1H"}', "pace must be"),
    _change('{"pace": 5}', "pace must be"),
    _change('{"not_before": "tomorrow"}', "not_before must be"),
    _change('{"not_before": ""}', "not_before must be"),
    _change('{"order": "newest"}', "order must be one of asc, desc, not 'newest'"),
    _change('{"description": ""}', "description must be text of 1 to 1000 characters"),
    _change(json.dumps({"description": "a" * 1001}), "description must be text of 1 to 1000 characters"),
    _change('{"description": 1}', "description must be text of 1 to 1000 characters, not 1"),
    _change('{"labels": []}', "labels must be a list of 1 to 20 labels of 1 to 64 characters, none twice"),
    _change('{"labels": "a"}', "labels must be a list of 1 to 20 labels"),
    _change('{"labels": [""]}', "labels must be a list of 1 to 20 labels", "'' is none"),
    _change(json.dumps({"labels": ["a" * 65]}), "labels must be a list of 1 to 20 labels", "is none"),
    _change(json.dumps({"labels": [f"{n}" for n in range(21)]}), "labels must be a list of 1 to 20 labels"),
    _change('{"labels": ["a", "a"]}', "labels must be a list of 1 to 20 labels", "'a' is there twice"),
    _create("description must be text of 1 to 1000 characters", description="a" * 1001),
    _create('notify must be an object with "connection_id" or "notifier"', notify={"connection_id": ""}),
    _create("notify must be", notify=["team"]),
    _create("notify must be", notify={"connection_id": "team", "on": ["end", None]}),
    _create("labels must be a list of 1 to 20 labels", labels=[f"{n}" for n in range(21)]),
    _create("labels must be a list of 1 to 20 labels", "1 is none", labels=[1]),
    _change('{"notify": "team"}', 'notify must be an object with "connection_id" or "notifier"', "not 'team'"),
    _change('{"notify": {"on": ["end"]}}', 'notify must be an object with "connection_id" or "notifier"'),
    _change('{"notify": {"connection_id": 1}}', "notify must be"),
    _change('{"notify": {"connection_id": "a", "notifier": "a"}}', "notify must be"),
    _change('{"notify": {"notifier": null}}', "notify must be"),
    _change('{"notify": {"notifier": "none_of_this_name"}}', "which this installation does not have"),
    _change('{"notify": {"connection_id": "a/b"}}', "notify must be"),
    _change('{"notify": {"connection_id": "https://example.com"}}', "notify must be"),
    _change('{"notify": {"connection_id": "a", "url": "https://example.com"}}', "notify must be"),
    _change('{"notify": {"connection_id": "a", "on": []}}', "a list of at least one of end, stop, first_failure"),
    _change('{"notify": {"connection_id": "a", "on": "end"}}', "a list of at least one of end, stop, first_failure"),
    _change('{"notify": {"connection_id": "a", "on": ["end", "end"]}}', "none twice"),
    _change('{"notify": {"connection_id": "a", "on": ["ended"]}}', "notify must be"),
    _change('{"notify": {"connection_id": "a", "on": [1, {}]}}', "notify must be"),
    _change('{"paused": true, "dry_run": "yes"}', "dry_run must be true or false, not 'yes'"),
    _change('{"paused": true, "pausd": null}', "unknown key 'pausd'", "known are paused, max_active_runs"),
    _change('{"paused": true}', "Group not found", status=404, group="example_daily/none"),
    _change('{"paused": true}', "Group not found", status=404, group="no_such_dag/manual"),
    _change('{"paused": true}', "Group not found", status=404, group="example_daily/%00"),
    _change('{"paused": true}', "Group not found", status=404, group="a" * 251 + "/manual"),
    BadRequest(
        method="PATCH",
        target="/api/v1/groups/example_daily/manual?paused=true",
        body=b'{"paused": true}',
        status=400,
        says=("unknown query parameter 'paused'",),
    ),
    _get("/api/v1/groups?control=held", 400, "control must be one of paused, not 'held'"),
    _get("/api/v1/groups?control=paused&limit=0", 400, "limit must be an integer from 1 to 100"),
    _create("max_active_runs must be an integer from 1 to 10000, not 0", max_active_runs=0),
    _create("max_active_runs must be an integer from 1 to 10000, not 10001", max_active_runs=10001),
    _create("max_active_runs must be an integer from 1 to 10000, not '5'", max_active_runs="5"),
    _create("paused must be true or false, not 2", paused=2),
    _create("run_type must be one of manual, backfill, not 'scheduled'", run_type="scheduled"),
    _create("reprocess_behavior must be one of none, failed, completed, not 'all'", reprocess_behavior="all"),
    _create("reprocess_behavior must be one of", reprocess_behavior=["failed"]),
    _create("reprocess_behavior completed needs a plan_id", "dry_run", reprocess_behavior="completed"),
    _create("plan_id must be the plan_id of a response to dry_run, not 'x'", plan_id="x"),
    _create("plan_id must be the plan_id of a response to dry_run, not 1", plan_id=1),
    _create(
        "plan_id must be the plan_id of a response to dry_run", plan_id=f"{'f' * 16}-0-0-0{'-0123456789abcdef' * 4}"
    ),
    _create("plan_id must be the plan_id of a response to dry_run", plan_id=f"{'f' * 16}-0-0-0{_DIGESTS}"),
    _create("plan_id is of a time to come", plan_id=f"12a3c8f8100000-0-0-0{_DIGESTS}"),
    _create("the plan is of 1970-01-01T00:00:00.000016Z", status=409, plan_id=f"10-0-0-0{_DIGESTS}"),
    _create("plan_id cannot be combined with dry_run", plan_id=f"10-0-0-0{_DIGESTS}", dry_run=True),
)


_STEERING = (
    *(
        row
        for act in ("cancel", "retry", "note")
        for row in (
            _action(act, "[]", "the body must be one raw JSON object"),
            _action(act, " ", "the body must be one raw JSON object"),
            _action(act, '{"limit": 0}', "limit must be an integer from 1 to 500, not 0"),
            _action(act, '{"limit": 501}', "limit must be an integer from 1 to 500"),
            _action(act, '{"limit": "5"}', "limit must be an integer from 1 to 500"),
            _action(act, '{"limit": true}', "limit must be an integer from 1 to 500"),
            _action(act, '{"start": -1}', "start must be the next_start of a response"),
            _action(act, '{"start": "a"}', "start must be the next_start of a response"),
            _action(act, '{"start": 9223372036854775808}', "0 to 9223372036854775807"),
            _action(act, '{"dry_run": "yes"}', "dry_run must be true or false, not 'yes'"),
            _action(act, '{"dates": []}', "dates must be a list of 1 to 500 ISO 8601 dates"),
            _action(act, '{"dates": "2020-01-01"}', "dates must be a list of 1 to 500 ISO 8601 dates"),
            _action(act, '{"dates": ["now"]}', "dates must be a list", "'now' is none"),
            _action(act, '{"dates": [null]}', "dates must be a list"),
            _action(act, json.dumps({"dates": ["2020-01-01"] * 501}), "dates must be a list of 1 to 500"),
            _action(act, '{"run_ids": []}', "run_ids must be a list of 1 to 500 run ids, none twice"),
            _action(act, '{"run_ids": "a"}', "run_ids must be a list of 1 to 500 run ids"),
            _action(act, '{"run_ids": [1]}', "run_ids must be a list", "1 is none"),
            _action(act, '{"run_ids": [""]}', "run_ids must be a list", "'' is none"),
            _action(act, '{"run_ids": ["a\\u0000"]}', "NUL"),
            _action(act, json.dumps({"run_ids": ["a" * 251]}), "run_ids must be a list", "is none"),
            _action(act, json.dumps({"run_ids": ["a", "b", "a"]}), "run_ids must be a list", "'a' is there twice"),
            _action(act, json.dumps({"run_ids": [f"{n}" for n in range(501)]}), "run_ids must be a list of 1 to 500"),
            _action(act, '{"force": true}', "unknown key 'force'", "known are"),
            _action(act, '{"note": "a"}', "Group not found", status=404, group="example_daily/none")
            if act == "note"
            else _action(act, "", "Group not found", status=404, group="example_daily/none"),
            BadRequest(
                method="POST",
                target=f"/api/v1/groups/example_daily/manual/{act}?limit=1",
                status=400,
                says=("unknown query parameter 'limit'",),
            ),
            _method("GET", f"/api/v1/groups/example_daily/manual/{act}", "POST, OPTIONS"),
        )
    ),
    _action("cancel", "", "Group not found", status=404, group="no_such_dag/manual"),
    _action("cancel", "", "Group not found", status=404, group="example_daily/%00"),
    _action("cancel", '{"running": "yes"}', "running must be true or false, not 'yes'"),
    _action("cancel", '{"which": "all"}', "unknown key 'which'"),
    _action("retry", '{"which": "some"}', "which must be one of failed, cancelled, all, not 'some'"),
    _action("cancel", '{"dates": ["2020-01-01", "2020-01-01T00:00Z"]}', "dates has 2020-01-01T00:00:00Z twice"),
    _action("cancel", '{"dates": ["2020-01-01"], "run_ids": ["a"]}', "dates and run_ids cannot be combined"),
    _action("retry", '{"tasks": []}', "tasks must be a list of 1 to 500 task ids, none twice"),
    _action("retry", '{"tasks": "load"}', "tasks must be a list of 1 to 500 task ids"),
    _action("retry", '{"tasks": ["a", "a"]}', "tasks must be a list", "'a' is there twice"),
    _action("cancel", '{"tasks": ["a"]}', "unknown key 'tasks'"),
    _action("note", "", "note is required"),
    _action("note", '{"note": null}', "note cannot be null"),
    _action("cancel", '{"force": null}', "unknown key 'force'"),
    _action("note", '{"note": ""}', "note must be text of 1 to 1000 characters, not ''"),
    _action("note", json.dumps({"note": "a" * 1001}), "note must be text of 1 to 1000 characters"),
    _action("note", '{"note": 1}', "note must be text of 1 to 1000 characters, not 1"),
    _action("note", r'{"note": "\u0000"}', "NUL"),
    _action("delete", "", "there is nothing at", status=404),
)

_GROUPS = (
    _get("/api/v1/groups?state=done", 400, "state must be one of active, failed, not 'done'"),
    _get("/api/v1/groups?state=queued", 400, "state must be one of active, failed"),
    _get("/api/v1/groups?state=active&state=failed", 400, "query parameter 'state' is repeated"),
    _get("/api/v1/groups?prefix=", 400, "prefix must be text of 1 to 250 characters"),
    _get("/api/v1/groups?prefix=" + "a" * 251, 400, "prefix must be text of 1 to 250 characters"),
    _get("/api/v1/groups?prefix=a%00b", 400, "NUL"),
    _get("/api/v1/groups?created_by=", 400, "created_by must be text of 1 to 250 characters"),
    _get("/api/v1/groups?created_by=a&created_by=b", 400, "query parameter 'created_by' is repeated"),
    _get("/api/v1/groups?control=paused&state=active", 400, "control cannot be combined with state"),
    _get("/api/v1/groups?control=paused&prefix=a&created_by=b", 400, "combined with prefix, created_by"),
    _get("/api/v1/groups?limit=101", 400, "limit must be an integer from 1 to 100"),
    _get("/api/v1/groups?start=manual", 400, "start must be the next_start of a response"),
    _get("/api/v1/groups?q=a", 400, "unknown query parameter 'q'", "known are dag_id, state, prefix, created_by"),
    _get("/api/v1/groups?dag_id=no_such_dag&state=active", 404, "Dag id 'no_such_dag' not found"),
    _get("/api/v1/coverage", 400, "dag_id is required", "start_date is required"),
    _get("/api/v1/coverage?dag_id=example_daily&start_date=soon", 400, "start_date must be an ISO 8601 date"),
    _get(
        "/api/v1/coverage?dag_id=example_daily&start_date=2021-01-02&end_date=2021-01-01", 400, "lies before start_date"
    ),
    _get("/api/v1/coverage?dag_id=example_daily&start_date=2021-01-01&detail=all", 400, "detail must be"),
    _get("/api/v1/coverage?dag_id=example_daily&start_date=2021-01-01&limit=0", 400, "limit must be an integer from 1"),
    _get("/api/v1/coverage?dag_id=example_daily&start_date=2021-01-01&limit=101", 400, "an integer from 1 to 100"),
    _get(
        "/api/v1/coverage?dag_id=&start_date=2021-01-01", 400, "dag_id must be a list of 1 to 100 DAG ids", "'' is none"
    ),
    _get("/api/v1/coverage?dag_id=a&dag_id=b&dag_id=a&start_date=2021-01-01", 400, "'a' is there twice"),
    _get(
        "/api/v1/coverage?" + "&".join(f"dag_id=d{n}" for n in range(101)) + "&start_date=2021-01-01",
        400,
        "dag_id must be a list of 1 to 100 DAG ids",
    ),
    _get(
        "/api/v1/coverage?dag_id=example_daily&tag=a&start_date=2021-01-01", 400, "dag_id cannot be combined with tag"
    ),
    _get("/api/v1/coverage?tag=&start_date=2021-01-01", 400, "tag must be text of 1 to 100 characters"),
    _get("/api/v1/coverage?tag=" + "a" * 101 + "&start_date=2021-01-01", 400, "tag must be text of 1 to 100"),
    _get("/api/v1/coverage?tag=a&tag=b&start_date=2021-01-01", 400, "query parameter 'tag' is repeated"),
    _get("/api/v1/coverage?tag=a&start_date=2021-01-01&start=", 400, "start must be text of 1 to 250 characters"),
    _get("/api/v1/coverage?tag=a&start_date=2021-01-01&detail=dates", 400, "detail must be stretches for several DAGs"),
    _get("/api/v1/coverage?tag=a&start_date=2021-01-02&end_date=2021-01-01", 400, "lies before start_date"),
    _get(
        "/api/v1/coverage?dag_id=example_daily&dag_id=no_such_dag&start_date=2021-01-01",
        404,
        "Dag id 'no_such_dag' not found",
    ),
    _get("/api/v1/coverage?dag_id=no_such_dag&start_date=2021-01-01", 404, "Dag id 'no_such_dag' not found"),
    _get("/api/v1/coverage?dag_id=example_unscheduled&start_date=2021-01-01", 400, "has no periodic schedule"),
    _method("POST", "/api/v1/coverage", "GET, HEAD, OPTIONS"),
    _get("/api/v1/groups?dag_id=", 400, "dag_id must be text of 1 to 250 characters"),
    _get("/api/v1/groups?dag_id=%00", 400, "NUL"),
    _get("/api/v1/groups?dag_id=no_such_dag", 404, "Dag id 'no_such_dag' not found"),
    _get("/api/v1/groups?dag_id=example_daily&limit=0", 400, "limit must be an integer from 1 to 100, not '0'"),
    _get("/api/v1/groups?dag_id=example_daily&limit=101", 400, "limit must be an integer from 1 to 100"),
    _get("/api/v1/groups?dag_id=example_daily&start=", 400, "start must be the next_start of a response"),
    _get("/api/v1/groups?dag_id=example_daily&start=-1", 400, "start must be the next_start of a response"),
    _get("/api/v1/groups?dag_id=example_daily&start=manual", 400, "start must be the next_start of a response"),
    _get("/api/v1/groups?dag_id=example_daily&start=9223372036854775808", 400, "0 to 9223372036854775807"),
    _get("/api/v1/groups?dag_id=example_daily&start=1&start=2", 400, "query parameter 'start' is repeated"),
    _get("/api/v1/groups/example_daily/manual/runs?conf=perhaps", 400, "conf must be true or false", "perhaps"),
    _get("/api/v1/groups/example_daily/no_such_group", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/manual_0000001", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/man", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/manual__", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/_", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/%00", 404, "Group not found"),
    _get("/api/v1/groups/%00/manual", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/%FF", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/%25", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/" + "a" * 3000, 404, "Group not found"),
    _get("/api/v1/groups/no_such_dag/manual", 404, "Group not found"),
    _get("/api/v1/groups/EXAMPLE_DAILY/manual", 404, "Group not found"),
    _get("/api/v1/groups/example_daily/manual?limit=1", 400, "unknown query parameter 'limit'", "known are none"),
    _get("/api/v1/groups/example_daily", 404, "there is nothing at"),
    _get("/api/v1/groups/example_daily/a%2Fb/c", 404, "there is nothing at"),
    _method("POST", "/api/v1/groups", "GET, HEAD, OPTIONS"),
    _method("POST", "/api/v1/groups/example_daily/manual", "GET, HEAD, PATCH, OPTIONS"),
    _method("DELETE", "/api/v1/groups/example_daily/manual", "GET, HEAD, PATCH, OPTIONS"),
)

_ROUTES = (
    _get("/api/v2/dags", 404, "there is nothing at '/api/v2/dags'"),
    _get("/api/v1/dag_run", 404, "there is nothing at"),
    _get("/metrics/", 404, "there is nothing at"),
    _get("/%6detrics", 404, "there is nothing at"),
    _get("/api%2fv1%2fmetrics", 404, "there is nothing at"),
    _get("/metrics%2f", 404, "there is nothing at"),
    _get("/api/v1/%64ags", 404, "there is nothing at this path: its words are not percent-encoded"),
    _get("/api/v1/dags/", 404, "there is nothing at this path", "no slash ends it"),
    _get("/api/v1//dags", 404, "there is nothing at '/api/v1//dags'"),
    _get("//api/v1/dags", 404, "there is nothing at '//api/v1/dags'"),
    _get("/api/v1/DAGS", 404, "there is nothing at"),
    _get("/api/v1/dags/example_daily", 404, "there is nothing at"),
    _get(f"{_RUNS}/a/b", 404, "there is nothing at"),
    _get("/health", 404, "there is nothing at '/health': the API is below /api/v1"),
    _get("/api/v1/%2e%2e/dags", 404, "there is nothing at"),
    _get("/%FF%00", 404, "there is nothing at"),
    _method("POST", "/api/v1/dags", "GET, HEAD, OPTIONS"),
    _method("PUT", _RUNS, "GET, HEAD, POST, OPTIONS"),
    _method("PATCH", _RUNS, "GET, HEAD, POST, OPTIONS"),
    _method("DELETE", f"{_RUNS}/no_such_run", "GET, HEAD, OPTIONS"),
    _method("POST", f"{_RUNS}/no_such_run", "GET, HEAD, OPTIONS"),
    _method("POST", "/health/ready", "GET, HEAD, OPTIONS"),
    _method("TRACE", "/api/v1/dags", "GET, HEAD, OPTIONS"),
    _method("BREW", _RUNS, "GET, HEAD, POST"),
    BadRequest(
        method="WEBSOCKET", target=_RUNS, status=405, says=("is not allowed here, allowed are GET, HEAD, POST",)
    ),
    BadRequest(method="DELETE", target="/nowhere", status=404, says=("there is nothing at '/nowhere'",)),
)

_BODIES = (
    _not_an_object("", ": it is empty"),
    _not_an_object("  ", ": it is empty"),
    _not_an_object("null", ", not null"),
    _not_an_object("[]", ", not a JSON list"),
    _not_an_object('[{"dag_id": "example_daily"}]', ", not a JSON list"),
    _not_an_object('"example_daily"', ", not a JSON text"),
    _not_an_object("42", ", not a JSON number"),
    _not_an_object("true", ", not a JSON boolean"),
    _not_an_object("dag_id=example_daily&prefix=a", ", not form or multipart data"),
    _not_an_object("dag_id=example_daily&prefix=a", ", not form or multipart data", headers=_FORM),
    _not_an_object(
        '--x\r\nContent-Disposition: form-data; name="dag_id"\r\n\r\nexample_daily\r\n--x--\r\n',
        ", not form or multipart data",
        headers=_MULTIPART,
    ),
    _not_an_object("<dag_id>example_daily</dag_id>", headers={"Content-Type": "application/xml"}),
    _not_an_object("{", 'example_dag"}: Expecting property name'),
    _not_an_object('{"dag_id": "example_daily"'),
    _not_an_object('{"dag_id": "example_daily",}'),
    _not_an_object("{'dag_id': 'example_daily'}"),
    _not_an_object('{"dag_id": "example_daily"} {}', "Extra data"),
    _not_an_object('{"dag_id": "example_daily"} // yes'),
    _not_an_object('{"dag_id": "example_daily", "limit": NaN}', "NaN"),
    _not_an_object('{"dag_id": "example_daily", "conf": {"a": Infinity}}', "Infinity"),
    _not_an_object('{"dag_id": "example_daily", "conf": {"a": -Infinity}}', "-Infinity"),
    _not_an_object('{"dag_id": "example_daily", "conf": {"a": 1e400}}', "1e400"),
    _not_an_object('{"dag_id": "example_daily", "conf": {"a": ' + "9" * 5000 + "}}", "digits"),
    _not_an_object('{"dag_id": "example_daily", "dag_id": "example_hourly"}', "'dag_id' is there twice"),
    _not_an_object('{"dag_id": "example_daily", "conf": {"a": 1, "a": 2}}', "'a' is there twice"),
    _not_an_object(b'{"dag_id": "\xff"}', "utf-8"),
    _not_an_object('{"dag_id": "example_daily"}'.encode("utf-16"), "utf-8"),
    _not_an_object(r'{"dag_id": "\ud800"}', "surrogate"),
    _not_an_object(r'{"dag_id": "example_daily", "conf": {"\udc00": 1}}', "surrogate"),
    _not_an_object(r'{"dag_id": "example_daily", "conf": {"a": ["\ud800"]}}', "surrogate"),
    _not_an_object(r'{"dag_id": "a\u0000b"}', "NUL"),
    _not_an_object(r'{"dag_id": "example_daily", "conf": {"a": [["\u0000"]]}}', "NUL"),
    _not_an_object(r'{"dag_id": "example_daily", "conf": {"\u0000": 1}}', "NUL"),
    _not_an_object(b'{"dag_id": "a\x00b"}', "control character"),
    _not_an_object('{"dag_id": "example_daily", "conf": {"a": ' + "[" * 70 + "1" + "]" * 70 + "}}", "nested"),
    _not_an_object('{"a":' * 100_000 + "1" + "}" * 100_000, "nested"),
    _not_an_object("[" * 500_000, "nested"),
    _body(b'{"dag_id": "' + b"a" * 1024 * 1024 + b'"}', "longer than 1048576 bytes", status=413),
)

_SEVERAL = (
    _create(
        "unknown key 'x'",
        "end_date 2024-01-01",
        "lies before start_date",
        x=1,
        start_date="2024-02-01",
        end_date="2024-01-01",
    ),
    _create("limit must be 1 to 500", "end_date needs a start_date", limit=0, end_date="2024-01-01"),
    _create("dates cannot be combined with start_date", "twice", dates=["2024-01-01"] * 2, start_date="2024-01-01"),
    _create("lies before start_date", "lies in the future", start_date="2999-01-02", end_date="2999-01-01"),
)

_KEYS = (
    _body("{}", "dag_id is required"),
    _body('{"prefix": "a"}', "dag_id is required"),
    _create("dag_id cannot be null", dag_id=None),
    _create("dag_id must be text of 1 to 250 characters, not 7", dag_id=7),
    _create("dag_id must be text of 1 to 250 characters", dag_id=["example_daily"]),
    _create("dag_id must be text of 1 to 250 characters", dag_id=""),
    _create("dag_id must be text of 1 to 250 characters", dag_id="a" * 251),
    _create("Dag id 'no_such_dag' not found", dag_id="no_such_dag", status=404),
    _create("Dag id 'EXAMPLE_DAILY' not found", dag_id="EXAMPLE_DAILY", status=404),
    _create(
        "unknown key 'end'", "known are dag_id, prefix, start_date, end_date, limit, partial, conf", end="2020-01-02"
    ),
    _create("unknown key 'partial_' (did you mean 'partial'?)", partial_=True),
    _create(
        "unknown keys 'end_dat' (did you mean 'end_date'?), 'from_date' (did you mean 'start_date'?)",
        end_dat="2020-01-02",
        from_date="2020-01-01",
    ),
    _create("unknown key ''", **{"": 1}),
    _create("limit must be", "unknown keys 'a', 'b'", b=1, a=1, limit="x"),
    BadRequest(
        method="POST",
        target=f"{_RUNS}?dag_id=example_daily",
        body=b'{"dag_id": "example_daily"}',
        status=400,
        says=("unknown query parameter 'dag_id'", "known are none"),
    ),
)

_PREFIXES = (
    _create("prefix must be text of 1 to 250 characters, not 1", prefix=1),
    _create("prefix must be text of 1 to 250 characters", prefix=""),
    _create("prefix must be text of 1 to 250 characters", prefix="a" * 251),
    _create("prefix '_' must have at least one character", prefix="_"),
    _create("the group '.' would have no address", prefix="."),
    _create('cannot contain the word "backfill"', prefix="backfill"),
    _create('cannot contain the word "backfill"', prefix="my_BackFill_"),
    _create("'scheduled__' is reserved", prefix="scheduled__"),
    _create("'asset_triggered__' is reserved", prefix="asset_triggered__a"),
    _create("cannot contain '..'", prefix="a..b"),
    _create("allowed_run_id_pattern", prefix="a b"),
    _create("allowed_run_id_pattern", prefix="a/b"),
    _create("allowed_run_id_pattern", prefix="é"),
    _create("allowed_run_id_pattern", prefix="a\n"),
    _create("at most 250", prefix="a" * 240),
)

_NO_DATES = (
    20200101,
    True,
    ["2020-01-01"],
    "",
    "yesterday",
    "2020-13-01",
    "2020-02-30",
    "2020-1-1",
    "20200101",
    "2020-W01-1",
    "2020-001",
    "1577836800",
    " 2020-01-01",
    "2020-01-01\n",
    "2020-01-01Z",
    "2020-01-01T",
    "2020-01-01T24:00:00",
    "2020-01-01T12",
    "2020-01-01T12:60:00",
    "2020-01-01T12:00:60",
    "2020-01-01T12:00:00.",
    "2020-01-01T12:00:00,",
    "2020-01-01T12:00:00+24:00",
    "2020-01-01T12:00:00+01:60",
    "2020-01-01T12:00:00+1",
    "2020-01-01T12:00:00 Europe/Berlin",
    "\u0662\u0660\u0662\u0660-01-01",
    "0000-01-01",
    "10000-01-01",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
)

_DATES = (
    *(_create("start_date must be an ISO 8601 date such as 2017-09-01", start_date=text) for text in _NO_DATES),
    _create("start_date must be", "(month must be in 1..12", start_date="2020-00-01"),
    _create("start_date must be", "outside the years 1 to 9999", start_date="0001-01-01T00:00:00+01:00"),
    _create("end_date must be an ISO 8601 date", start_date="2020-01-01", end_date="tomorrow"),
    _create("end_date needs a start_date", end_date="2020-01-02"),
    _create("end_date 2020-01-01T00:00:00Z lies before start_date", start_date="2020-01-02", end_date="2020-01-01"),
    _create("lies in the future", start_date="2999-01-01"),
    _create("lies in the future", start_date="9999-12-31T23:59:59.999999"),
    _create("lies before the first date of DAG 'example_daily'", start_date="2019-01-01", end_date="2019-06-01"),
    _create("lies before the first date of DAG 'example_daily'", start_date="0001-01-01", end_date="0001-01-02"),
    _create("no periodic schedule", dag_id="example_unscheduled", start_date="2020-01-01", end_date="2020-01-05"),
)

_LIMITS = (
    _create("limit must be 1 to 500, not 0", limit=0),
    _create("limit must be 1 to 500, not 501", limit=501),
    _create("limit must be 1 to 500, not -1", limit=-1),
    _create("limit must be 1 to 500", limit=10**30),
    _create("limit must be 1 to 500, not 501", limit="501"),
    _create("limit must be an integer, not 1.5", limit=1.5),
    _create("limit must be an integer, not 10.0", limit=10.0),
    _create("limit must be an integer, not 'ten'", limit="ten"),
    _create("limit must be an integer, not ''", limit=""),
    _create("limit must be an integer, not '-1'", limit="-1"),
    _create("limit must be an integer, not '1_0'", limit="1_0"),
    _create("limit must be an integer", limit="\uff11"),
    _create("limit must be an integer, not True", limit=True),
    _create("limit must be an integer, not [1]", limit=[1]),
    _create("more than limit=2", "partial", start_date="2020-01-01", end_date="2020-01-09", limit=2),
    _create("more than limit=500", "partial", start_date="2020-01-01"),
    _create("new_group must be true or false, not 'yes'", new_group="yes"),
    _create("partial must be true or false, not 'yes'", partial="yes"),
    _create("partial must be true or false, not 'TRUE'", partial="TRUE"),
    _create("partial must be true or false, not ''", partial=""),
    _create("partial must be true or false, not 1", partial=1),
    _create("partial must be true or false, not 0.0", partial=0.0),
    _create("partial must be true or false, not []", partial=[]),
)

_CONF = "conf must be a JSON object, or text that holds one, of at most 65536 bytes"

_CONFS = (
    _create(_CONF, conf=[]),
    _create(_CONF, conf=1),
    _create(_CONF, conf=True),
    _create(_CONF, conf=""),
    _create(_CONF, conf="a=1"),
    _create(_CONF, conf="[]"),
    _create(_CONF, conf="null"),
    _create(_CONF, conf='"{}"'),
    _create(_CONF, "NaN", conf='{"a": NaN}'),
    _create(_CONF, "1e999", conf='{"a": 1e999}'),
    _create(_CONF, "'a' is there twice", conf='{"a": 1, "a": 2}'),
    _create(_CONF, "NUL", conf=r'{"a": "\u0000"}'),
    _create(_CONF, "surrogate", conf=r'{"a": "\ud800"}'),
    _create(_CONF, "nested", conf='{"a":' * 70 + "1" + "}" * 70),
    _create(_CONF, "bytes", conf={"a": "a" * 65536}),
    _create(_CONF, "bytes", conf={"a": "é" * 32768}),
    _create(_CONF, "bytes", conf=json.dumps({"a": "a" * 65536})),
)

_PACE = "pace must be so many runs, 1 to 500, per ISO 8601 duration of 1 second to 366 days, such as 20/PT10M"
_DATES_IN_A_LIST = "dates must be a list of 1 to 500 ISO 8601 dates such as 2017-09-01"
_INTERVAL = "interval must be an ISO 8601 duration of 1 second to 366 days, such as PT6H or P1W, or a cron expression"
_CONF_PER_RUN = "conf_per_run must be a JSON object, or a list of 1 to 500 of them, one for each of dates"
_RANGE = {"dag_id": "example_unscheduled", "start_date": "2020-01-01", "end_date": "2020-01-05"}

_PLANS = (
    _create("dry_run must be true or false, not 'yes'", dry_run="yes"),
    _create("Dag id 'no_such_dag' not found", dag_id="no_such_dag", dry_run=True, status=404),
    _create("more than limit=2", dry_run=True, start_date="2020-01-01", end_date="2020-01-09", limit=2),
    _create("lies in the future", dry_run=True, start_date="2999-01-01"),
    _create('cannot contain the word "backfill"', dry_run=True, prefix="backfill"),
)

_STARTS = (
    _create("not_before must be an ISO 8601 date", not_before="tomorrow"),
    _create("reach beyond the year 9999", not_before="9999-12-31", pace="1/P2D", dates=["2020-05-01", "2020-05-02"]),
    _create("order must be one of asc, desc, not 'newest'", order="newest"),
    _create("order must be one of asc, desc", order="DESC"),
    _create("order must be one of asc, desc", order=["desc"]),
    *(
        _create(_PACE, pace=pace)
        for pace in (
            *(
                "",
                "20",
                "20/",
                "/PT10M",
                "PT10M",
                "0/PT10M",
                "501/PT10M",
                "-1/PT10M",
                "1.5/PT10M",
                "020/PT10M",
                "20 /PT10M",
            ),
            *(
                "20/10",
                "20/10M",
                "20/PT",
                "20/P",
                "20/P1DT",
                "20/pt10m",
                "20/PT10",
                "20/PT1S1M",
                "20/PT0.5S",
                "20/P1W1D",
            ),
            *(
                "20/PT0S",
                "20/P367D",
                "20/P53W",
                "20/P99999999D",
                "\u0661/PT1S",
                "1/PT\u0661S",
                "20/PT10M\n",
                20,
                True,
                ["1/PT1S"],
                {},
            ),
        )
    ),
    _create(_PACE, "years and months have no fixed length", pace="20/P1M"),
)

_WHICH = (
    _create(_DATES_IN_A_LIST, dates=[]),
    _create(_DATES_IN_A_LIST, dates="2020-01-01"),
    _create(_DATES_IN_A_LIST, dates={"2020-01-01": 1}),
    _create(_DATES_IN_A_LIST, dates=["2020-01-01"] * 501),
    _create(_DATES_IN_A_LIST, "'yesterday' is none", dates=["2020-01-01", "yesterday"]),
    _create(_DATES_IN_A_LIST, "None is none", dates=[None]),
    _create(_DATES_IN_A_LIST, "month must be in 1..12", dates=["2020-13-01"]),
    _create("dates holds 2020-01-01T00:00:00Z twice", dates=["2020-01-01", "2020-01-02", "2020-01-01T01:00:00+01:00"]),
    _create("of dates lies in the future", dates=["2020-01-01", "2999-01-01"]),
    _create("lies before the first date of DAG 'example_daily'", dates=["2020-01-01", "2019-12-31"]),
    _create("dates cannot be combined with start_date", dates=["2020-01-01"], start_date="2020-01-01"),
    _create(
        "dates cannot be combined with end_date, interval", dates=["2020-01-01"], end_date="2020-01-01", interval="P1D"
    ),
    _create("more than limit=1", "partial", dates=["2020-05-01", "2020-05-02"], limit=1),
    *(
        _create(_INTERVAL, **{**_RANGE, "interval": interval})
        for interval in ("", "P", "PT", "P1DT", "PT0S", "P367D", "Pdaily", "a" * 101, 6, True, ["P1D"], {})
    ),
    _create(_INTERVAL, "years and months have no fixed length", **{**_RANGE, "interval": "P1Y"}),
    _create("no periodic schedule", **{**_RANGE, "interval": None}),
    _create("interval 'R R * * *' cannot be used", "chance", **{**_RANGE, "interval": "R R * * *"}),
    _create("interval '0 0 30 2 *'", **{**_RANGE, "interval": "0 0 30 2 *"}),
    _create(
        "interval 'every day' is neither an ISO 8601 duration, such as PT6H or P1W, nor a cron expression, such as 0 6 * * 1",
        **{**_RANGE, "interval": "every day"},
    ),
    _create("interval '99 * * * *' is neither an ISO 8601 duration", **{**_RANGE, "interval": "99 * * * *"}),
    _create("interval needs a start_date", dag_id="example_unscheduled", interval="P1D"),
    _create("DAG 'example_daily' has a schedule", start_date="2020-01-01", interval="P1D"),
    _create("more than limit=3", **{**_RANGE, "interval": "P1D", "limit": 3}),
    *(
        _create(_CONF_PER_RUN, dates=["2020-01-01"], conf_per_run=conf)
        for conf in ([], [1], [{}, None], "{}", "a=1", 1, True, [[]], [{}] * 501)
    ),
    _create("a list in conf_per_run needs dates", conf_per_run=[{}]),
    _create("conf_per_run has 2 objects for 1 dates", dates=["2020-01-01"], conf_per_run=[{}, {}]),
    _create("the conf of the run at 2020-05-01T00:00:00Z has", dates=["2020-05-01"], conf_per_run=[{"a": "a" * 65536}]),
    _create("at most 65536 are allowed", conf_per_run={"a": "{run_id}" * 8000}),
    _create("conf_per_run has 65545 bytes, at most 65536", conf_per_run={"a": "a" * 65537}),
    _create(
        "bytes together, at most 4194304 are allowed in one request",
        start_date="2020-01-01",
        partial=True,
        conf={"a": [{}] * 20000},
        conf_per_run={"n": "{number}"},
    ),
    _create("note must be text of 1 to 1000 characters, not ''", note=""),
    _create("note must be text of 1 to 1000 characters", note="a" * 1001),
    _create("note must be text of 1 to 1000 characters, not 7", note=7),
    _create("bundle_version must be text of 1 to 250 characters, not ''", bundle_version=""),
    _create("bundle_version must be text of 1 to 250 characters, not 7", bundle_version=7),
)

BAD_REQUESTS = (
    *(
        *_LIST,
        *_ONE,
        *_GROUPS,
        *_CHANGES,
        *_STEERING,
        *_ROUTES,
        *_BODIES,
        *_SEVERAL,
        *_KEYS,
        *_PREFIXES,
        *_DATES,
        *_LIMITS,
        *_CONFS,
    ),
    *(*_PLANS, *_STARTS, *_WHICH),
)

BAD_TOKENS = (
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": "wrong"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "s3cret-tokeN"},
    {"Authorization": "s3cret-token,s3cret-token"},
    {"Authorization": "Bearer Bearer s3cret-token"},
    {"Authorization": "Basic czNjcmV0LXRva2Vu"},
    {"Authorization": "Token s3cret-token"},
    {"Authorization": "s3cret-tok\u00e9n"},
    {"Authorization": "s3cret-token" * 100},
    {"X-Api-Key": "s3cret-token"},
)
"""Headers that do not pass where the token is ``s3cret-token``: 401, with ``WWW-Authenticate``."""
