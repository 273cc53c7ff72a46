"""The ratios as a picture: bars, with a mark where the goal is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from benchmarks.line import Line, three_digits

_WIDTH = 1120
_LEFT = 620
_ROW = 24
_LABEL = 86
"""Characters that fit on the left."""
_SCALE = _WIDTH - _LEFT - 90
_GOOD, _BAD, _OPEN = "#2f7d4f", "#b3472f", "#7c8794"


def plot(lines: Sequence[Line]) -> str:
    """Draw all lines that have a ratio: how many times faster, and below them how many times what cannot be beaten."""
    parts: list[str] = []
    top = 30
    for title, faster in (
        ("times faster, or as many (logarithmic; the mark is the goal)", True),
        ("times the floor, or itself on a smaller table (the mark is the goal)", False),
    ):
        chosen = [line for line in lines if line.ratio is not None and line.faster is faster]
        if chosen:
            parts.append(_text(_LEFT, top, title, weight="bold"))
            top = _bars(parts, chosen, top + 12, _logarithmic(chosen) if faster else _linear(chosen)) + 40
    height = top - 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _bars(parts: list[str], lines: Sequence[Line], top: int, scale: Callable[[float], float]) -> int:
    for line in lines:
        assert line.ratio is not None
        colour = _OPEN if line.met is None else _GOOD if line.met else _BAD
        length = scale(line.ratio)
        parts.append(_text(_LEFT - 8, top + 15, _label(line), anchor="end"))
        parts.append(f'<rect x="{_LEFT}" y="{top + 4}" width="{length:.1f}" height="{_ROW - 8}" fill="{colour}"/>')
        after = length
        if line.limit is not None:
            mark = scale(line.limit)
            after = max(length, mark)
            parts.append(f'<rect x="{_LEFT + mark - 1:.1f}" y="{top + 1}" width="2" height="{_ROW - 2}" fill="black"/>')
        parts.append(_text(_LEFT + after + 6, top + 15, three_digits(line.ratio)))
        top += _ROW
    return top


def _label(line: Line) -> str:
    text = f"{line.work}: {line.against}".replace("`", "").replace("GET ", "").replace("POST ", "")
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"


def _logarithmic(lines: Sequence[Line]) -> Callable[[float], float]:
    largest = max(max(line.ratio or 1, line.limit or 1) for line in lines)
    return lambda value: max(1.0, math.log(max(value, 1)) / math.log(largest) * _SCALE)


def _linear(lines: Sequence[Line]) -> Callable[[float], float]:
    largest = max(max(line.ratio or 1, line.limit or 1) for line in lines)
    return lambda value: value / largest * _SCALE


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
