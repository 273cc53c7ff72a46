"""The client: a method for each endpoint, and groups of any size."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from airflow_run_groups.adapters.client.errors import Unreachable
from airflow_run_groups.adapters.client.groups.coverage import in_parts, joined_coverage, with_rest
from airflow_run_groups.adapters.client.groups.creations import Creations
from airflow_run_groups.adapters.client.groups.known_groups import KnownGroups
from airflow_run_groups.adapters.client.groups.steps import (
    GroupRequest,
    Step,
    StepSize,
    check_dates,
    first_part,
    in_steps,
    joined,
    renumbered,
    rest_of,
    runs_in,
    without_rest,
)
from airflow_run_groups.adapters.client.groups.waiting import is_unfinished, looks
from airflow_run_groups.adapters.client.lists import Lists
from airflow_run_groups.adapters.client.options import ActionOptions, Wishes
from airflow_run_groups.adapters.client.responses import (
    Coverage,
    CoverageResponse,
    CreatedRuns,
    DagCoverage,
    DagCoveragePage,
    GroupActionResult,
    GroupChangeResult,
    GroupProgress,
    Plan,
    PlanSummary,
)
from airflow_run_groups.adapters.client.sending import encoding
from airflow_run_groups.adapters.client.sending.retries import Sender, UpcomingRetry, parse
from airflow_run_groups.domain import MAX_LIMIT, Action, Detail, Which

if TYPE_CHECKING:
    from typing_extensions import Unpack  # typing has it from Python 3.11 on

STEP = 100
"""Runs to which one request applies an action."""

_Response = TypeVar("_Response")


class Client(Lists):
    """A client of the service at a URL, on its own or inside Airflow's API server; to be closed, as by ``with``.

    Requests without a response are sent again as docs/groups.md has it under "A safe repeat", for ``retry_for`` seconds.
    Every method raises :class:`RefusedByService` when the service refuses a request, :class:`Unreachable` when no response
    comes, both with :class:`ClientError` as their base, and :class:`Unsendable`, a ValueError, for what no request can say,
    such as a NaN. The steps and pages before an error have happened.

    >>> with Client("http://127.0.0.1:8000") as client:
    ...     for created, rest in client.create_all(GroupRequest(dag_id="example_hourly", start_date="2025-01-01")):
    ...         print(len(created["dag_run_ids"]))
    """

    def __init__(  # noqa: PLR0913 - each but the first has a default
        self,
        url: str,
        token: str | None = None,
        *,
        auth: httpx.Auth | None = None,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 30.0,
        retry_for: float = 60.0,
        connect_for: float | None = None,
        on_retry: Callable[[UpcomingRetry], object] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect with the first request.

        :param url: where the service is, with the path that it has below a proxy, with or without ``/api/v1``.
        :param token: the service's, or Airflow's where it takes Airflow's users.
        :param auth: what signs each request in place of a token, such as :class:`AirflowUser`.
        :param verify: which certificates of the service are trusted; True: those that the HTTP library trusts.
        :param transport: what carries the requests in place of a connection, such as ``httpx.WSGITransport``.
        :param timeout: seconds to wait for a response; the service itself ends a write after 25.
        :param connect_for: ``retry_for`` as long as the service was never reached, or its database does not let it work;
            None for the same.
        :param on_retry: called before each retry.
        :raises Unsendable: a ValueError, when no service can have this URL, or no request can send the token.
        """
        self._base = encoding.base_url(url)
        headers = encoding.headers(token)
        self._http = httpx.Client(headers=headers, auth=auth, verify=verify, transport=transport, timeout=timeout)
        self._on_retry = on_retry
        self._sleep = sleep
        self._sender = Sender(self._http, retry_for=retry_for, connect_for=connect_for, on_retry=on_retry, sleep=sleep)
        self._creations = Creations(self._post)
        self._known = KnownGroups()

    def __enter__(self) -> Client:  # noqa: PYI034 - typing has Self from Python 3.11 on
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def create(self, request: GroupRequest, *, limit: int = MAX_LIMIT, partial: bool = False) -> CreatedRuns:
        """Create a group with one request, all of its runs or none.

        A request that has dates, or a ``plan_id``, is retried until it has a response; "one run now" only when it is known that nothing was
        done. With ``partial``, the dates of a lost response are there, and a retry creates the next ones.
        """
        return self._creations.create(request, limit, partial=partial)

    def plan(self, request: GroupRequest, *, limit: int = MAX_LIMIT, partial: bool = False) -> Plan:
        """Return what the same creation would do."""
        return self._creations.plan(request, limit, partial=partial)

    def create_all(self, request: GroupRequest, *, limit: int | None = None, step: int = MAX_LIMIT) -> Iterator[Step]:
        """Create a group of any size, and yield each step; the next one is sent when the caller goes on.

        Each step is created as a whole or not at all. The ``rest`` of the last step is the request with which to continue.
        With a ``pace`` each step is planned first, and then requested by its first and last date, so that a retry means the
        same runs. With ``reprocess_behavior`` completed it is planned first, and requested by its ``plan_id``.

        :param limit: how many runs to create at most, None for all.
        :param step: how many with one request, 1 to 500, or to the service's ``max_limit``; fewer when that takes it too long.
        :raises Unsendable: before the first step, when a date is listed twice, or a list in ``conf_per_run`` is not as long
            as the dates.
        """
        for created, rest in in_steps(
            self._creations.create_step, request, limit=limit, step=self._steps(step), until=_now()
        ):
            yield Step(created, rest)

    def plan_all(self, request: GroupRequest, *, limit: int | None = None, step: int = MAX_LIMIT) -> Iterator[Plan]:
        """Plan what the same creation would do, and yield each step, with the numbers that its runs would get."""
        planned = runs = 0
        for plan, rest in in_steps(
            self._creations.plan_step, request, limit=limit, step=self._steps(step), until=_now()
        ):
            before, planned = planned, planned + len(plan["dag_run_ids"])
            runs += runs_in(plan)
            is_last = rest is None or runs == limit
            yield renumbered(plan if is_last else without_rest(plan, request.order), before)

    def summarise(self, request: GroupRequest, *, limit: int | None = None) -> PlanSummary:
        """Return the plan of a group of any size in short; one request plans thousands of dates.

        :param limit: at most so many runs, 1 to the service's ``max_limit``, which is 500 unless it is set; None for all dates.
        :raises Unsendable: as ``create_all``.
        """
        check_dates(request)
        rest: GroupRequest | None = request
        parts: list[PlanSummary] = []
        until = _now()
        bounds = {} if limit is None or not request.has_dates else {"limit": limit, "partial": True}
        while rest is not None:
            part = first_part(rest, MAX_LIMIT if limit is None else limit)
            planned = sum(one["counts"][Action.CREATE.value] for one in parts)
            body = {**part.body, **bounds, "dry_run": True, "detail": Detail.STRETCHES.value, "planned": planned}
            parts.append(self._post("/dag_runs", body, PlanSummary, safe_to_retry=True))
            rest = None if limit is not None else rest_of(rest, MAX_LIMIT, parts[-1], until)
        return joined(parts)

    def group(self, dag_id: str, prefix: str) -> GroupProgress:
        """Return how far a group is: the very object of the last call, when nothing has happened since."""
        path = encoding.path("groups", dag_id, prefix)
        return self._known.read(path, self._get(path, headers=self._known.condition(path)))

    def wait(self, dag_id: str, prefix: str, *, timeout: float | None = None) -> GroupProgress:
        """Return a group when all of its runs have ended, with how many of them succeeded and failed.

        It looks every second, and every five seconds while nothing happens.

        :param timeout: seconds; None for as long as it takes.
        :raises TimeoutError: when some runs have not ended by then. They go on.
        """
        for group in looks(lambda: self.group(dag_id, prefix), timeout, sleep=self._sleep):
            states = group["states"]
        if is_unfinished(group):
            msg = f"group {prefix!r} of DAG {dag_id!r} has {states['queued']} queued and {states['running']} running runs after {timeout:g} s"
            raise TimeoutError(msg)
        return group

    def coverage(
        self, dag_id: str, start_date: str | dt.datetime, end_date: str | dt.datetime | None = None
    ) -> Coverage:
        """Return what became of each date that a DAG's schedule holds in a range of any size, date by date.

        :param end_date: now when it is None; all requests that it takes mean the same moment.
        """
        start: str | None = encoding.date(start_date)
        end = encoding.date(_now() if end_date is None else end_date)
        parts: list[Coverage] = []
        while start is not None:
            where = {"dag_id": encoding.text(dag_id), "start_date": start, "end_date": end, "detail": "dates"}
            parts.append(parse(self._get("/coverage", params=where), CoverageResponse)["coverage"])
            start = parts[-1]["next_start_date"]
        return joined_coverage(parts)

    def coverages(
        self,
        start_date: str | dt.datetime,
        end_date: str | dt.datetime | None = None,
        *,
        dag_ids: Sequence[str] | None = None,
        tag: str | None = None,
    ) -> Iterator[DagCoverage]:
        """Yield how many dates of these DAGs, or of all with a tag, have each status, a page at a time.

        :param end_date: now when it is None; all requests that it takes mean the same moment.
        """
        end = encoding.date(_now() if end_date is None else end_date)
        for part in [None] if dag_ids is None else in_parts(dag_ids):
            where: dict[str, Any] = {
                "dag_id": part,
                "tag": tag,
                "start_date": encoding.date(start_date),
                "end_date": end,
            }
            for page in self._pages("/coverage", DagCoveragePage, **where):
                for found in page["coverages"]:
                    rest = found["next_start_date"]
                    yield found if rest is None else with_rest(found, self.coverage(found["dag_id"], rest, end))

    def cancel(
        self, dag_id: str, prefix: str, *, running: bool = False, **options: Unpack[ActionOptions]
    ) -> GroupActionResult:
        """Let the queued runs of a group fail, and with ``running`` those that have started, too.

        A step is retried until it has a response: a cancelled run stays cancelled.
        """
        return self._apply("cancel", dag_id, prefix, {"running": running}, options)

    def retry(  # noqa: PLR0913 - each has a default
        self,
        dag_id: str,
        prefix: str,
        *,
        which: str | None = None,
        pace: str | None = None,
        not_before: str | dt.datetime | None = None,
        run_on_latest_version: bool | None = None,
        tasks: Sequence[str] | None = None,
        **options: Unpack[ActionOptions],
    ) -> GroupActionResult:
        """Let runs of a group run again: the ``failed`` ones, the ``cancelled`` ones, both (None), or ``all`` that have ended.

        With ``tasks`` only these tasks of them, and all that is downstream.

        A step is retried from where it began. If it was done already, a run that has failed once more meanwhile gets one
        more try; no run that has succeeded runs again. With ``all`` one could, so such a step is retried only when it is
        known that nothing was done.
        """
        parameters = {
            "which": which,
            "pace": pace,
            "not_before": None if not_before is None else encoding.date(not_before),
            "run_on_latest_version": run_on_latest_version,
            "tasks": None if tasks is None else list(tasks),
        }
        given = {key: value for key, value in parameters.items() if value is not None}
        return self._apply("retry", dag_id, prefix, given, options)

    def change(self, dag_id: str, prefix: str, *, dry_run: bool = False, **wishes: Unpack[Wishes]) -> GroupChangeResult:
        """Change whether, how many at once, when and in which order the runs of a group start; None restores a default.

        It is retried until it has a response: the same change again changes nothing.
        """
        not_before = wishes.get("not_before")
        body: dict[str, Any] = {**wishes, "dry_run": dry_run}
        if isinstance(not_before, dt.datetime):
            body["not_before"] = not_before.isoformat()
        return self._write(
            "PATCH", encoding.path("groups", dag_id, prefix), body, GroupChangeResult, safe_to_retry=True
        )

    def note(self, dag_id: str, prefix: str, note: str, **options: Unpack[ActionOptions]) -> GroupActionResult:
        return self._apply("note", dag_id, prefix, {"note": note}, options)

    def _steps(self, most: int) -> StepSize:
        def report(error: Unreachable, size: int) -> None:
            self._on_retry(
                UpcomingRetry(
                    reason=f"{error}; {size} at a time", seconds=0.0, response_lost=not error.nothing_was_done
                )
            )

        return StepSize(most, on_shrink=report)

    def _apply(
        self, action: str, dag_id: str, prefix: str, parameters: Mapping[str, Any], options: ActionOptions
    ) -> GroupActionResult:
        dry_run = options.get("dry_run", False)
        path = encoding.path("groups", dag_id, prefix, action)
        safe_to_retry = dry_run or parameters.get("which") != Which.ALL.value
        body = {**parameters, **_chosen(options), "dry_run": dry_run}
        steps = self._steps(options.get("step", STEP))

        def send(size: int) -> GroupActionResult:
            return self._post(
                path,
                {**body, "limit": size, "start": start},
                GroupActionResult,
                safe_to_retry=safe_to_retry,
                can_shrink=size > 1,
            )

        done: list[str] = []
        warnings: list[str] = []
        start: int | None = 0
        while start is not None:
            result, _ = steps.send(send)
            if "on_step" in options:
                options["on_step"](result)
            done += result["dag_run_ids"]
            warnings += result["warnings"]
            start = result["next_start"]
            if "next_not_before" in result:
                body["not_before"] = result["next_not_before"]
        return GroupActionResult(dag_run_ids=done, next_start=None, dry_run=dry_run, warnings=warnings)

    def _get(self, path: str, **more: Any) -> httpx.Response:
        return self._sender.send("GET", self._base + path, safe_to_retry=True, **more)

    def _post(self, path: str, body: Mapping[str, Any], kind: type[_Response], **how: bool) -> _Response:
        return self._write("POST", path, body, kind, **how)

    def _write(self, method: str, path: str, body: Mapping[str, Any], kind: type[_Response], **how: bool) -> _Response:
        content = encoding.json_body(body)
        headers = {"Content-Type": "application/json"}
        return parse(self._sender.send(method, self._base + path, content=content, headers=headers, **how), kind)


def _chosen(options: ActionOptions) -> dict[str, list[str]]:
    dates, run_ids = options.get("dates"), options.get("run_ids")
    chosen: dict[str, list[str]] = {}
    if dates is not None:
        chosen["dates"] = [encoding.date(date) for date in dates]
    if run_ids is not None:
        chosen["run_ids"] = list(run_ids)
    return chosen


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)
