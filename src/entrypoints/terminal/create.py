"""``create`` and ``plan``."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from airflow_run_groups.adapters.client import (
    ClientError,
    Created,
    GroupRequest,
    PlannedDate,
    RefusedByService,
    Step,
    Unreachable,
    moment,
)
from airflow_run_groups.domain import Action, Order
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal import wait as watching
from airflow_run_groups.entrypoints.terminal.interruption import Interruption
from airflow_run_groups.entrypoints.terminal.output import Output
from airflow_run_groups.entrypoints.terminal.session import Session

_NOT_FOUND = 404
_WITHOUT_A_TURN = (Action.LEFT_OUT.value, Action.NOT_YET.value)
_FEW = 5
"""Dates of each of these that a table shows, when there may be a thousand."""
_PLANNED = {
    "logical_date": "logical date",
    "action": "action",
    "run_id": "run id",
    "run_after": "run after",
    "reason": "reason",
}


def plan(session: Session, *, limit: int | None, step: int, **asked: Any) -> int:
    """Show what would be created."""
    request = _request(**asked)
    plans = list(session.client.plan_all(request, limit=limit, step=step))
    ids = [run_id for one in plans for run_id in one["dag_run_ids"]]
    dates = [date for one in plans for date in one["plan"]]
    # at a pace, each step waits for the one before; without one, each is told as if it were alone
    lengths = [one["expected_seconds"] for one in plans]
    known = [length for length in lengths if length is not None]
    seconds = None if len(known) < len(lengths) else max(known) if request.pace else sum(known)
    warnings = list(dict.fromkeys(warning for one in plans for warning in one["warnings"]))
    existing = sum(one["existing"] for one in plans)
    output = session.output
    if output.kind in {"json", "yaml"}:
        output.data(
            {
                "dag_id": request.dag_id,
                "prefix": request.prefix,
                "dry_run": True,
                "dag_run_ids": ids,
                "existing": existing,
                "next_start_date": plans[-1]["next_start_date"],
                "warnings": warnings,
                "expected_seconds": seconds,
                "plan": dates,
            }
        )
        return exits.SUCCEEDED
    if output.is_for_people:
        few, more = _few_without_a_turn(dates)
        output.rows(few, _PLANNED)
        for action, count in more.items():
            output.sentence(f"and {count:,} more that are {action}")
        takes = "" if seconds is None else f", in about {watching.length(seconds)}"
        output.sentence(f"\n{_runs(len(ids))} would be created{takes}; {existing:,} dates have a run already")
    else:
        output.rows(dates, _PLANNED)
    output.warnings(warnings)
    return exits.SUCCEEDED


def create(session: Session, *, limit: int | None, step: int, watch: bool, **asked: Any) -> int:
    """Create the runs, and watch them when that was asked for."""
    request = _request(**asked)
    work = _Work(session, request, limit)
    output = session.output
    with Interruption(
        lambda: output.say("Finishing the step that is under way; Ctrl-C once more ends it at once.")
    ) as stop:
        try:
            with _progress(output, request) as show:
                for one in session.client.create_all(request, limit=limit, step=step):
                    work.add(one)
                    show(work)
                    if stop.asked_for and one.rest is not None and work.left != 0:
                        break
        except (ClientError, KeyboardInterrupt) as error:
            work.report()
            in_doubt = not _is_nothing(error)
            if in_doubt or work.steps:
                work.tell_how_to_go_on(in_doubt=in_doubt)
            raise
    if stop.asked_for and work.rest is not None and work.left != 0:
        work.report()
        work.tell_how_to_go_on(in_doubt=False)
        return exits.INTERRUPTED
    if watch and not stop.asked_for:
        return _watch(session, request, work)
    work.report()
    if watch:
        watching.tell_how_to_go_on(session, request.dag_id, request.prefix)
    return exits.INTERRUPTED if stop.asked_for else exits.SUCCEEDED


def _watch(session: Session, request: GroupRequest, work: _Work) -> int:
    try:
        group, status = watching.watch(session, request.dag_id, request.prefix)
    except (ClientError, KeyboardInterrupt) as error:
        work.report()
        if isinstance(error, RefusedByService) and error.status == _NOT_FOUND and not work.ids:
            return exits.SUCCEEDED  # every date has a run, of other groups
        watching.tell_how_to_go_on(session, request.dag_id, request.prefix)
        raise
    work.report(group=group)
    if session.output.is_for_people:
        session.output.facts(watching.facts(group))
    return status


def _few_without_a_turn(dates: Sequence[PlannedDate]) -> tuple[list[PlannedDate], Counter[str]]:
    """Return the dates without most of those that get no run now, and how many of these there are for each reason."""
    shown: list[PlannedDate] = []
    seen: Counter[str] = Counter()
    for date in dates:
        action = date["action"]
        seen[action] += action in _WITHOUT_A_TURN
        if seen[action] <= _FEW:
            shown.append(date)
    return shown, Counter({action: count - _FEW for action, count in seen.items() if count > _FEW})


def _is_nothing(error: BaseException) -> bool:
    """Tell whether it is certain that the step under way did nothing."""
    return isinstance(error, RefusedByService) or (isinstance(error, Unreachable) and error.nothing_was_done)


def _request(  # noqa: PLR0913 - an argument for each option
    *,
    dag_id: str,
    prefix: str,
    from_date: str | None,
    to_date: str | None,
    dates: Sequence[str],
    interval: str | None,
    dag_run_conf: Any,
    conf_per_run: Any,
    note: str | None,
    run_backwards: bool,
    not_before: str | None,
    pace: str | None,
) -> GroupRequest:
    return GroupRequest(
        dag_id=dag_id,
        prefix=prefix,
        start_date=from_date,
        end_date=to_date,
        dates=dates or None,
        interval=interval,
        conf=dag_run_conf,
        conf_per_run=conf_per_run,
        note=note,
        order=(Order.DESC if run_backwards else Order.ASC).value,
        not_before=not_before,
        pace=pace,
    )


@dataclass(slots=True)
class _Work:
    """What is created so far, and what is left."""

    session: Session
    request: GroupRequest
    limit: int | None
    rest: GroupRequest | None = None
    ids: list[str] = field(default_factory=list)
    existing: int = 0
    next_start_date: str | None = None
    warnings: list[str] = field(default_factory=list)
    next_not_before: str | None = None
    steps: int = 0

    def add(self, step: Step) -> None:
        answer: Created = step.answer
        self.steps += 1
        self.rest = step.rest
        self.ids += answer["dag_run_ids"]
        self.existing += answer["existing"]
        self.next_start_date = answer["next_start_date"]
        self.next_not_before = answer.get("next_not_before")
        self.warnings = list(dict.fromkeys([*self.warnings, *answer["warnings"]]))

    @property
    def left(self) -> int | None:
        return None if self.limit is None else self.limit - len(self.ids)

    def report(self, **more: Any) -> None:
        """Write the result, if there is one."""
        if not self.steps:
            return
        output, request = self.session.output, self.request
        if output.kind == "plain":
            output.lines(self.ids)
        elif output.is_for_people:
            first = (
                f", {self.ids[0]} to {self.ids[-1]}" if len(self.ids) > 1 else "".join(f", {one}" for one in self.ids)
            )
            existing = f"; {self.existing:,} dates had a run already" if self.existing else ""
            output.sentence(f"Created {_runs(len(self.ids))} of {request.dag_id}{first}{existing}")
        else:
            paced = {} if self.next_not_before is None else {"next_not_before": self.next_not_before}
            output.data(
                {
                    "dag_id": request.dag_id,
                    "prefix": request.prefix,
                    "dag_run_ids": self.ids,
                    "existing": self.existing,
                    "next_start_date": self.next_start_date,
                    **paced,
                    "warnings": self.warnings,
                    **more,
                }
            )
        output.warnings(self.warnings)

    def tell_how_to_go_on(self, *, in_doubt: bool) -> None:
        """Write the command that does the rest; of one run now, the one that shows whether it is there."""
        output, request = self.session.output, self.request
        if not request.says_its_dates:
            output.say("Whether the run was created is not known. To see the runs of the group:")
            output.say(self.session.command_line.of("list", dag_id=request.dag_id, prefix=request.prefix))
            return
        output.say(f"{_runs(len(self.ids))} created so far.")
        if in_doubt:
            output.say("The step that was under way may have been created as well; dates that have a run are skipped.")
        output.say("To go on:")
        output.say(self._following())

    def _following(self) -> str:
        command_line, rest = self.session.command_line, self.rest
        if rest is None:
            return command_line.with_()
        return command_line.with_(
            from_date=_text(rest.start_date),
            to_date=_text(rest.end_date),
            dates=tuple(_text(date) for date in rest.dates or ()),
            conf_per_run=rest.conf_per_run,
            not_before=_text(rest.not_before),
            limit=self.left,
        )


@contextmanager
def _progress(output: Output, request: GroupRequest) -> Iterator[Callable[[_Work], None]]:
    """Show on a terminal how much of the range, or of the dates, is done; elsewhere write a line for each step of many."""
    if not output.progress.is_terminal:
        yield lambda work: _line(output, work)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[runs]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=output.progress, transient=True) as progress:
        total = _extent(request)
        task = progress.add_task("creating", total=total, runs="")

        def show(work: _Work) -> None:
            left = 0.0 if work.rest is None else _extent(work.rest)
            done = None if total is None or left is None else total - left
            progress.update(task, completed=done, runs=_runs(len(work.ids)))

        yield show


def _line(output: Output, work: _Work) -> None:
    if work.rest is not None or work.steps > 1:
        output.say(f"{_runs(len(work.ids))} created, {work.existing:,} dates had one already")


def _extent(request: GroupRequest) -> float | None:
    """Return how much a request asks for: dates, or seconds of a range; None when that cannot be said."""
    if request.dates is not None:
        return len(request.dates)
    ends = []
    for date in (request.start_date, request.end_date or dt.datetime.now(dt.timezone.utc)):
        try:
            end = moment(date) if isinstance(date, str) else date
        except ValueError:
            return None
        if end is None:
            return None
        ends.append(end if end.tzinfo is not None else end.replace(tzinfo=dt.timezone.utc))
    return max(0.0, (ends[1] - ends[0]).total_seconds())


def _text(date: str | dt.datetime | None) -> str | None:
    return date.isoformat() if isinstance(date, dt.datetime) else date


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"
