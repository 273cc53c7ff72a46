"""``wait``, and what ``create --watch`` does when all runs are created."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.console import Group as Lines
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from airflow_run_groups.adapters.client import GroupProgress, parse_date
from airflow_run_groups.adapters.client.groups.waiting import is_unfinished, looks
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import STYLES, Output, visible
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.work.notifying import notified
from airflow_run_groups.entrypoints.terminal.work.show import duration, facts, per_minute, waiting_for
from airflow_run_groups.entrypoints.terminal.work.stopping import in_words, is_reached

STALLED = 60.0
"""Seconds without a change after which a run that may start, and has not, is worth a warning."""
_TENTHS = 10


def wait(  # noqa: PLR0913 - each is an option of the command
    session: Session,
    *,
    dag_id: str,
    prefix: str,
    timeout: float | None,
    stop_after: Mapping[str, int] | None,
    notify: str | None,
) -> int:
    try:
        group, status = watch(session, dag_id, prefix, timeout, stop_after)
    except KeyboardInterrupt:
        hint(session, dag_id, prefix)
        raise
    session.output.facts(facts(group), document=group)
    if notify is not None and status != exits.TIMED_OUT and not notified(session, group, notify):
        return exits.UNREACHABLE
    return status


def watch(
    session: Session,
    dag_id: str,
    prefix: str,
    timeout: float | None = None,
    stop_after: Mapping[str, int] | None = None,
) -> tuple[GroupProgress, int]:
    """Show how far a group is until all of its runs have ended; return the group, and the exit status.

    :param stop_after: a rule by which to pause the group, and wait no longer.
    """
    output = session.output
    begin = time.monotonic()
    warnings = Warnings(begin)
    before: GroupProgress | None = None
    with _progress(output) as show:
        for group in looks(lambda: session.client.group(dag_id, prefix), timeout, sleep=time.sleep):
            has_changed = before is not None and group is not before
            _warn(output, warnings.of(group, time.monotonic(), has_changed=has_changed))
            show(group)
            if stop_after is not None and is_reached(stop_after, group):
                paused = session.client.change(dag_id, prefix, paused=True)["group"]
                show(paused)
                return _stopped(session, paused, stop_after), exits.SOME_FAILED
            before = group
    if is_unfinished(group):
        return group, exits.TIMED_OUT
    return group, exits.SOME_FAILED if group["states"]["failed"] else exits.SUCCEEDED


def hint(session: Session, dag_id: str, prefix: str) -> None:
    """Write the commands that watch the runs from here on, and that stop them."""
    command = partial(session.command_line.other, dag_id=dag_id, prefix=prefix)
    session.output.hint("The runs go on. To watch them:", command("wait"))
    session.output.hint("To keep the queued ones from starting, until resume:", command("pause"))
    session.output.hint("To end all of them:", command("cancel", running=True))


def _stopped(session: Session, group: GroupProgress, rule: Mapping[str, int]) -> GroupProgress:
    session.output.message(f"group {group['prefix']!r} is paused after {in_words(rule)}", style="yellow")
    command = session.command_line.other("resume", dag_id=group["dag_id"], prefix=group["prefix"])
    session.output.hint("Running runs go on. To resume the rest:", command)
    return group


class Warnings:
    """The reasons why a watched group will never be done, each said once as long as it lasts."""

    def __init__(self, begin: float) -> None:
        self._changed_at = begin
        self._said: frozenset[str] = frozenset()

    def of(self, group: GroupProgress, now: float, *, has_changed: bool = False) -> list[str]:
        """Return what is new at a look at the group, at the moment ``now`` of a monotonic clock."""
        if has_changed:
            self._changed_at = now
        found = _texts(group, unchanged_for=now - self._changed_at)
        new = [text for reason, text in found.items() if reason not in self._said]
        self._said = frozenset(found)
        return new


def _texts(group: GroupProgress, *, unchanged_for: float) -> dict[str, str]:
    """Return what will keep the group from being done, by the words of ``waiting_for``.

    :param unchanged_for: for how many seconds nothing has happened to the group.
    """
    dag_id = group["dag_id"]
    texts = {
        "dag_paused": f"DAG {dag_id!r} is paused: its runs wait until it is unpaused",
        "dag_stale": f"DAG {dag_id!r} is stale, as no file defines it any more: its runs wait until it is there again",
        "group_paused": f"group {group['prefix']!r} {_how_paused(group)}: its runs wait until it is resumed",
        "previous_run": f"run {group.get('previous_run_id')!r} has to succeed first, and does not by itself: tasks of the runs "
        "behind it depend on it (depends_on_past, wait_for_downstream). Retry it, or mark it as success in Airflow; if they take all "
        "places of max_active_runs, raise it, or cancel the group with --running and retry it",
    }
    if group["max_active_runs"] < 1:
        texts["dag_max_active_runs"] = f"DAG {dag_id!r} has no max_active_runs: none of its runs starts"
    if unchanged_for >= STALLED:
        texts["scheduler"] = (
            f"a run may start, and none has for {duration(STALLED)}: Airflow's scheduler does not run, or has others to start first"
        )
    return {reason: texts[reason] for reason in waiting_for(group) if reason in texts}


def _how_paused(group: GroupProgress) -> str:
    control: Any = group.get("control") or {}
    stopped = control.get("stopped")
    return f"was stopped after {in_words(stopped['rule'])}" if stopped else "is paused"


def bars(group: GroupProgress, now: dt.datetime) -> Lines:
    """Draw a bar for each state, and below them the throughput, the expected end, and what the group waits for."""
    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(width=40)
    table.add_column(justify="right")
    for state, style in STYLES.items():
        count = group["states"][state]
        bar = ProgressBar(total=group["runs"], completed=count, width=40, complete_style=style, finished_style=style)
        table.add_row(Text(state, style=style), bar, f"{count:,} / {group['runs']:,}")
    waiting = waiting_for(group)
    cancelled = group["cancelled"]
    lines = [
        *([f"{cancelled:,} of the failed runs were cancelled"] if cancelled else []),
        ", ".join(_forecast(group, now)),
        *([f"waiting for: {', '.join(waiting)}"] if waiting else []),
    ]
    return Lines(visible(f"{group['dag_id']} {group['prefix']}"), table, *map(visible, lines))


def _forecast(group: GroupProgress, now: dt.datetime) -> Iterator[str]:
    """Say how fast the group is, how much is left, and when it ends at that rate; without one, when at the earliest."""
    left = group["states"]["queued"] + group["states"]["running"]
    rate = group.get("runs_per_minute")
    if left:
        yield "runs/min not known yet" if rate is None else per_minute(rate)
    yield f"{left:,} left"
    if (end := group["expected_end"]) is not None:
        seconds = (parse_date(end) - now).total_seconds()
        yield f"expected end {end}{' at the earliest' if rate is None else ''}"
        yield f"in {duration(max(0.0, seconds))}"


def _warn(output: Output, texts: list[str]) -> None:
    for text in texts:  # with any format: its document comes when the group is done, if ever
        if not output.has_warned(text):
            output.message(f"warning: {text}", style="yellow")


@contextmanager
def _progress(output: Output) -> Iterator[Callable[[GroupProgress], None]]:
    """Draw bars on a terminal; elsewhere write a line whenever another tenth of the runs has ended."""
    if not output.progress.is_terminal:
        yield _tenths(output)
        return
    with Live(console=output.progress, auto_refresh=False) as live:
        yield lambda group: live.update(bars(group, dt.datetime.now(dt.timezone.utc)), refresh=True)


def _tenths(output: Output) -> Callable[[GroupProgress], None]:
    shown = -1

    def show(group: GroupProgress) -> None:
        nonlocal shown
        tenth = int(group["done"] * _TENTHS)
        if tenth > shown:
            shown = tenth
            states = ", ".join(f"{group['states'][state]:,} {state}" for state in STYLES)
            output.message(f"{group['dag_id']} {group['prefix']}: {states}")

    return show
