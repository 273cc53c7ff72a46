"""The client: a method for each endpoint, and groups of any size."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from airflow_run_groups.adapters.client.errors import Unsendable
from airflow_run_groups.adapters.client.responses import (
    Created,
    Dag,
    DagList,
    DagRun,
    DagRunPage,
    Group,
    GroupActionResult,
    GroupAnswer,
    GroupPage,
    GroupProgress,
    Plan,
)
from airflow_run_groups.adapters.client.retries import Repeat, Sender, read
from airflow_run_groups.adapters.client.steps import (
    GroupRequest,
    Step,
    checked,
    exactly,
    moment,
    renumbered,
    rest_of,
    step_of,
    without_rest,
)
from airflow_run_groups.domain import MAX_LIMIT, Which

API = "/api/v1"
PAGE = 100
"""Runs, or groups, that are asked for at a time."""
STEP = 100
"""Runs of a group to which something is done with one request."""

_Answer = TypeVar("_Answer")


class Client:
    """A client of the service at a URL, on its own or inside Airflow's API server; to be closed, as by ``with``.

    Requests that get no answer are sent again as docs/groups.md has it under "A safe repeat", for ``retry_for`` seconds.

    >>> with Client("http://127.0.0.1:8000") as client:
    ...     for answer, rest in client.create_all(GroupRequest(dag_id="example_hourly", start_date="2025-01-01")):
    ...         print(len(answer["dag_run_ids"]))
    """

    def __init__(  # noqa: PLR0913 - each but the first has a default
        self,
        url: str,
        token: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 30.0,
        retry_for: float = 60.0,
        on_repeat: Callable[[Repeat], object] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect when something is asked for.

        :param url: where the service is, with the path that it has below a proxy, with or without ``/api/v1``.
        :param token: the service's, or Airflow's where it asks for Airflow's users.
        :param transport: what carries the requests in place of a connection, such as ``httpx.WSGITransport``.
        :param timeout: for how many seconds to wait for an answer; the service itself gives a write up after 25.
        :param on_repeat: hears of each request that is sent again.
        :raises ValueError: when the URL is none, or more than that of a service, or the token cannot be sent.
        """
        self._base = _checked(url).rstrip("/").removesuffix(API) + API
        headers = {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {_sendable(token)}"
        self._http = httpx.Client(
            headers=httpx.Headers(headers, encoding="utf-8"), transport=transport, timeout=timeout
        )
        self._sender = Sender(self._http, retry_for=retry_for, on_repeat=on_repeat, sleep=sleep)
        self._seen: dict[str, tuple[str, GroupProgress]] = {}

    def __enter__(self) -> Client:  # noqa: PYI034 - typing has Self from Python 3.11 on
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def create(self, request: GroupRequest, *, limit: int = MAX_LIMIT, partial: bool = False) -> Created:
        """Create a group with one request, all of its runs or none.

        A request that says its dates is sent again until it is answered; one that means "one run now" only when it is known
        that nothing was done. With ``partial``, an answer that was lost may have been about the dates before.

        :raises RefusedByService: when the service says no.
        :raises Unreachable: when no answer comes.
        :raises Unsendable: a ValueError, when no request can say it, such as a NaN.
        """
        body = {**request.body, **_bounds(request, limit, partial=partial)}
        return self._post("/dag_runs", body, Created, safe_to_repeat=request.says_its_dates)

    def plan(self, request: GroupRequest, *, limit: int = MAX_LIMIT, partial: bool = False) -> Plan:
        """Return what the same creation would do.

        :raises ClientError: as above.
        """
        body = {**request.body, **_bounds(request, limit, partial=partial), "dry_run": True}
        return self._post("/dag_runs", body, Plan, safe_to_repeat=True)

    def create_all(self, request: GroupRequest, *, limit: int | None = None, step: int = MAX_LIMIT) -> Iterator[Step]:
        """Create a group of any size, a step at a time, and yield each; nothing happens before it is asked for the next.

        Each step is created as a whole or not at all. Who stops goes on with the ``rest`` of the last step.
        With a ``pace`` each step is planned first, and then asked for by its first and last date, so that it can be sent again
        and means the same runs.

        :param limit: how many runs to create at most, None for all.
        :param step: how many with one request, 1 to 500.
        :raises ClientError: as above; the steps before have happened.
        :raises Unsendable: as above, and before the first step when a date is there twice, or a list in ``conf_per_run`` is
            not as long as the dates.
        """
        until = _now()
        rest: GroupRequest | None = checked(request)
        while rest is not None and limit != 0:
            size = step if limit is None else min(step, limit)
            answer = self._create_step(step_of(rest, size), size)
            rest = rest_of(rest, size, answer, until)
            limit = None if limit is None else limit - len(answer["dag_run_ids"])
            yield Step(answer, rest)

    def plan_all(self, request: GroupRequest, *, limit: int | None = None, step: int = MAX_LIMIT) -> Iterator[Plan]:
        """Plan what the same creation would do, and yield each step, with the numbers that its runs would get.

        :raises ClientError: as above.
        """
        until = _now()
        rest: GroupRequest | None = checked(request)
        planned = 0
        while rest is not None and limit != 0:
            size = step if limit is None else min(step, limit)
            plan = self.plan(step_of(rest, size), limit=size, partial=True)
            found = len(plan["dag_run_ids"])
            limit = None if limit is None else limit - found
            rest = rest_of(rest, size, plan, until)
            goes_on = rest is not None and limit != 0
            yield renumbered(without_rest(plan, request.order) if goes_on else plan, planned)
            planned += found

    def group(self, dag_id: str, prefix: str) -> GroupProgress:
        """Return how far a group is: the very object of the last time, when nothing has happened since.

        :raises ClientError: as above.
        """
        path = _path("groups", dag_id, prefix)
        tag, known = self._seen.get(path, (None, None))
        answer = self._get(path, headers={} if tag is None else {"If-None-Match": tag})
        if answer.status_code == httpx.codes.NOT_MODIFIED and known is not None:
            return known
        group = read(answer, GroupAnswer)["group"]
        if "ETag" in answer.headers:
            self._seen[path] = (answer.headers["ETag"], group)
        return group

    def groups(self, dag_id: str) -> Iterator[Group]:
        """Yield the groups of a DAG, the newest first, a page at a time.

        :raises ClientError: as above.
        """
        for page in self._pages("/groups", GroupPage, dag_id=dag_id):
            yield from page["groups"]

    def runs(
        self, *, dag_id: str | None = None, prefix: str | None = None, state: str | None = None
    ) -> Iterator[DagRun]:
        """Yield runs in the order of their creation, a page at a time; ``prefix`` is how their ids begin, letter for letter.

        :raises ClientError: as above.
        """
        for page in self._pages("/dag_runs", DagRunPage, dag_id=dag_id, prefix=prefix, state=state):
            yield from page["dag_runs"]

    def dags(self) -> list[Dag]:
        """Return the DAGs.

        :raises ClientError: as above.
        """
        return read(self._get("/dags"), DagList)["dags"]

    def cancel(  # noqa: PLR0913 - each but the first two has a default
        self,
        dag_id: str,
        prefix: str,
        *,
        running: bool = False,
        dry_run: bool = False,
        step: int = STEP,
        on_step: Callable[[GroupActionResult], object] = lambda _: None,
    ) -> GroupActionResult:
        """Let the queued runs of a group fail, with ``running`` those, too, that have started; in as many steps as it takes.

        A step is sent again until it is answered: what is cancelled stays so.

        :param on_step: hears of each step.
        :raises ClientError: as above; the steps before have happened.
        """
        body = {"running": running, "dry_run": dry_run, "limit": step}
        return self._apply("cancel", dag_id, prefix, body, on_step, safe_to_repeat=True)

    def retry(  # noqa: PLR0913 - as above
        self,
        dag_id: str,
        prefix: str,
        *,
        which: str = Which.FAILED.value,
        dry_run: bool = False,
        step: int = STEP,
        on_step: Callable[[GroupActionResult], object] = lambda _: None,
    ) -> GroupActionResult:
        """Let runs of a group run again, the ``failed`` ones or ``all`` that have ended; in as many steps as it takes.

        A step is sent again from where it began. Had it been done already, a run that has failed once more meanwhile gets one
        more try; no run that has succeeded runs again. With ``all`` it could, so such a step is sent again only when it is
        known that nothing was done.

        :raises ClientError: as above; the steps before have happened.
        """
        body = {"which": which, "dry_run": dry_run, "limit": step}
        safe = dry_run or which == Which.FAILED.value
        return self._apply("retry", dag_id, prefix, body, on_step, safe_to_repeat=safe)

    def note(  # noqa: PLR0913 - as above
        self,
        dag_id: str,
        prefix: str,
        note: str,
        *,
        dry_run: bool = False,
        step: int = STEP,
        on_step: Callable[[GroupActionResult], object] = lambda _: None,
    ) -> GroupActionResult:
        """Put a note on each run of a group, in as many steps as it takes.

        :raises ClientError: as above; the steps before have happened.
        """
        body = {"note": note, "dry_run": dry_run, "limit": step}
        return self._apply("note", dag_id, prefix, body, on_step, safe_to_repeat=True)

    def _create_step(self, request: GroupRequest, size: int) -> Created:
        if request.pace is None or not request.says_its_dates:
            return self.create(request, limit=size, partial=True)
        plan = without_rest(self.plan(request, limit=size, partial=True), request.order)
        if not plan["dag_run_ids"]:
            return _as_created(plan)
        answer = self.create(exactly(request, plan), limit=size)
        # when an answer was lost, the next one counts no run, and so tells of no time that they need
        following = max(plan["next_not_before"], answer["next_not_before"], key=moment)
        return Created(
            dag_run_ids=answer["dag_run_ids"],
            existing=plan["existing"] + len(plan["dag_run_ids"]) - len(answer["dag_run_ids"]),
            next_start_date=plan["next_start_date"],
            warnings=plan["warnings"],
            next_not_before=following,
        )

    def _apply(  # noqa: PLR0913 - what the callers differ in
        self,
        action: str,
        dag_id: str,
        prefix: str,
        body: dict[str, Any],
        on_step: Callable[[GroupActionResult], object],
        *,
        safe_to_repeat: bool,
    ) -> GroupActionResult:
        path = f"{_path('groups', dag_id, prefix)}/{action}"
        done: list[str] = []
        start: int | None = 0
        while start is not None:
            answer = self._post(path, {**body, "start": start}, GroupActionResult, safe_to_repeat=safe_to_repeat)
            on_step(answer)
            done += answer["dag_run_ids"]
            start = answer["next_start"]
        return GroupActionResult(dag_run_ids=done, next_start=None, dry_run=bool(body["dry_run"]))

    def _pages(self, path: str, kind: type[_Answer], **where: str | None) -> Iterator[_Answer]:
        params: dict[str, Any] = {name: _encodable(value) for name, value in where.items() if value is not None}
        params["limit"] = PAGE
        while True:
            page: Any = read(self._get(path, params=params), kind)
            yield page
            if page["next_start"] is None:
                return
            params["start"] = page["next_start"]

    def _get(self, path: str, **more: Any) -> httpx.Response:
        return self._sender.send("GET", self._base + path, safe_to_repeat=True, **more)

    def _post(self, path: str, body: dict[str, Any], kind: type[_Answer], *, safe_to_repeat: bool) -> _Answer:
        answer = self._sender.send(
            "POST",
            self._base + path,
            safe_to_repeat=safe_to_repeat,
            content=_json(body),
            headers={"Content-Type": "application/json"},
        )
        return read(answer, kind)


def _bounds(request: GroupRequest, limit: int, *, partial: bool) -> dict[str, Any]:
    return {"limit": limit, "partial": partial} if request.says_its_dates else {}


def _as_created(plan: Plan) -> Created:
    """Return what a creation of nothing would have answered."""
    return Created(
        dag_run_ids=[],
        existing=plan["existing"],
        next_start_date=plan["next_start_date"],
        warnings=plan["warnings"],
        next_not_before=plan["next_not_before"],
    )


def _path(*parts: str) -> str:
    return "".join(f"/{quote(_encodable(part), safe='')}" for part in parts)


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        msg = f"{text!r} is no text that a request can send: {error.reason}"
        raise Unsendable(msg) from error
    return text


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"no request can send it as JSON: {error}"
        raise Unsendable(msg) from error


def _checked(url: str) -> str:
    """Return a URL below which there can be a service; a password in it shows in no error."""
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0]
    if "@" in authority:  # which the HTTP library would send in place of the token
        msg = "the URL must have no user and no password in it: a token says who asks"
        raise Unsendable(msg)
    if scheme.lower() not in {"http", "https"} or authority.partition(":")[0] == "":
        msg = f"the URL must begin with http:// or https://, and a host, not {url.rpartition('@')[2]!r}"
        raise Unsendable(msg)
    if "?" in url or "#" in url:
        msg = f"the URL must end with its path, and have no ? and no #, unlike {url!r}"
        raise Unsendable(msg)
    try:
        _ = urlsplit(url).port, httpx.URL(url).host
        httpx.URL(url).raw_host.decode().encode("idna")  # as a connection will, which would not say why
    except (ValueError, httpx.InvalidURL) as error:
        msg = f"{url!r} is no URL: {error}"
        raise Unsendable(msg) from error
    return url


def _sendable(token: str) -> str:
    # refused here, as an error of the HTTP library would show it
    if not token or not token.isprintable() or token != token.strip():
        msg = "the token is empty, or has white space around it or control characters in it: no request can send it"
        raise ValueError(msg)
    return token


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)
