"""``plan``, ``status``, ``list`` and ``dags``: what there is, or would be."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click

from airflow_run_groups.adapters.client import CreatedRuns, GroupProgress, GroupRequest, Plan, PlannedDate
from airflow_run_groups.domain import Action, GroupRunId
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import count_runs
from airflow_run_groups.entrypoints.terminal.session import Session

_WITHOUT_RUN = (Action.LEFT_OUT.value, Action.NOT_YET.value, Action.NO_TASKS.value)
_TEXT_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?")
_WHOLE = 10
"""Runs a minute from which on their tenths are not shown."""
_SHOWN = 5
"""Dates with each of these actions that a table shows, when there may be a thousand."""
_PLANNED = {
    "logical_date": "logical date",
    "action": "action",
    "run_id": "run id",
    "run_after": "run after",
    "reason": "reason",
}
_DAGS = {"dag_id": "dag id", "is_active": "active", "last_execution": "last date", "full_path": "file"}
_RUNS = {
    "run_id": "run id",
    "state": "state",
    "execution_date": "logical date",
    "start_date": "start",
    "end_date": "end",
}
_GROUPS = {
    "prefix": "prefix",
    "runs": "runs",
    "queued": "queued",
    "running": "running",
    "success": "success",
    "failed": "failed",
    "first_logical_date": "first date",
    "last_logical_date": "last date",
    "cancelled": "cancelled",
}


def plan(session: Session, *, limit: int | None, step: int, **request: Any) -> int:
    group = GroupRequest(**request)
    plans = list(session.client.plan_all(group, limit=limit, step=step))
    dates = [date for plan in plans for date in plan["plan"]]
    seconds = _expected_seconds(plans, is_paced=group.pace is not None)
    document = {**combined(group, plans), "dry_run": True, "expected_seconds": seconds, "plan": dates}
    output = session.output
    if output.is_structured:
        output.document(document)
    elif output.format == "plain":
        output.rows(dates, _PLANNED)
    else:
        shown, more = _abridged(dates)
        output.rows(shown, _PLANNED)
        for action, count in more.items():
            output.summary(f"and {count:,} more that are {action}")
        takes = "" if seconds is None else f", in {duration(seconds)} at the earliest"
        output.summary(
            f"\n{count_runs(document['dag_run_ids'])} would be created{takes}; {document['existing']:,} dates have a run already"
        )
    output.warnings(document["warnings"])
    return exits.SUCCEEDED


def status(session: Session, *, dag_id: str, prefix: str) -> int:
    group = session.client.group(dag_id, prefix)
    session.output.facts(facts(group), document=group)
    return exits.SUCCEEDED


def list_(session: Session, *, dag_id: str, prefix: str | None, state: str | None) -> int:
    if prefix is not None:
        runs = _runs(session, dag_id, prefix, state)
        if not runs and prefix.endswith("_"):
            session.client.group(dag_id, prefix)  # its error names the group that may be meant
        session.output.rows(_with_zone(runs), _RUNS)
    elif state is not None:
        msg = "--state needs --prefix: it is about the runs of a group"
        raise click.UsageError(msg)
    else:
        groups: list[Any] = list(session.client.groups(dag_id))
        if not session.output.is_structured:
            groups = [{**group, **group["states"]} for group in groups]
        session.output.rows(groups, _GROUPS)
    return exits.SUCCEEDED


def dags(session: Session) -> int:
    session.output.rows(_with_zone(session.client.dags()), _DAGS)
    return exits.SUCCEEDED


def combined(request: GroupRequest, responses: Sequence[CreatedRuns]) -> dict[str, Any]:
    """Return the response to one request that would have done what these steps of it have done."""
    return {
        "dag_id": request.dag_id,
        "prefix": request.group,
        "dag_run_ids": [run_id for response in responses for run_id in response["dag_run_ids"]],
        "existing": sum(response["existing"] for response in responses),
        "next_start_date": responses[-1]["next_start_date"],
        "warnings": list(dict.fromkeys(warning for response in responses for warning in response["warnings"])),
    }


def facts(group: GroupProgress) -> dict[str, Any]:
    """Return what is known of a group, by names for readers."""
    waiting, rate, end = group["oldest_queued_seconds"], group.get("runs_per_minute"), group["expected_end"]
    return {
        "dag id": group["dag_id"],
        "prefix": group["prefix"],
        "runs": group["runs"],
        **group["states"],
        "cancelled": group["cancelled"],
        "done": f"{group['done']:.0%}",
        "first logical date": group["first_logical_date"],
        "last logical date": group["last_logical_date"],
        "max active runs": group["max_active_runs"],
        "paused": "yes" if group["is_paused"] else "no",
        "stale": "yes" if group.get("is_stale") else "no",
        "waiting for": ", ".join(waiting_for(group)) or None,
        "behind the run": group.get("previous_run_id"),
        "first in the queue for": None if waiting is None else duration(waiting),
        "rate": per_minute(rate) if rate is not None else end and "not known yet: the expected end is the earliest",
        "expected end": end,
    }


def waiting_for(group: GroupProgress) -> list[str]:
    """Return the words for what the group waits for; of a service before 0.2.0 the one that it has always known."""
    return group.get("waiting_for", ["dag_paused"] if group["is_paused"] and group["done"] < 1 else [])


def per_minute(rate: float) -> str:
    return f"{rate:,.{0 if rate >= _WHOLE else 1}f} runs/min"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [f"{value} {unit}" for value, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if value]
    return " ".join(units[:2]) or "0 s"


def _expected_seconds(plans: Sequence[Plan], *, is_paced: bool) -> float | None:
    """Add up the steps, each estimated as if it were alone; the estimate of a paced step includes those before."""
    seconds = [plan["expected_seconds"] for plan in plans]
    known = [value for value in seconds if value is not None]
    if len(known) < len(seconds):
        return None
    return max(known) if is_paced else sum(known)


def _abridged(dates: Sequence[PlannedDate]) -> tuple[list[PlannedDate], dict[str, int]]:
    """Return the dates without most of those that get no run now, and how many more there are with each action."""
    shown: list[PlannedDate] = []
    seen: Counter[str] = Counter()
    for date in dates:
        action = date["action"]
        seen[action] += action in _WITHOUT_RUN
        if seen[action] <= _SHOWN:
            shown.append(date)
    return shown, {action: count - _SHOWN for action, count in seen.items() if count > _SHOWN}


def _runs(session: Session, dag_id: str, prefix: str, state: str | None) -> list[Any]:
    """Return the runs of a group, and none of a group whose prefix begins with this one."""
    return [
        run
        for run in session.client.runs(dag_id=dag_id, prefix=f"{prefix}_", state=state)
        if (run_id := GroupRunId.parse(run["run_id"])) is not None and run_id.prefix == prefix
    ]


def _with_zone(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with a Z behind dates that are text in UTC, so that they mean the same where they are sent back."""
    return [{key: _zoned(value) for key, value in row.items()} for row in rows]


def _zoned(value: Any) -> Any:
    return f"{value.replace(' ', 'T')}Z" if isinstance(value, str) and _TEXT_DATE.fullmatch(value) else value
