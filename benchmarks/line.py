"""A line of the results: what was measured, against what, and whether that is what we want."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

Values = Sequence[float]
"""What was measured, one value a round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line, as it is shown. A ratio is the median of the rounds' ratios."""

    work: str
    against: str
    ours: str
    theirs: str
    measured: str = ""
    goal: str = ""
    met: bool | None = None
    ratio: float | None = None
    limit: float | None = None
    faster: bool = False
    """Whether more of the ratio is better."""

    def cells(self) -> tuple[str, ...]:
        """Return the columns of the table."""
        met = "" if self.met is None else "met" if self.met else "not met"
        return self.work, self.against, self.ours, self.theirs, self.measured, self.goal, met


HEADINGS = ("work", "against", "ours", "theirs", "measured", "goal", "")


def faster(work: str, ours: Values, against: str, theirs: Values, goal: float | None = None) -> Line:
    """Compare seconds with something that is to be slower."""
    return _at_least(goal, _ratio(theirs, ours), "faster", _sides(work, ours, against, theirs, duration))


def more(work: str, ours: Values, against: str, theirs: Values, goal: float | None = None) -> Line:
    """Compare requests per second with something that is to have fewer."""
    return _at_least(goal, _ratio(ours, theirs), "as many", _sides(work, ours, against, theirs, _per_second))


def at_most(work: str, ours: Values, against: str, theirs: Values, goal: float | None = None) -> Line:
    """Compare seconds with something that cannot be much faster."""
    ratio = _ratio(ours, theirs)
    return replace(
        _sides(work, ours, against, theirs, duration),
        measured=f"{ratio:.2f} times",
        goal="" if goal is None else f"at most {goal:g} times",
        met=None if goal is None else ratio <= goal,
        ratio=ratio,
        limit=goal,
    )


def within(work: str, ours: Values, goal: float | None = None, shown: Callable[[float], str] | None = None) -> Line:
    """Show something that is compared with nothing."""
    value = median(ours)
    text = (shown or duration)(value)
    return Line(
        work=work,
        against="",
        ours=text,
        theirs="",
        measured=text,
        goal="" if goal is None else f"within {duration(goal)}",
        met=None if goal is None else value <= goal,
    )


def three_digits(ratio: float) -> str:
    return f"{float(f'{ratio:.3g}'):,g}"


def megabytes(value: float) -> str:
    return f"{value:.0f} MB"


def duration(seconds: float) -> str:
    """Write seconds with three digits."""
    if not math.isfinite(seconds):
        return "503"
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def _sides(work: str, ours: Values, against: str, theirs: Values, shown: Callable[[float], str]) -> Line:
    return Line(work=work, against=against, ours=shown(median(ours)), theirs=shown(median(theirs)))


def _at_least(goal: float | None, ratio: float, words: str, line: Line) -> Line:
    return replace(
        line,
        measured=f"{three_digits(ratio)} times {words}",
        goal="" if goal is None else f"at least {goal:g} times",
        met=None if goal is None else ratio >= goal,
        ratio=ratio,
        limit=goal,
        faster=True,
    )


def _ratio(over: Values, under: Values) -> float:
    return median(a / b for a, b in zip(over, under, strict=True))


def _per_second(value: float) -> str:
    return f"{value:.0f} /s"
