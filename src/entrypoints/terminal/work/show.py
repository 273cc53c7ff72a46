"""``plan``, ``status``, ``list`` and ``dags``: what there is, or would be."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import click

from airflow_run_groups.adapters.client import (
    CreatedRuns,
    GroupProgress,
    GroupRequest,
    GroupRun,
    PlannedDate,
    Stretch,
    expected_seconds,
    same_but_for_numbers,
    stretches_of,
)
from airflow_run_groups.domain import MAX_LIMIT, Action, GroupState
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import Output, count_dates
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.work.stopping import in_words

_TEXT_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?")
_WHOLE = 10
"""Runs a minute from which on their tenths are not shown."""
FEW = 25
"""Dates, or stretches of dates, that a table shows one by one."""
_STRETCHES = {"action": "action", "first": "first date", "last": "last date", "total": "dates"}
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
    "logical_date": "logical date",
    "start_date": "start",
    "end_date": "end",
    "failed_tasks": "failed tasks",
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
    "created_by": "created by",
}
_OPTIONAL = ("cancelled", "created by", "last date", "first date", "running", "queued")
"""Columns of groups that a narrow terminal does not show, the first ones first."""
_NO_DAG = "No DAG that you may see"
_GROUP_STATES = tuple(state.value for state in GroupState)


def plan(session: Session, *, limit: int | None, step: int, all_dates: bool, **request: Any) -> int:
    """Show what would be created: in short where there are many dates, unless all of them are wanted."""
    group, output = GroupRequest(**request), session.output
    is_short = output.format == "table" and not all_dates
    fits_one_step = limit is None or limit <= max(step, MAX_LIMIT)
    if is_short and fits_one_step:
        summary = session.client.summarise(group, limit=limit)
        if sum(summary["counts"].values()) > FEW:
            _stretches(output, summary["stretches"])
            ends = dict.fromkeys(filter(None, (summary["first_run_id"], summary["last_run_id"])))
            counts = summary["counts"]
            _would_be_created(
                output, counts[Action.CREATE.value], summary, *ends, again=counts.get(Action.RERUN.value, 0)
            )
            return exits.SUCCEEDED
    plans = list(session.client.plan_all(group, limit=limit, step=step))
    whole = session.client.summarise(group)["warnings"] if len(plans) > 1 and limit is None else ()
    dates = [date for plan in plans for date in plan["plan"]]
    seconds = expected_seconds(plans, is_paced=group.pace is not None)
    document = {**combined(group, plans, whole), "dry_run": True, "expected_seconds": seconds, "plan": dates}
    if output.is_structured:
        output.document(document)
    elif is_short and len(dates) > FEW:
        _stretches(output, stretches_of(dates))
    else:
        output.rows(
            [{**date, "reason": _reason(date)} for date in dates], _PLANNED, optional=["run after", "logical date"]
        )
    if output.format == "table":
        again = len(document["rerun_dag_run_ids"])
        _would_be_created(output, len(document["dag_run_ids"]), document, again=again)
    output.warnings(document["warnings"])
    return exits.SUCCEEDED


def _stretches(output: Output, stretches: Sequence[Stretch]) -> None:
    output.rows([{**stretch, "total": f"{stretch['total']:,}"} for stretch in stretches[:FEW]], _STRETCHES)
    if len(stretches) > FEW:
        output.summary(f"and {len(stretches) - FEW:,} more stretches")
    output.message("To see each date: --all-dates")


def _reason(date: PlannedDate) -> str | None:
    """Return why no run is created at a date: of a run that runs again the state that it has now."""
    return f"its run: {date['state']}" if date["action"] == Action.RERUN.value else date["reason"]


def _would_be_created(output: Output, count: int, plan: Mapping[str, Any], *ends: str, again: int) -> None:
    seconds = plan["expected_seconds"]
    takes = "" if seconds is None else f", in {duration(seconds)} at the earliest"
    ids = f", {' to '.join(ends)}" if ends else ""
    output.summary(
        f"\n{count:,} run{'s' * (count != 1)} would be created{ids}{f', {again:,} run again' if again else ''}{takes}; "
        f"{count_dates(plan['existing'])} {'has' if plan['existing'] == 1 else 'have'} a run already"
    )
    output.warnings(plan["warnings"])


def status(session: Session, *, dag_id: str, prefix: str) -> int:
    group = session.client.group(dag_id, prefix)
    session.output.facts(facts(group), document=group)
    return exits.SUCCEEDED


_FACTS = {"notes": "note", "confs": "conf"}
"""The columns of a group's runs that are shown on demand, by their options."""


def list_(
    session: Session, *, dag_id: str | None, prefix: str | None, state: str | None, **options: str | bool | None
) -> int:
    """Show groups, or with a prefix the runs of that group."""
    shown = [name for name in _FACTS if options.pop(name)]
    search: dict[str, Any] = options
    if prefix is not None:
        _runs(session, _dag_of_runs(dag_id, state, search), prefix, state, shown)
        return exits.SUCCEEDED
    if state not in {None, *_GROUP_STATES}:
        msg = f"--state {state} needs --prefix: groups are {' or '.join(_GROUP_STATES)}"
        raise click.UsageError(msg)
    for name in shown:
        msg = f"--{name} needs --prefix: it is about the runs of a group"
        raise click.UsageError(msg)
    where = {"state": state, "prefix": search["begins_with"], "created_by": search["created_by"]}
    groups: list[Any] = list(session.client.groups(dag_id, **where))
    if not session.output.is_structured:
        groups = [{"created_by": None, **group, **group["states"]} for group in groups]
    session.output.rows(groups, _GROUPS if dag_id is not None else {"dag_id": "dag id", **_GROUPS}, optional=_OPTIONAL)
    return exits.SUCCEEDED


def _runs(session: Session, dag_id: str, prefix: str, state: str | None, shown: Collection[str]) -> None:
    runs: list[Any] = list(session.client.group_runs(dag_id, prefix, state=state, conf="confs" in shown))
    if not session.output.is_structured:
        runs = [
            {
                **run,
                "state": _state(run),
                "failed_tasks": ", ".join(run["failed_task_ids"]),
                "conf": json.dumps(run.get("conf"), ensure_ascii=False),
            }
            for run in runs
        ]
    headings = {**_RUNS, **{_FACTS[name]: _FACTS[name] for name in shown}}
    session.output.rows(runs, headings, optional=["end", "start", "logical date"])


def _dag_of_runs(dag_id: str | None, state: str | None, search: Mapping[str, str | None]) -> str:
    """Return the DAG of a group whose runs are requested.

    :raises click.UsageError: naming the one that is missing, or is about groups.
    """
    if dag_id is None:
        msg = "--prefix needs --dag-id: it names a group of one DAG"
        raise click.UsageError(msg)
    if any(option is not None for option in search.values()):
        msg = "--begins-with and --created-by are about groups, and --prefix asks for the runs of one"
        raise click.UsageError(msg)
    if state == GroupState.ACTIVE.value:
        msg = "--state active is about groups: without --prefix, or queued or running of its runs"
        raise click.UsageError(msg)
    return dag_id


def dags(session: Session, *, search: str | None) -> int:
    if search is None:
        session.output.rows(_with_json_values(session.client.dags()), _DAGS, optional=["file"], nothing=_NO_DAG)
    else:
        found = list(session.client.search_dags(search))
        session.output.rows(
            _with_json_values(found),
            {**_DAGS, "schedule": "schedule", "max_active_runs": "max active runs"},
            optional=["file"],
            nothing=_NO_DAG,
        )
    return exits.SUCCEEDED


def me(session: Session) -> int:
    found = session.client.me()
    names = {"name": "name", "auth": "auth", "version": "version", "default_timezone": "default timezone"}
    session.output.facts({names[key]: value for key, value in found.items() if key in names}, document=found)
    return exits.SUCCEEDED


def combined(request: GroupRequest, responses: Sequence[CreatedRuns], warnings: Iterable[str] = ()) -> dict[str, Any]:
    """Return the response to one request that would have done what these steps of it have done.

    :param warnings: those about the whole, which come before those of the steps.
    """
    return {
        "dag_id": request.dag_id,
        "prefix": request.group,
        "dag_run_ids": [run_id for response in responses for run_id in response["dag_run_ids"]],
        "rerun_dag_run_ids": [run_id for response in responses for run_id in response.get("rerun_dag_run_ids", [])],
        "existing": sum(response["existing"] for response in responses),
        "next_start_date": responses[-1]["next_start_date"],
        "warnings": same_but_for_numbers([*warnings, *(one for response in responses for one in response["warnings"])]),
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
        "created at": group.get("created_at"),
        "created by": group.get("created_by"),
        "note": group.get("note"),
        "description": group.get("description"),
        "labels": ", ".join(group.get("labels", [])) or None,
        "notifies": _notifies(group),
        "first logical date": group["first_logical_date"],
        "last logical date": group["last_logical_date"],
        "control": _control(group),
        "DAG's max active runs": group["max_active_runs"],
        "DAG paused": "yes" if group["is_paused"] else "no",
        "DAG stale": "yes" if group.get("is_stale") else "no",
        "waiting for": ", ".join(waiting_for(group)) or None,
        "behind the run": group.get("previous_run_id"),
        "first in the queue for": None if waiting is None else duration(waiting),
        "rate": per_minute(rate) if rate is not None else end and "not known yet: the expected end is the earliest",
        "expected end": end,
    }


def _notifies(group: GroupProgress) -> str | None:
    notify, sent = group.get("notify"), group.get("notified", {})
    if notify is None:
        return None
    events = (f"{event}, sent for {sent[event]}" if event in sent else event for event in notify["on"])
    target = notify["connection_id"] if "connection_id" in notify else f"notifier {notify['notifier']}"
    return f"{target}: {'; '.join(events)}"


def _control(group: GroupProgress) -> str | None:
    control = group.get("control")
    if control is None:
        return None
    cap = f"at most {control['max_active_runs']:,} at once"
    since = f" since {control['paused_at']}" if control["paused_at"] else ""
    by = f" by {control['paused_by']}" if control["paused_by"] else ""
    outside = group.get("uncontrolled_runs", 0)
    rule, stopped = control.get("stop_after"), control.get("stopped")
    by = f" by stop_after, {in_words(stopped['rule'])}" if stopped else by
    parts = [f"paused{since}{by}"] if control["paused"] else []
    parts += [f"{cap}{', as the DAG' if control['max_active_runs_from'] == 'dag' else ''}"]
    parts += [f"stops after {in_words(rule)}"] if rule else []
    parts += [f"{outside:,} runs not bound by it"] if outside else []
    return "; ".join(parts)


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


def _state(run: GroupRun) -> str:
    return "cancelled" if run["cancelled"] else run["state"]


_VALUES = {"None": None, "True": True, "False": False}
"""The texts that a service with ``value_format = text`` sends in place of JSON's own values."""


def _with_json_values(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows as a service with JSON values sends them: nulls, booleans, and dates that end in Z."""
    return [{key: value if key.endswith("_id") else _json_value(value) for key, value in row.items()} for row in rows]


def _json_value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return f"{value.replace(' ', 'T')}Z" if _TEXT_DATE.fullmatch(value) else _VALUES.get(value, value)
