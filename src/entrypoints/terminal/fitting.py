"""A table that fits the terminal: dates are shortened first, then columns are left out; ids never break."""

import re
from collections.abc import Collection, Sequence

Columns = dict[str, list[str]]
GAP = 2
"""Spaces between two columns."""
_MIDNIGHT = "T00:00:00Z"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")


def fitted(columns: Columns, width: int, optional: Sequence[str] = ()) -> tuple[Columns, list[str]]:
    """Return the columns as they fit into a width, and the headings of those that were left out.

    :param optional: headings of columns that may be left out, in this order.
    """
    if _width(columns) > width:
        columns = {heading: _shortened(cells) for heading, cells in columns.items()}
    left_out: list[str] = []
    for heading in optional:
        if _width(columns) <= width:
            break
        if heading in columns:
            left_out.append(heading)
            columns = {name: cells for name, cells in columns.items() if name != heading}
    return columns, left_out


def breaks(cells: Collection[str]) -> bool:
    """Tell whether a column is text, which may break between words: ids and dates have none."""
    return any(" " in cell for cell in cells)


def narrowest(heading: str, cells: Collection[str]) -> int:
    """Return how many characters a column has at least: all of an id, a date or a number, and the longest word of a text."""
    return max(len(word) for text in (heading, *cells) for word in ([text] if not breaks(cells) else text.split(" ")))


def without_fractions(text: str) -> str:
    """Cut the fractions of seconds off the dates in a text."""
    return re.sub(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\.[0-9]+Z", r"\1Z", text)


def _width(columns: Columns) -> int:
    widths = [max(map(len, (heading, *cells))) for heading, cells in columns.items()]
    return sum(widths) + GAP * (len(widths) - 1)


def _shortened(cells: list[str]) -> list[str]:
    """Cut the time off dates where it is midnight in all of them, and the seconds where there are none."""
    dates = [cell for cell in cells if cell]
    if not dates or not all(_DATE.fullmatch(cell) for cell in dates):
        return cells
    for end, short in ((_MIDNIGHT, ""), (":00Z", "Z")):
        if all(cell.endswith(end) for cell in dates):
            return [f"{cell.removesuffix(end)}{short}" if cell else cell for cell in cells]
    return cells
