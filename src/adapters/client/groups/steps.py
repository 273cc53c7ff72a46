"""Groups of any size, created in steps of so many runs, 500 unless it is said: each response says where the next step begins."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from airflow_run_groups.adapters.client.errors import Unreachable, Unsendable
from airflow_run_groups.adapters.client.responses import CreatedRuns, Plan, PlannedDate, PlanSummary, Stretch
from airflow_run_groups.adapters.client.sending.retries import is_too_slow
from airflow_run_groups.domain import DEFAULT_PREFIX, Action, GroupRunId, Order, name_of_group
from airflow_run_groups.domain.planning.plan import CUT

PATIENCE = 8
"""Steps that have to succeed before a larger one is tried again; twice as many after each that was too large."""

_Response = TypeVar("_Response", bound=CreatedRuns)
_Any = TypeVar("_Any")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """A group to create, with the keys of the service. ``dates`` may be longer here than one HTTP request takes.

    Dates are ISO 8601, or datetimes; without an offset they are in the service's ``default_timezone``. The steps after the
    first add to the group of the first one: they have ``new_group`` False, and once runs are created they leave its control,
    ``max_active_runs``, ``paused`` and ``stop_after``, as it is, and its ``notify``.
    """

    dag_id: str
    prefix: str = DEFAULT_PREFIX
    start_date: str | dt.datetime | None = None
    end_date: str | dt.datetime | None = None
    dates: Sequence[str | dt.datetime] | None = None
    interval: str | None = None
    conf: Mapping[str, Any] | None = None
    conf_per_run: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    note: str | None = None
    not_before: str | dt.datetime | None = None
    pace: str | None = None
    order: str = Order.ASC.value
    new_group: bool | None = None
    bundle_version: str | None = None
    max_active_runs: int | None = None
    paused: bool | None = None
    stop_after: Mapping[str, int] | None = None
    run_type: str | None = None
    description: str | None = None
    labels: Sequence[str] | None = None
    notify: Mapping[str, Any] | None = None
    reprocess_behavior: str | None = None
    plan_id: str | None = None

    @property
    def group(self) -> str:
        """The name of the group, by which it is listed and addressed: the prefix without one underscore at its end."""
        return name_of_group(self.prefix)

    @property
    def has_dates(self) -> bool:
        """Whether a second request means the same runs, and not one more run now."""
        return self.start_date is not None or self.dates is not None

    def of_plan(self, plan: Plan) -> "GroupRequest":
        """Return the request that does exactly this plan of it."""
        return replace(self, plan_id=plan.get("plan_id"))

    @property
    def body(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: _in_json(value) for key, value in values.items() if value is not None}


class Step(NamedTuple):
    """A step that is done, and the request for what is left; None when nothing is."""

    created: CreatedRuns
    rest: GroupRequest | None


class StepSize:
    """How many runs one request takes: half as many when that takes the service too long, and more again after a while."""

    def __init__(
        self, most: int, *, on_shrink: Callable[[Unreachable, int], object] = lambda _error, _size: None
    ) -> None:
        """Begin with the most; ``on_shrink`` is called with the error of a step, and the size of the next attempt."""
        self._most = self._size = most
        self._on_shrink = on_shrink
        self._patience = PATIENCE
        self._left = PATIENCE
        self._has_grown = False

    def send(self, send: Callable[[int], _Any], *, at_most: int | None = None) -> tuple[_Any, int]:
        """Send a step, in a size with which the service can cope; return its response, and that size.

        :raises Unreachable: also when a single run takes too long.
        """
        while True:
            size = self._size if at_most is None else min(self._size, at_most)
            try:
                response = send(size)
            except Unreachable as error:
                if size == 1 or not is_too_slow(error):
                    raise
                self._shrink(size)
                self._on_shrink(error, self._size)
            else:
                self._grow()
                return response, size

    def _shrink(self, size: int) -> None:
        if self._has_grown:
            self._patience *= 2
            self._has_grown = False
        self._size = max(1, size // 2)
        self._left = self._patience

    def _grow(self) -> None:
        if self._size == self._most:
            return
        self._left -= 1
        if not self._left:
            self._size = min(2 * self._size, self._most)
            self._left = self._patience
            self._has_grown = True


def in_steps(
    send: Callable[[GroupRequest, int], _Response],
    request: GroupRequest,
    *,
    limit: int | None,
    step: StepSize,
    until: dt.datetime,
) -> Iterator[tuple[_Response, GroupRequest | None]]:
    """Send a request step by step; yield each response, and the request for what is left.

    :param limit: how many runs in all steps together, None for all.
    :param step: how many in one step.
    :param until: the end of a range that has none, so that all of its steps mean the same range.
    :raises Unsendable: before the first step, when a date is listed twice, or a list in ``conf_per_run`` is not as long
        as the dates: the service sees the dates of one step only.
    """
    check_dates(request)
    rest: GroupRequest | None = request
    while rest is not None and limit != 0:
        # without dates it is one run, whatever the limit is
        response, size = step.send(partial(_send_part, send, rest), at_most=limit if rest.has_dates else 1)
        rest = rest_of(rest, size, response, until)
        limit = None if limit is None else limit - runs_in(response)
        yield response, rest


def runs_in(response: CreatedRuns) -> int:
    """Return how many runs a response is about: those that were created, and those that run again."""
    return len(response["dag_run_ids"]) + len(response.get("rerun_dag_run_ids", []))


def exact_range(request: GroupRequest, plan: Plan) -> GroupRequest:
    """Return the request for the runs of a plan and no others: sent twice, it does not mean the next ones."""
    if request.dates is not None:
        return request
    dates = sorted(
        (date["logical_date"] for date in plan["plan"] if date["action"] == Action.CREATE.value), key=parse_date
    )
    return replace(request, start_date=dates[0], end_date=dates[-1])


def as_planned(plan: Plan, created: CreatedRuns) -> CreatedRuns:
    """Return the response to a step that was planned first; ``created`` says which of its runs this request has created."""
    return CreatedRuns(
        dag_run_ids=created["dag_run_ids"],
        existing=plan["existing"] + len(plan["dag_run_ids"]) - len(created["dag_run_ids"]),
        next_start_date=plan["next_start_date"],
        warnings=plan["warnings"],
        # after a lost response, the retry counts no run, and its ``next_not_before`` is too early
        next_not_before=max(plan["next_not_before"], created["next_not_before"], key=parse_date),
    )


def without_rest(plan: Plan, order: str) -> Plan:
    """Return a plan without the dates that the next step plans anew."""
    following = plan["next_start_date"]
    if following is None:
        return plan
    end = parse_date(following)

    def is_before(date: PlannedDate) -> bool:
        own = parse_date(date["logical_date"])
        return own > end if order == Order.DESC.value else own < end

    dates = [date for date in plan["plan"] if is_before(date)]
    return Plan(**{**plan, "plan": dates, "warnings": [one for one in plan["warnings"] if not one.startswith(CUT)]})


def renumbered(plan: Plan, before: int) -> Plan:
    """Return a plan with the numbers that its runs get when so many others were created before: a plan creates none."""
    ids = {run_id: _later(run_id, before) for run_id in plan["dag_run_ids"]}
    dates = [
        PlannedDate(**{**date, "run_id": ids[date["run_id"] or ""]}) if date["action"] == Action.CREATE.value else date
        for date in plan["plan"]
    ]
    return Plan(**{**plan, "dag_run_ids": list(ids.values()), "plan": dates})


def stretches_of(dates: Iterable[PlannedDate]) -> list[Stretch]:
    """Return the dates of a plan in short."""
    stretches: list[Stretch] = []
    for date in dates:
        day = date["logical_date"]
        _append(stretches, Stretch(action=date["action"], first=day, last=day, total=1))
    return stretches


def joined(parts: Sequence[PlanSummary]) -> PlanSummary:
    """Return the summary of one range from those of its parts."""
    stretches: list[Stretch] = []
    for part in parts:
        for stretch in part["stretches"]:
            _append(stretches, stretch)
    run_ids = [run_id for part in parts for run_id in (part["first_run_id"], part["last_run_id"]) if run_id is not None]
    summary = PlanSummary(
        dry_run=True,
        counts={action: sum(part["counts"][action] for part in parts) for action in parts[0]["counts"]},
        stretches=stretches,
        first_run_id=run_ids[0] if run_ids else None,
        last_run_id=run_ids[-1] if run_ids else None,
        existing=sum(part["existing"] for part in parts),
        next_start_date=parts[-1]["next_start_date"],
        warnings=same_but_for_numbers(warning for part in reversed(parts) for warning in part["warnings"]),
        expected_seconds=expected_seconds(parts, is_paced="next_not_before" in parts[-1]),
    )
    if len(parts) == 1 and "plan_id" in parts[0]:
        summary["plan_id"] = parts[0]["plan_id"]
    if "next_not_before" in parts[-1]:
        summary["next_not_before"] = parts[-1]["next_not_before"]
    return summary


def expected_seconds(plans: Sequence[Plan | PlanSummary], *, is_paced: bool) -> float | None:
    """Add up the steps, each estimated as if it were alone; the estimate of a paced step includes those before."""
    seconds = [plan["expected_seconds"] for plan in plans]
    known = [value for value in seconds if value is not None]
    if len(known) < len(seconds):
        return None
    return max(known) if is_paced else sum(known)


def same_but_for_numbers(warnings: Iterable[str]) -> list[str]:
    """Return the first of those warnings each that differ in their numbers alone, as those of several steps do."""
    kinds: dict[str, str] = {}
    for warning in warnings:
        kinds.setdefault(_NUMBER.sub("0", warning), warning)
    return list(kinds.values())


_NUMBER = re.compile(r"[0-9]+")


def _append(stretches: list[Stretch], stretch: Stretch) -> None:
    """Add a stretch, to the last one if that has the same action."""
    last = stretches[-1] if stretches else None
    if last is None or last["action"] != stretch["action"]:
        stretches.append(stretch)
    else:
        total = last["total"] + stretch["total"]
        stretches[-1] = Stretch(action=last["action"], first=last["first"], last=stretch["last"], total=total)


def parse_date(date: str) -> dt.datetime:
    return dt.datetime.fromisoformat(date.replace("Z", "+00:00"))


def check_dates(request: GroupRequest) -> None:
    """Check listed dates as a whole: the service sees those of one step only.

    :raises Unsendable: when a date is listed twice, or a list in ``conf_per_run`` is not as long as the dates.
    """
    if request.dates is None:
        return
    dates = _in_json(request.dates)
    if len(set(dates)) < len(dates):
        twice = next(date for date in dates if dates.count(date) > 1)
        msg = f"the date {twice} is there more than once"
        raise Unsendable(msg)
    confs = request.conf_per_run
    if isinstance(confs, Sequence) and len(confs) != len(dates):
        msg = f"conf_per_run has {len(confs)} objects for {len(dates)} dates: it must have one for each"
        raise Unsendable(msg)


def _send_part(send: Callable[[GroupRequest, int], _Response], request: GroupRequest, size: int) -> _Response:
    return send(first_part(request, size), size)


def first_part(request: GroupRequest, size: int) -> GroupRequest:
    """Return the request for the first listed dates. A range stays whole: its ``limit`` ends the step."""
    return _part(request, slice(size))


def _part(request: GroupRequest, part: slice) -> GroupRequest:
    if request.dates is None:
        return request
    confs = request.conf_per_run
    return replace(
        request, dates=request.dates[part], conf_per_run=confs[part] if isinstance(confs, Sequence) else confs
    )


def rest_of(
    request: GroupRequest, size: int, response: CreatedRuns | PlanSummary, until: dt.datetime
) -> GroupRequest | None:
    """Return the request for what a response leaves; ``size`` is how many of the listed dates it was about."""
    request = replace(request, not_before=response.get("next_not_before", request.not_before), new_group=False)
    request = replace(request, plan_id=None)
    if not response.get("dry_run") and (response.get("dag_run_ids") or response.get("rerun_dag_run_ids")):
        request = replace(request, max_active_runs=None, paused=None, stop_after=None, notify=None)
    following = response["next_start_date"]
    if request.dates is not None:
        if following is not None and not response.get("dry_run"):
            return request  # it ended early, and what is done is left alone
        rest = _part(request, slice(size, None))
        return rest if rest.dates else None
    if following is None:
        return None
    if request.order == Order.DESC.value:
        return replace(request, end_date=following)
    return replace(request, start_date=following, end_date=request.end_date or max(until, parse_date(following)))


def _later(run_id: str, before: int) -> str:
    group_id = GroupRunId.parse(run_id)
    return run_id if group_id is None else str(replace(group_id, number=group_id.number + before))


def _in_json(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [item.isoformat() if isinstance(item, dt.datetime) else item for item in value]
    return value
