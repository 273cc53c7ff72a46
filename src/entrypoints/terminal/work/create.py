"""``create``."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from types import FrameType
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from airflow_run_groups.adapters.client import (
    ClientError,
    GroupRequest,
    RefusedByService,
    Step,
    Unreachable,
    parse_date,
)
from airflow_run_groups.domain import MAX_LIMIT, DeadlineExceeded
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import Output, count_dates, count_runs
from airflow_run_groups.entrypoints.terminal.session import Session, may_be_done
from airflow_run_groups.entrypoints.terminal.work import show, wait


def create(  # noqa: PLR0913 - each is an option of the command
    session: Session,
    *,
    limit: int | None,
    step: int,
    dry_run: bool,
    watch: bool,
    all_dates: bool,
    **request: Any,
) -> int:
    if dry_run:
        return show.plan(session, limit=limit, step=step, all_dates=all_dates, **request)
    creation = _Creation(session, GroupRequest(**request), limit, step)
    with _interruptible(session.output) as interruption:
        creation.foresee()
        steps = () if interruption.requested else session.client.create_all(creation.request, limit=limit, step=step)
        try:
            with _progress(session.output, creation.request) as show_progress:
                for one in steps:
                    creation.add(one)
                    show_progress(creation)
                    if interruption.requested:
                        break
        except (ClientError, KeyboardInterrupt) as error:
            creation.report()
            in_doubt = may_be_done(error)
            if in_doubt or creation.steps:
                creation.hint(in_doubt=in_doubt)
            raise
    if interruption.requested and not creation.is_complete:
        creation.report()
        creation.hint(in_doubt=False)
        return exits.INTERRUPTED
    if watch and not interruption.requested:
        return _watch(session, creation)
    creation.report()
    if watch:
        wait.hint(session, creation.request.dag_id, creation.request.group)
    return exits.INTERRUPTED if interruption.requested else exits.SUCCEEDED


def fill(session: Session, **options: Any) -> int:
    """Create what is missing in a range, and let run again what has failed."""
    return create(session, reprocess_behavior="failed", **options)


def _watch(session: Session, creation: _Creation) -> int:
    request = creation.request
    try:
        group, status = wait.watch(session, request.dag_id, request.group)
    except (ClientError, KeyboardInterrupt) as error:
        creation.report()
        if isinstance(error, RefusedByService) and error.status == HTTPStatus.NOT_FOUND and not creation.has_runs:
            return exits.SUCCEEDED  # every date has a run, of other groups
        wait.hint(session, request.dag_id, request.group)
        raise
    creation.report(group=group)
    if session.output.format == "table":
        session.output.facts(show.facts(group), document=group)
    return status


@dataclass(slots=True)
class _Creation:
    """The runs that are created so far, and what is left."""

    session: Session
    request: GroupRequest
    limit: int | None
    step: int
    steps: list[Step] = field(default_factory=list)
    run_ids: list[str] = field(default_factory=list)
    rerun_ids: list[str] = field(default_factory=list)
    existing: int = 0
    foreseen: list[str] = field(default_factory=list)

    def foresee(self) -> None:
        """Show the warnings about the whole group before any of its runs is created.

        They stay away where the plan takes too long, and those about a limit of more than one step come with its steps.
        """
        if not self.request.has_dates or (self.limit is not None and self.limit > max(self.step, MAX_LIMIT)):
            return
        try:
            self.foreseen = self.session.client.summarise(self.request, limit=self.limit)["warnings"]
        except Unreachable as error:
            if error.reason != DeadlineExceeded.reason:
                raise
        self.session.output.warnings(self.foreseen)

    def add(self, step: Step) -> None:
        self.steps.append(step)
        self.run_ids += step.created["dag_run_ids"]
        self.rerun_ids += step.created.get("rerun_dag_run_ids", [])
        self.existing += step.created["existing"]
        self.session.output.warnings(step.created["warnings"])

    @property
    def has_runs(self) -> bool:
        return bool(self.run_ids or self.rerun_ids)

    @property
    def left(self) -> int | None:
        return None if self.limit is None else self.limit - len(self.run_ids) - len(self.rerun_ids)

    @property
    def is_complete(self) -> bool:
        return bool(self.steps) and (self.steps[-1].rest is None or self.left == 0)

    def report(self, **more: Any) -> None:
        """Write the result, if there is one."""
        if not self.steps:
            return
        document = show.combined(self.request, [step.created for step in self.steps], self.foreseen)
        if (not_before := self.steps[-1].created.get("next_not_before")) is not None:
            document["next_not_before"] = not_before
        ends = " to ".join(dict.fromkeys([*self.run_ids[:1], *self.run_ids[-1:]]))
        summary = ", ".join(filter(None, [f"Created {count_runs(self.run_ids)} of {self.request.dag_id}", ends]))
        if self.rerun_ids:
            ends = " to ".join(dict.fromkeys([self.rerun_ids[0], self.rerun_ids[-1]]))
            summary += f"; {count_runs(self.rerun_ids)} run again, {ends}"
        if self.existing:
            summary += f"; {count_dates(self.existing)} had a run already"
        self.session.output.run_ids([*self.run_ids, *self.rerun_ids], summary=summary, document={**document, **more})

    def hint(self, *, in_doubt: bool) -> None:
        """Write the command that does the rest; of one run now, the one that shows whether it is there."""
        output, command_line, request = self.session.output, self.session.command_line, self.request
        if not request.has_dates:
            command = command_line.other("list", dag_id=request.dag_id, prefix=request.group)
            output.hint("Whether the run was created is not known. To see the runs of the group:", command)
            return
        again = f", {count_runs(self.rerun_ids)} run again" if self.rerun_ids else ""
        output.message(f"{count_runs(self.run_ids)} created{again} so far.")
        if in_doubt:
            output.message(
                "The step that was under way may have been created as well; dates that have a run are skipped."
                if request.reprocess_behavior != "completed"
                else "The step that was under way may have been done as well: runs of it that have ended by then run once more."
            )
        changes: dict[str, Any] = {}
        if self.steps and (rest := self.steps[-1].rest) is not None:
            values = {key.name: getattr(rest, key.name) for key in fields(rest)}
            changes = {name: value for name, value in values.items() if value != getattr(request, name)}
            changes["limit"] = self.left
        output.hint("To go on:", command_line.changed(**changes))


@dataclass(slots=True)
class _Interruption:
    requested: bool = False


@contextmanager
def _interruptible(output: Output) -> Iterator[_Interruption]:
    """Let the first Ctrl-C end the work after the step under way, so that it is known what is there; the second, at once."""
    interruption = _Interruption()

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interruption.requested:
            raise KeyboardInterrupt
        interruption.requested = True
        output.message("Finishing the step that is under way; Ctrl-C once more ends it at once.")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(output: Output, request: GroupRequest) -> Iterator[Callable[[_Creation], None]]:
    """Show on a terminal how much of the range, or of the dates, is done; elsewhere write a line for each step of many."""
    if not output.progress.is_terminal:
        yield lambda creation: _line(output, creation)
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

        def update(creation: _Creation) -> None:
            rest = creation.steps[-1].rest
            left = 0.0 if rest is None else _extent(rest)
            done = None if total is None or left is None else total - left
            progress.update(task, completed=done, runs=count_runs([*creation.run_ids, *creation.rerun_ids]))

        yield update


def _line(output: Output, creation: _Creation) -> None:
    if creation.steps[-1].rest is not None or len(creation.steps) > 1:
        again = f", {count_runs(creation.rerun_ids)} run again" if creation.rerun_ids else ""
        output.message(
            f"{count_runs(creation.run_ids)} created{again}, {count_dates(creation.existing)} had one already"
        )


def _extent(request: GroupRequest) -> float | None:
    """Return the size of a request, in dates, or in seconds of a range; None when it is not known."""
    if request.dates is not None:
        return len(request.dates)
    ends = []
    for date in (request.start_date, request.end_date or dt.datetime.now(dt.timezone.utc)):
        try:
            end = parse_date(date) if isinstance(date, str) else date
        except ValueError:
            return None
        if end is None:
            return None
        ends.append(end if end.tzinfo is not None else end.replace(tzinfo=dt.timezone.utc))
    return max(0.0, (ends[1] - ends[0]).total_seconds())
