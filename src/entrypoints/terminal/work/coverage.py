"""``coverage``: whether the past of a DAG is complete."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import click
from rich.text import Text

from airflow_run_groups.adapters.client import Coverage, CoveredDate, DagCoverage
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import STYLES
from airflow_run_groups.entrypoints.terminal.session import Session

STATUS_STYLES: dict[str, str] = {**dict(STYLES.items()), "missing": "bold yellow", "no_tasks": "dim"}
"""The colours of the statuses; all others have none."""
CELLS = {"missing": "\N{WHITE SQUARE}", "failed": "\N{MULTIPLICATION SIGN}"}
"""The character for a date, so that a gap and a failure are seen without colours, too."""
_CELL = "\N{BLACK SQUARE}"
_NOTHING = "\N{MIDDLE DOT}"
_UNDUE = {"not_yet", "before_start", "after_end", "no_tasks"}
_STRETCHES = {"status": "status", "first": "first date", "last": "last date", "total": "dates"}
_DAGS = {
    "dag_id": "dag id",
    "total": "dates",
    **{status: status for status in ("success", "failed", "running", "queued", "missing")},
    "complete": "complete",
}
_DATES = {"logical_date": "logical date", "status": "status", "run_id": "run id", "run_type": "type"}


def coverage(
    session: Session,
    *,
    dag_ids: Sequence[str] | None,
    tag: str | None,
    all_dates: bool,
    fail_under: float | None,
    **between: Any,
) -> int:
    """Show it; the exit status says whether the part of the due dates that succeeded is large enough, of each DAG."""
    if (dag_ids is None) is (tag is None):
        msg = "give --dag-id, as often as you like, or --tag"
        raise click.UsageError(msg)
    if dag_ids is not None and len(dag_ids) == 1:
        return _of_one(session, dag_ids[0], all_dates=all_dates, fail_under=fail_under, **between)
    if all_dates:
        msg = "--all-dates is about one DAG: of several only counts are shown"
        raise click.UsageError(msg)
    found, output = list(session.client.coverages(**between, dag_ids=dag_ids, tag=tag)), session.output
    rows: list[Any] = list(found)
    if not output.is_structured:
        rows = [{**one, **one["counts"], "complete": _complete(one)} for one in found]
    output.rows(rows, _DAGS, nothing=f"No DAG that you may see has the tag {tag!r} and a schedule")
    too_few = [one for one in found if one["problem"] or (fail_under is not None and 100 * succeeded(one) < fail_under)]
    if output.format == "table" and found:
        complete = sum(one["complete"] for one in found)
        output.summary(f"\n{complete:,} of {len(found):,} DAGs complete")
    output.warnings([f"{one['dag_id']}: {one['problem']['error']}" for one in found if one["problem"]])
    return exits.SOME_FAILED if fail_under is not None and (too_few or not found) else exits.SUCCEEDED


def _complete(found: DagCoverage) -> str:
    return "unknown" if found["problem"] else "yes" if found["complete"] else "no"


def _of_one(session: Session, dag_id: str, *, all_dates: bool, fail_under: float | None, **between: Any) -> int:
    found, output = session.client.coverage(dag_id, **between), session.output
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


def succeeded(found: Coverage | DagCoverage) -> float:
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
