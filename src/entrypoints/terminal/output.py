"""Where a command writes: its result to the standard output in the format that was asked for, all else to the error output.

Colours and bars are for terminals only.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from unicodedata import category

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

State = Literal["queued", "running", "success", "failed"]
STYLES: dict[State, str] = {"queued": "bright_black", "running": "cyan", "success": "green", "failed": "red"}
"""The colours of the states, as Airflow's UI has them."""
WIDE = 200
"""Characters of a line where there is no terminal, as Airflow's own commands have it."""


class Output:
    """Both of them."""

    def __init__(self, kind: str) -> None:
        """Write results in this format."""
        self.kind = kind
        self.result = _console(stderr=False)
        self.progress = _console(stderr=True)

    @property
    def is_for_people(self) -> bool:
        """Whether the result is laid out for reading."""
        return self.kind == "table"

    def data(self, value: Any) -> None:
        """Write the result, when the format is one for machines to read."""
        if self.kind == "json":
            text = json.dumps(value, indent=2, ensure_ascii=False)
            click.echo(re.sub(r"[\x7f-\x9f]", lambda control: f"\\u{ord(control[0]):04x}", text))
        else:
            import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - for this format only

            click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)

    def lines(self, lines: Iterable[str]) -> None:
        """Write the result as lines."""
        for line in lines:
            click.echo(visible(line) if sys.stdout.isatty() else line)

    def rows(self, rows: Sequence[Mapping[str, Any]], shown: Mapping[str, str]) -> None:
        """Write a list: all that there is of it for machines, of each row these keys else, below these headings."""
        if self.kind in {"json", "yaml"}:
            self.data(rows)
        elif self.kind == "plain":
            self.lines("\t".join(_plain(row[key]) for key in shown) for row in rows)
        elif not rows:
            self.result.print("No data found")
        else:
            table = Table(box=None, pad_edge=False)
            for heading in shown.values():
                table.add_column(heading, overflow="fold")
            for row in rows:
                table.add_row(*(_cell(row[key]) for key in shown))
            self.result.print(table)

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Write names with what they have, one below the other, for people or as plain lines."""
        if self.kind == "plain":
            self.lines(f"{name}\t{_plain(value)}" for name, value in facts.items())
            return
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for name, value in facts.items():
            table.add_row(name, _cell(value))
        self.result.print(table)

    def sentence(self, text: str) -> None:
        """Write the result, or a part of it, as a line for people."""
        self.result.print(visible(text), soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Write something beside the result."""
        self.progress.print(visible(text), style=style, soft_wrap=True)

    def warnings(self, warnings: Iterable[str]) -> None:
        """Write warnings beside the result, unless it has them."""
        if self.kind in {"table", "plain"}:
            for warning in dict.fromkeys(warnings):
                self.say(f"warning: {warning}", style="yellow")

    def error(self, kind: str, words: str, request_id: str | None) -> None:
        """Write why it came to nothing."""
        where = "" if request_id is None else f" (request {request_id})"
        self.say(f"{kind}: {words}{where}", style="red")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command, as when anything else cannot be written."""
        raise  # noqa: PLE0704 - what is called while it is handled


def _console(*, stderr: bool) -> Console:
    console = _Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    return (
        console
        if console.is_terminal
        else _Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=WIDE)
    )


def visible(text: str) -> str:
    """Show control characters, which a service may have sent, and to which a terminal would listen."""
    return "".join(
        one.encode("unicode_escape").decode() if category(one) in _OBEYED and one not in "\t\n" else one for one in text
    )


_OBEYED = {"Cc", "Cf", "Cs"}
"""Unicode's categories of characters that are no text: they control, turn the direction around, or are half of one."""


def _plain(value: Any) -> str:
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ")


def _cell(value: Any) -> Text:
    style = next((style for state, style in STYLES.items() if state == value), "")
    return Text(visible(_plain(value)), style=style)
