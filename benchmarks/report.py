"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.line import HEADINGS, Line


def report(
    title: str,
    environment: str,
    lines: Sequence[Line],
    tables: Iterable[tuple[str, Sequence[Sequence[str]]]],
    plot: str,
) -> str:
    """Write everything; each further table has a title, and its headings as first row."""
    parts = [
        f"# {title}",
        environment,
        f"![How much faster]({plot})",
        _table(HEADINGS, [line.cells() for line in lines]),
    ]
    for heading, rows in tables:
        parts += [f"## {heading}", _table(rows[0], rows[1:])]
    return "\n\n".join(parts) + "\n"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, ["---"] * len(headings), *rows))
