"""``coverage``: whether the past of a DAG is complete."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.text import Text

from airflow_run_groups.adapters.client import Coverage, CoveredDate
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import STYLES
from airflow_run_groups.entrypoints.terminal.session import Session

STATUS_STYLES: dict[str, str] = {**dict(STYLES.items()), "missing": "bold yellow", "no_tasks": "dim"}
"""The colours of the statuses; all others have none."""
CELLS = {"missing": "\N{WHITE SQUARE}", "failed": "\N{MULTIPLICATION SIGN}"}
"""What stands for a date, so that a gap and a failure are seen without colours, too."""
_CELL = "\N{BLACK SQUARE}"
_NOTHING = "\N{MIDDLE DOT}"
_UNDUE = {"not_yet", "before_start", "after_end", "no_tasks"}
_STRETCHES = {"status": "status", "first": "first date", "last": "last date", "total": "dates"}
_DATES = {"logical_date": "logical date", "status": "status", "run_id": "run id", "run_type": "type"}


def coverage(session: Session, *, all_dates: bool, fail_under: float | None, **between: Any) -> int:
    """Show it; the exit status says whether the part of the due dates that succeeded is large enough."""
    found, output = session.client.coverage(**between), session.output
    if output.is_structured:
        output.document(found)
    elif all_dates:
        output.rows(found["dates"], _DATES)
    elif output.format == "plain":
        output.rows(found["stretches"], _STRETCHES)
    else:
        if output.result.is_terminal:
            for line in strip(found["dates"]):
                output.result.print(line)
        output.rows([{**one, "total": f"{one['total']:,}"} for one in found["stretches"]], _STRETCHES)
    part = succeeded(found)
    if output.format == "table":
        missing = found["counts"]["missing"]
        output.summary(
            f"\n{part:.0%} of the dates that are due have succeeded, {missing:,} {'is' if missing == 1 else 'are'} missing: "
            f"{'complete' if found['complete'] else 'not complete'}"
        )
    return exits.SOME_FAILED if fail_under is not None and 100 * part < fail_under else exits.SUCCEEDED


def succeeded(found: Coverage) -> float:
    """Return the part of the due dates whose run has succeeded, 0 to 1; 1 when none is due."""
    due = sum(count for status, count in found["counts"].items() if status not in _UNDUE)
    return found["counts"]["success"] / due if due else 1.0


def strip(dates: Sequence[CoveredDate]) -> Iterator[Text]:
    """Draw a line of cells for each month."""
    for month, days in groupby(dates, key=lambda date: date["logical_date"][:7]):
        line = Text(f"{month} ")
        for date in days:
            status = date["status"]
            cell = _NOTHING if status in _UNDUE else CELLS.get(status, _CELL)
            line.append(cell, style=STATUS_STYLES.get(status, ""))
        yield line
