"""The service's texts name keys of a request; at a terminal the reader has typed options."""

import pytest

from airflow_run_groups.entrypoints.terminal.command_line.commands import COMMANDS
from airflow_run_groups.entrypoints.terminal.command_line.wording import as_options, without_headers

(PLAN,) = [command for command in COMMANDS if command.name == "plan"]
FLAGS = {option.name: option.opts[0] for option in PLAN.params}


@pytest.mark.parametrize(
    ("text", "worded"),
    [
        ("start_date must be an ISO 8601 date", "--from-date must be an ISO 8601 date"),
        ("end_date 2025 lies before start_date 2026", "--to-date 2025 lies before --from-date 2026"),
        ("conf does not fit the param 'conf': 1", "--dag-run-conf does not fit the param 'conf': 1"),
        ("max_active_runs in the request gives", "--max-active-runs in the request gives"),
        ("under control; max_active_runs sets another number", "under control; --max-active-runs sets another number"),
        ("pace lets fewer start at a time", "--pace lets fewer start at a time"),
        ("new_group says whether that is meant", "--new-group says whether that is meant"),
        ("dates cannot be combined with start_date", "--date cannot be combined with --from-date"),
        ("2 dates have runs that are queued", "2 dates have runs that are queued"),
        ("shorten conf_per_run", "shorten --conf-per-run"),
        ("DAG 'start_date' has no \"end_date\"", "DAG 'start_date' has no \"end_date\""),
        ("all 16 places of the DAG (max_active_runs)", "all 16 places of the DAG (max_active_runs)"),
        ("limit must be 1 to 500, not 2000", "--step must be 1 to 500, not 2000"),
        ("at most: set limit to at most 600, and partial", "at most: set --step to at most 600, and partial"),
        ("would exceed the limit of 5", "would exceed the limit of 5"),
        ("prefix 'a' cannot be used", "prefix 'a' cannot be used"),
    ],
)
def test_keys_are_named_as_options(text, worded):
    assert as_options(text, FLAGS) == worded


def test_a_missing_token_is_no_matter_of_headers_at_a_terminal():
    text = "a token is required: send it in the header 'authorization: <token>' or 'authorization: Bearer <token>'"
    assert without_headers(text) == "a token is required"
