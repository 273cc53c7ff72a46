"""What ``wait`` and ``create --watch`` say of a group."""

import datetime as dt
import io

import pytest
from rich.console import Console

from airflow_run_groups.entrypoints.terminal.work.wait import STALLED, Warnings, bars

NOW = dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc)


def group(*waiting_for, **facts):
    states = {"queued": 25_760, "running": 0, "success": 544, "failed": 0}
    return {
        "dag_id": "a",
        "prefix": "g",
        "runs": 26_304,
        "states": states,
        "cancelled": 0,
        "done": 0.02,
        "max_active_runs": 16,
        "is_paused": False,
        "is_stale": False,
        "waiting_for": list(waiting_for),
        "previous_run_id": None,
        "runs_per_minute": None,
        "expected_end": None,
        **facts,
    }


def drawn(shown):
    text = io.StringIO()
    Console(file=text, width=120).print(bars(shown, NOW))
    return text.getvalue()


def test_the_rate_what_is_left_and_the_end_agree():
    shown = drawn(group(runs_per_minute=310.0, expected_end="2025-01-01T01:23:06Z"))
    assert "310 runs/min, 25,760 left, expected end 2025-01-01T01:23:06Z, in 1 h 23 min" in shown
    assert drawn(group(runs_per_minute=2.3)).count("2.3 runs/min") == 1


def test_an_end_without_a_rate_is_the_earliest():
    shown = drawn(group(expected_end="2025-01-01T00:08:05Z"))
    assert (
        "runs/min not known yet, 25,760 left, expected end 2025-01-01T00:08:05Z at the earliest, in 8 min 5 s" in shown
    )


def test_failed_runs_that_were_cancelled_are_told_from_the_others():
    states = {"queued": 0, "running": 0, "success": 1, "failed": 43}
    assert "37 of the failed runs were cancelled" in drawn(group(runs=44, states=states, cancelled=37))
    assert "cancelled" not in drawn(group(runs=44, states=states))


def test_it_says_what_the_group_waits_for():
    assert "waiting for: run_after, dag_max_active_runs" in drawn(group("run_after", "dag_max_active_runs"))
    assert "waiting for" not in drawn(group())


@pytest.mark.parametrize(
    ("word", "facts", "text"),
    [
        ("dag_paused", {}, "DAG 'a' is paused: its runs wait until it is unpaused"),
        ("dag_stale", {}, "DAG 'a' is stale"),
        ("previous_run", {"previous_run_id": "g_0000007"}, "run 'g_0000007' has to succeed first"),
        ("dag_max_active_runs", {"max_active_runs": 0}, "none of its runs starts"),
    ],
)
def test_each_reason_that_does_not_pass_by_itself_is_a_warning_once_as_long_as_it_lasts(word, facts, text):
    warnings = Warnings(0)
    (warning,) = warnings.of(group("run_after", word, "scheduler", **facts), 0)
    assert text in warning
    assert warnings.of(group(word, **facts), 1, has_changed=True) == []
    assert warnings.of(group(), 2, has_changed=True) == []
    assert warnings.of(group(word, **facts), 3, has_changed=True) == [warning]


def test_what_passes_by_itself_is_no_warning():
    words = ("run_after", "dag_max_active_runs", "scheduler", "of_a_newer_service")
    assert Warnings(0).of(group(*words), STALLED - 1) == []


def test_a_scheduler_that_does_nothing_for_long_is_a_warning_once():
    warnings = Warnings(0)
    assert warnings.of(group("scheduler"), 10, has_changed=True) == []
    assert warnings.of(group("scheduler"), 9 + STALLED) == []
    (warning,) = warnings.of(group("scheduler"), 10 + STALLED)
    assert "none has for 1 min" in warning
    assert warnings.of(group("scheduler"), 11 + STALLED) == []


def test_a_service_of_an_older_version_says_that_its_dag_is_paused():
    older = {key: value for key, value in group(is_paused=True).items() if key != "waiting_for"}
    assert len(Warnings(0).of(older, 0)) == 1
