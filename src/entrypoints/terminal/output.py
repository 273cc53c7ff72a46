"""Where a command writes: its result to the standard output, in the requested format; all else to the error output.

Colours and bars are for terminals only.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal
from unicodedata import category

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from airflow_run_groups.adapters.client import same_but_for_numbers
from airflow_run_groups.entrypoints.terminal.fitting import GAP, breaks, fitted, narrowest, without_fractions

State = Literal["queued", "running", "success", "failed"]
STYLES: dict[State, str] = {"queued": "bright_black", "running": "cyan", "success": "green", "failed": "red"}
"""The colours of the states, as Airflow's UI has them."""
WIDTH = 200
"""Characters of a line where there is no terminal, as Airflow's own commands have it."""


class Output:
    """Both outputs of a command; ``format`` is ``table``, ``plain``, ``json`` or ``yaml``."""

    def __init__(self, format_: str, worded: Callable[[str], str] = str) -> None:
        """``worded`` puts the words of the command in place of the service's, in warnings for readers."""
        self.format = format_
        self.result = _console(stderr=False)
        self.progress = _console(stderr=True)
        self._warned: list[str] = []
        self._worded = worded

    @property
    def is_structured(self) -> bool:
        """Whether the result is a document for programs, which has everything in it."""
        return self.format in {"json", "yaml"}

    def document(self, value: Any) -> None:
        if self.format == "json":
            text = json.dumps(value, indent=2, ensure_ascii=False)
            click.echo(re.sub(r"[\x7f-\x9f]", lambda control: f"\\u{ord(control[0]):04x}", text))
        else:
            import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - for this format only

            click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)

    def lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            click.echo(visible(line) if sys.stdout.isatty() else line)

    def run_ids(self, run_ids: Sequence[str], *, summary: str, document: Mapping[str, Any]) -> None:
        """Write what has happened to runs: their ids as plain lines, a sentence for readers, or the document."""
        if self.is_structured:
            self.document(document)
        elif self.format == "plain":
            self.lines(run_ids)
        else:
            self.summary(summary)

    def rows(
        self,
        rows: Sequence[Mapping[str, Any]],
        headings: Mapping[str, str],
        *,
        optional: Sequence[str] = (),
        nothing: str = "No data found",
    ) -> None:
        """Write a list: the keys that have headings, or all of it as a document.

        :param optional: headings of columns that a narrow terminal does not show, in the order in which they are left out.
        :param nothing: the sentence for a reader where the list is empty.
        """
        if self.is_structured:
            self.document(rows)
        elif self.format == "plain":
            self.lines("\t".join(_plain(row[key]) for key in headings) for row in rows)
        elif not rows:
            self.result.print(nothing)
        else:
            cells = {heading: [_shown(row[key]) for row in rows] for key, heading in headings.items()}
            columns, left_out = fitted(cells, self.result.width, optional)
            widths = {heading: narrowest(heading, texts) for heading, texts in columns.items()}
            table = Table(box=None, pad_edge=False)
            for heading, texts in columns.items():
                table.add_column(heading, overflow="fold", no_wrap=not breaks(texts), min_width=widths[heading])
            for row in zip(*columns.values(), strict=True):
                table.add_row(*map(_styled, row))
            needed = sum(widths.values()) + GAP * (len(widths) - 1)
            self.result.width = max(self.result.width, needed)  # longer lines break, and nothing in them is cut
            self.result.print(table)
            if left_out:
                self.message(f"This terminal is too narrow for: {', '.join(left_out)}. -o plain has them.")

    def facts(self, facts: Mapping[str, Any], *, document: Mapping[str, Any]) -> None:
        """Write names and values, one below the other, or the document."""
        if self.is_structured:
            self.document(document)
        elif self.format == "plain":
            self.lines(f"{name}\t{_plain(value)}" for name, value in facts.items())
        else:
            table = Table(box=None, pad_edge=False, show_header=False)
            table.add_column(style="bold")
            table.add_column(overflow="fold")
            for name, value in facts.items():
                if value is not None:
                    table.add_row(name, _styled(_shown(value)))
            self.result.print(table)

    def summary(self, text: str) -> None:
        """Write a sentence of the result."""
        self.result.print(visible(text), soft_wrap=True)

    def message(self, text: str, style: str = "") -> None:
        """Write a line beside the result."""
        self.progress.print(visible(text), style=style, soft_wrap=True)

    def hint(self, text: str, command: str) -> None:
        """Write beside the result what the reader can do next, and the command for it."""
        self.message(text)
        self.message(command)

    def has_warned(self, text: str) -> bool:
        return text in self._warned

    def warnings(self, warnings: Iterable[str]) -> None:
        """Write warnings beside the result, unless the document has them; once, where they differ in numbers alone."""
        if not self.is_structured:
            known = len(self._warned)
            self._warned = same_but_for_numbers([*self._warned, *map(self._worded, warnings)])
            for warning in self._warned[known:]:
                self.message(f"warning: {warning}", style="yellow")

    def error(self, kind: str, text: str, request_id: str | None = None) -> None:
        where = "" if request_id is None else f" (request {request_id})"
        self.message(f"{kind}: {text}{where}", style="red")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command, as any other failure to write."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


def _console(*, stderr: bool) -> Console:
    console = _Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    return console


def count_runs(runs: Sequence[object]) -> str:
    return f"{len(runs):,} run{'s' * (len(runs) != 1)}"


def count_dates(count: int) -> str:
    return f"{count:,} date{'s' * (count != 1)}"


def visible(text: str) -> str:
    """Show the control characters of a service by their escapes: a terminal would obey them."""
    return "".join(
        one.encode("unicode_escape").decode() if category(one) in _CONTROLS and one not in "\t\n" else one
        for one in text
    )


_CONTROLS = {"Cc", "Cf", "Cs"}
"""Unicode's categories of characters that are no text: they control, change the direction, or are half of one."""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ")


def _shown(value: Any) -> str:
    """Return a value as a table shows it: dates to the second."""
    return visible(without_fractions(_plain(value)))


def _styled(text: str) -> Text:
    return Text(text, style=next((style for state, style in STYLES.items() if state == text), ""))
