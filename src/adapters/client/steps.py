"""Groups of any size, created in steps of at most 500 runs: each response says where the next step begins."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

from airflow_run_groups.adapters.client.errors import Unsendable
from airflow_run_groups.adapters.client.responses import CreatedRuns, Plan, PlannedDate
from airflow_run_groups.domain import DEFAULT_PREFIX, Action, GroupRunId, Order, name_of_group

_Response = TypeVar("_Response", bound=CreatedRuns)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """A group to create, with the keys of the service. ``dates`` may be longer here than one HTTP request takes.

    Dates are ISO 8601, or datetimes; without an offset they are in the service's ``default_timezone``. The steps after the
    first add to the group of the first one: they have ``new_group`` False.
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

    @property
    def group(self) -> str:
        """The name of the group, by which it is listed and addressed: the prefix without one underscore at its end."""
        return name_of_group(self.prefix)

    @property
    def has_dates(self) -> bool:
        """Whether a second request means the same runs, and not one more run now."""
        return self.start_date is not None or self.dates is not None

    @property
    def body(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: _in_json(value) for key, value in values.items() if value is not None}


class Step(NamedTuple):
    """A step that is done, and the request for what is left; None when nothing is."""

    created: CreatedRuns
    rest: GroupRequest | None


def in_steps(
    send: Callable[[GroupRequest, int], _Response],
    request: GroupRequest,
    *,
    limit: int | None,
    step: int,
    until: dt.datetime,
) -> Iterator[tuple[_Response, GroupRequest | None]]:
    """Send a request step by step; yield each response, and the request for what is left.

    :param limit: how many runs in all steps together, None for all.
    :param until: the end of a range that has none, so that all of its steps mean the same range.
    :raises Unsendable: before the first step, when a date is listed twice, or a list in ``conf_per_run`` is not as long
        as the dates: the service sees the dates of one step only.
    """
    _check_dates(request)
    rest: GroupRequest | None = request
    while rest is not None and limit != 0:
        size = step if limit is None else min(step, limit)
        response = send(_part(rest, slice(size)), size)
        rest = _rest(rest, size, response, until)
        limit = None if limit is None else limit - len(response["dag_run_ids"])
        yield response, rest


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

    return Plan(**{**plan, "plan": [date for date in plan["plan"] if is_before(date)]})


def renumbered(plan: Plan, before: int) -> Plan:
    """Return a plan with the numbers that its runs get when so many others were created before: a plan creates none."""
    ids = {run_id: _later(run_id, before) for run_id in plan["dag_run_ids"]}
    dates = [
        PlannedDate(**{**date, "run_id": ids[date["run_id"] or ""]}) if date["action"] == Action.CREATE.value else date
        for date in plan["plan"]
    ]
    return Plan(**{**plan, "dag_run_ids": list(ids.values()), "plan": dates})


def parse_date(date: str) -> dt.datetime:
    return dt.datetime.fromisoformat(date.replace("Z", "+00:00"))


def _check_dates(request: GroupRequest) -> None:
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


def _part(request: GroupRequest, part: slice) -> GroupRequest:
    """Return the request for a part of the listed dates. A range stays whole: its ``limit`` ends the step."""
    if request.dates is None:
        return request
    confs = request.conf_per_run
    return replace(
        request, dates=request.dates[part], conf_per_run=confs[part] if isinstance(confs, Sequence) else confs
    )


def _rest(request: GroupRequest, size: int, response: CreatedRuns, until: dt.datetime) -> GroupRequest | None:
    request = replace(request, not_before=response.get("next_not_before", request.not_before), new_group=False)
    if request.dates is not None:
        rest = _part(request, slice(size, None))
        return rest if rest.dates else None
    following = response["next_start_date"]
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
