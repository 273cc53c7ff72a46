"""``wait``, and what ``create --watch`` does when all runs are created."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Group as Lines
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from airflow_run_groups.adapters.client import GroupProgress, moment
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import STYLES, Output, visible
from airflow_run_groups.entrypoints.terminal.session import Session

FIRST_PAUSE = 1.0
"""Seconds until the group is looked at again, when something has just happened."""
LONGEST_PAUSE = 5.0
"""And when nothing has happened for a while."""
_GROWS = 1.5
_TENTHS = 10


def wait(session: Session, *, dag_id: str, prefix: str, timeout: float | None) -> int:
    """Wait until all runs of a group have ended, or for so many seconds."""
    try:
        group, status = watch(session, dag_id, prefix, timeout)
    except KeyboardInterrupt:
        tell_how_to_go_on(session, dag_id, prefix)
        raise
    if session.output.kind in {"json", "yaml"}:
        session.output.data(group)
    else:
        session.output.facts(facts(group))
    return status


def watch(session: Session, dag_id: str, prefix: str, timeout: float | None = None) -> tuple[GroupProgress, int]:
    """Show how far a group is until all of its runs have ended, and return how it then is, and the exit status."""
    output = session.output
    begun = time.monotonic()
    group = session.client.group(dag_id, prefix)
    pace = Speed(ended(group), begun)
    pause = FIRST_PAUSE
    if group["is_paused"] and group["states"]["queued"] and not group["states"]["running"]:
        output.say(f"warning: DAG {dag_id!r} is paused: its runs wait until it is unpaused", style="yellow")
    with _shown(output, pace) as show:
        show(group)
        while not has_ended(group):
            left = None if timeout is None else timeout - (time.monotonic() - begun)
            if left is not None and left <= 0:
                return group, exits.TIMED_OUT
            time.sleep(pause if left is None else min(pause, left))
            before, group = group, session.client.group(dag_id, prefix)
            pause = min(pause * _GROWS, LONGEST_PAUSE) if group is before else FIRST_PAUSE
            show(group)
    return group, exits.SOME_FAILED if group["states"]["failed"] else exits.SUCCEEDED


def tell_how_to_go_on(session: Session, dag_id: str, prefix: str) -> None:
    """Write the command that watches the runs from here on."""
    session.output.say("The runs go on. To watch them:")
    session.output.say(session.command_line.of("wait", dag_id=dag_id, prefix=prefix))


def ended(group: GroupProgress) -> int:
    """Return how many runs have ended."""
    return group["states"]["success"] + group["states"]["failed"]


def has_ended(group: GroupProgress) -> bool:
    """Tell whether all have."""
    return group["states"]["queued"] + group["states"]["running"] == 0


def facts(group: GroupProgress) -> dict[str, Any]:
    """Return what there is to say about a group, by names for people."""
    return {
        "dag id": group["dag_id"],
        "prefix": group["prefix"],
        "runs": group["runs"],
        **group["states"],
        "done": f"{group['done']:.0%}",
        "first logical date": group["first_logical_date"],
        "last logical date": group["last_logical_date"],
        "max active runs": group["max_active_runs"],
        "paused": "yes" if group["is_paused"] else "no",
        "first in the queue for": None
        if group["oldest_queued_seconds"] is None
        else length(group["oldest_queued_seconds"]),
        "expected end": group["expected_end"],
    }


def length(seconds: float) -> str:
    """Write a length of time in its two largest units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [f"{value} {unit}" for value, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if value]
    return " ".join(units[:2]) or "0 s"


class Speed:
    """How many runs have ended per minute since somebody began to watch."""

    def __init__(self, ended_before: int, begun: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with so many that had ended."""
        self._ended_before = ended_before
        self._begun = begun
        self._clock = clock

    def of(self, group: GroupProgress) -> float:
        """Return runs per minute."""
        minutes = max(self._clock() - self._begun, 1.0) / 60
        return (ended(group) - self._ended_before) / minutes


def bars(group: GroupProgress, per_minute: float, now: dt.datetime) -> Lines:
    """Draw a group: a bar for each state, and what is known of its end."""
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
        end = moment(group["expected_end"])
        parts.append(f"expected end {group['expected_end']}, in {length(max(0.0, (end - now).total_seconds()))}")
    return Lines(visible(f"{group['dag_id']} {group['prefix']}"), table, visible(", ".join(parts)))


@contextmanager
def _shown(output: Output, speed: Speed) -> Iterator[Callable[[GroupProgress], None]]:
    """Draw bars on a terminal; elsewhere write a line whenever another tenth of the runs has ended."""
    if output.progress.is_terminal:
        with Live(console=output.progress, auto_refresh=False) as live:
            yield lambda group: live.update(
                bars(group, speed.of(group), dt.datetime.now(dt.timezone.utc)), refresh=True
            )
        return
    last = [-1]

    def line(group: GroupProgress) -> None:
        tenth = int(group["done"] * _TENTHS)
        if tenth > last[0]:
            last[0] = tenth
            states = ", ".join(f"{group['states'][state]:,} {state}" for state in STYLES)
            output.say(f"{group['dag_id']} {group['prefix']}: {states}")

    yield line
