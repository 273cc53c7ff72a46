"""How coverage is drawn, and which part of it counts."""

from airflow_run_groups.domain import DateStatus
from airflow_run_groups.entrypoints.terminal.work.coverage import strip, succeeded


def covered(*statuses):
    return [
        {"logical_date": f"2025-0{1 + day // 3}-0{1 + day % 3}T00:00:00Z", "status": one}
        for day, one in enumerate(statuses)
    ]


def test_each_month_is_a_line_in_which_gaps_and_failures_are_seen_without_colours():
    lines = [line.plain for line in strip(covered("success", "missing", "failed", "not_yet"))]
    assert lines == ["2025-01 \N{BLACK SQUARE}\N{WHITE SQUARE}\N{MULTIPLICATION SIGN}", "2025-02 \N{MIDDLE DOT}"]


def test_a_status_of_a_later_version_is_drawn_too():
    assert [line.plain for line in strip(covered("resting"))] == ["2025-01 \N{BLACK SQUARE}"]


def test_the_part_that_succeeded_is_of_the_dates_that_are_due():
    counts = dict.fromkeys((status.value for status in DateStatus), 0)
    assert succeeded({"counts": counts}) == 1
    counts |= {"success": 3, "missing": 1, "not_yet": 4, "before_start": 2, "after_end": 1, "no_tasks": 5}
    assert succeeded({"counts": counts}) == 0.75
