"""How a group of any size is asked for: in steps of at most 500 runs, each of which says where the next one begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from airflow_run_groups.adapters.client.errors import Unsendable
from airflow_run_groups.adapters.client.responses import Created, Plan, PlannedDate
from airflow_run_groups.domain import DEFAULT_PREFIX, Action, GroupRunId, Order


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """A group to create, in the words of the service. ``dates`` may be longer here than one request takes.

    Dates are ISO 8601, or datetimes; without an offset they are in the service's ``default_timezone``.
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

    @property
    def says_its_dates(self) -> bool:
        """Whether sent again it means the same runs, and not one run now, and another one now."""
        return self.start_date is not None or self.dates is not None

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        asked = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: _sent(value) for key, value in asked.items() if value is not None}


class Step(NamedTuple):
    """A step that is done: what was answered, and what is left to ask for, None when nothing is."""

    answer: Created
    rest: GroupRequest | None


def checked(request: GroupRequest) -> GroupRequest:
    """Return a request whose dates have what each step needs of them: the service sees the dates of one step only.

    :raises Unsendable: when a date is there twice, or a list in ``conf_per_run`` is not as long as they are.
    """
    if request.dates is None:
        return request
    dates = _sent(request.dates)
    if len(set(dates)) < len(dates):
        twice = next(date for date in dates if dates.count(date) > 1)
        msg = f"the date {twice} is there more than once"
        raise Unsendable(msg)
    per_run = request.conf_per_run
    if isinstance(per_run, Sequence) and len(per_run) != len(dates):
        msg = f"conf_per_run has {len(per_run)} objects for {len(dates)} dates: it must have one for each"
        raise Unsendable(msg)
    return request


def step_of(request: GroupRequest, size: int) -> GroupRequest:
    """Return what a step of this size asks for: of listed dates the first ones, of a range all that is left."""
    if request.dates is None:
        return request
    per_run = request.conf_per_run
    return replace(
        request, dates=request.dates[:size], conf_per_run=per_run[:size] if isinstance(per_run, Sequence) else per_run
    )


def rest_of(request: GroupRequest, size: int, answer: Created, until: dt.datetime) -> GroupRequest | None:
    """Return what is left after a step, None when that was all.

    :param until: the end of a range that has none, so that all of its steps mean the same range.
    """
    request = replace(request, not_before=answer.get("next_not_before", request.not_before))
    if request.dates is not None:
        per_run = request.conf_per_run
        rest = replace(
            request,
            dates=request.dates[size:],
            conf_per_run=per_run[size:] if isinstance(per_run, Sequence) else per_run,
        )
        return rest if rest.dates else None
    following = answer["next_start_date"]
    if following is None:
        return None
    if request.order == Order.DESC.value:
        return replace(request, end_date=following)
    return replace(request, start_date=following, end_date=request.end_date or max(until, moment(following)))


def exactly(request: GroupRequest, plan: Plan) -> GroupRequest:
    """Return the request for the runs of a plan and no others: sent twice, it does not mean the next ones."""
    if request.dates is not None:
        return request
    dates = sorted((date["logical_date"] for date in plan["plan"] if date["action"] == Action.CREATE.value), key=moment)
    return replace(request, start_date=dates[0], end_date=dates[-1])


def without_rest(plan: Plan, order: str) -> Plan:
    """Return a plan without the dates that the next step plans anew."""
    following = plan["next_start_date"]
    if following is None:
        return plan
    end = moment(following)

    def is_before(date: PlannedDate) -> bool:
        own = moment(date["logical_date"])
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


def moment(date: str) -> dt.datetime:
    """Read a date of an answer."""
    return dt.datetime.fromisoformat(date.replace("Z", "+00:00"))


def _later(run_id: str, before: int) -> str:
    group_id = GroupRunId.parse(run_id)
    return run_id if group_id is None else str(replace(group_id, number=group_id.number + before))


def _sent(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [one.isoformat() if isinstance(one, dt.datetime) else one for one in value]
    return value
