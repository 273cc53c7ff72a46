"""``wait``, and what ``create --watch`` does when all runs are created."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Group as Lines
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from airflow_run_groups.adapters.client import GroupProgress, parse_date
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import STYLES, Output, visible
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.show import duration, facts

FIRST_PAUSE = 1.0
"""Seconds until the next look at a group to which something has just happened."""
LONGEST_PAUSE = 5.0
"""Seconds until the next look at a group to which nothing has happened for a while."""
_GROWTH = 1.5
_TENTHS = 10


def wait(session: Session, *, dag_id: str, prefix: str, timeout: float | None) -> int:
    try:
        group, status = watch(session, dag_id, prefix, timeout)
    except KeyboardInterrupt:
        hint(session, dag_id, prefix)
        raise
    session.output.facts(facts(group), document=group)
    return status


def watch(session: Session, dag_id: str, prefix: str, timeout: float | None = None) -> tuple[GroupProgress, int]:
    """Show how far a group is until all of its runs have ended; return the group, and the exit status."""
    output = session.output
    begin = time.monotonic()
    group = session.client.group(dag_id, prefix)
    pause = FIRST_PAUSE
    if group["is_paused"] and group["states"]["queued"] and not group["states"]["running"]:
        output.warnings([f"DAG {dag_id!r} is paused: its runs wait until it is unpaused"])
    with _progress(output, group) as show:
        show(group)
        while group["states"]["queued"] + group["states"]["running"]:
            left = None if timeout is None else timeout - (time.monotonic() - begin)
            if left is not None and left <= 0:
                return group, exits.TIMED_OUT
            time.sleep(pause if left is None else min(pause, left))
            before, group = group, session.client.group(dag_id, prefix)
            pause = min(pause * _GROWTH, LONGEST_PAUSE) if group is before else FIRST_PAUSE
            show(group)
    return group, exits.SOME_FAILED if group["states"]["failed"] else exits.SUCCEEDED


def hint(session: Session, dag_id: str, prefix: str) -> None:
    """Write the command that watches the runs from here on."""
    command = session.command_line.other("wait", dag_id=dag_id, prefix=prefix)
    session.output.hint("The runs go on. To watch them:", command)


def bars(group: GroupProgress, per_minute: float, now: dt.datetime) -> Lines:
    """Draw a bar for each state, and below them the throughput and the expected end."""
    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(width=40)
    table.add_column(justify="right")
    for state, style in STYLES.items():
        count = group["states"][state]
        bar = ProgressBar(total=group["runs"], completed=count, width=40, complete_style=style, finished_style=style)
        table.add_row(Text(state, style=style), bar, f"{count:,} / {group['runs']:,}")
    parts = [f"{per_minute:,.0f} runs/min"]
    if group["expected_end"] is not None:
        left = (parse_date(group["expected_end"]) - now).total_seconds()
        parts.append(f"expected end {group['expected_end']}, in {duration(max(0.0, left))}")
    return Lines(visible(f"{group['dag_id']} {group['prefix']}"), table, visible(", ".join(parts)))


@contextmanager
def _progress(output: Output, first: GroupProgress) -> Iterator[Callable[[GroupProgress], None]]:
    """Draw bars on a terminal; elsewhere write a line whenever another tenth of the runs has ended."""
    if not output.progress.is_terminal:
        yield _tenths(output)
        return
    begin = time.monotonic()
    with Live(console=output.progress, auto_refresh=False) as live:

        def show(group: GroupProgress) -> None:
            minutes = max(time.monotonic() - begin, 1.0) / 60
            per_minute = (_ended(group) - _ended(first)) / minutes
            live.update(bars(group, per_minute, dt.datetime.now(dt.timezone.utc)), refresh=True)

        yield show


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


def _ended(group: GroupProgress) -> int:
    return group["states"]["success"] + group["states"]["failed"]
