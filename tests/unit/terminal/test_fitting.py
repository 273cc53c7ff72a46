"""A table fits a narrow terminal without breaking ids and dates."""

import io

import pytest
from rich.console import Console

from airflow_run_groups.entrypoints.terminal.fitting import fitted, without_fractions
from airflow_run_groups.entrypoints.terminal.output import Output

RUNS = {
    "run id": ["redo_0000001_2025-02-01T00:00:00", "redo_0000002_2025-02-02T00:00:00"],
    "date": ["2025-02-01T00:00:00Z", ""],
    "start": ["2026-11-26T02:51:00Z", "2026-11-26T02:52:00Z"],
    "end": ["2026-11-26T02:51:01Z", ""],
}


def test_wide_terminal_shows_everything_as_it_is():
    assert fitted(RUNS, 200, ["end"]) == (RUNS, [])


def test_dates_are_shortened_before_a_column_is_left_out():
    columns, left_out = fitted(RUNS, 86, ["end"])
    assert left_out == []
    assert columns["date"] == ["2025-02-01", ""]
    assert columns["start"] == ["2026-11-26T02:51Z", "2026-11-26T02:52Z"]
    assert columns["end"] == RUNS["end"]
    assert columns["run id"] == RUNS["run id"]


def test_columns_are_left_out_in_their_order_until_it_fits():
    columns, left_out = fitted(RUNS, 70, ["end", "start", "date"])
    assert (list(columns), left_out) == (["run id", "date", "start"], ["end"])
    assert fitted(RUNS, 50, ["end", "start", "date"])[1] == ["end", "start"]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_id_and_no_date_breaks(width):
    output = Output("table")
    written = io.StringIO()
    output.result = Console(file=written, width=width, markup=False, highlight=False, emoji=False)
    headings = {name: name for name in (*RUNS, "reason")}
    rows = [
        {**dict(zip(RUNS, cells, strict=True)), "reason": "the DAG has a run at this date already"}
        for cells in zip(*RUNS.values(), strict=True)
    ]
    output.rows(rows, headings, optional=["end", "start"])
    assert all(run_id in written.getvalue() for run_id in RUNS["run id"])
    assert max(map(len, written.getvalue().splitlines())) <= width


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_line_is_longer_than_the_terminal_before_an_id_is_cut(width):
    output = Output("table")
    written = io.StringIO()
    output.result = Console(file=written, width=width, markup=False, highlight=False, emoji=False)
    rows = [dict(zip(RUNS, cells, strict=True)) for cells in zip(*RUNS.values(), strict=True)]
    output.rows(rows, {name: name for name in RUNS}, optional=["end"])
    first = written.getvalue().splitlines()[1]
    assert first.split() == ["redo_0000001_2025-02-01T00:00:00", "2025-02-01", "2026-11-26T02:51Z"]


def test_dates_are_shown_to_the_second():
    assert (
        without_fractions("paused since 2026-11-26T02:51:42.966517Z by a") == "paused since 2026-11-26T02:51:42Z by a"
    )
