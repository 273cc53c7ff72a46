"""Control characters that a service sends are shown on a terminal, which would obey them."""

import datetime as dt
import io
import json

import pytest
from rich.console import Console

from airflow_run_groups.entrypoints.terminal.output import Output, visible
from airflow_run_groups.entrypoints.terminal.work.wait import bars

CONTROLS = "\x1b[2J \x9b31m \N{RIGHT-TO-LEFT OVERRIDE}"


def test_control_characters_are_escaped():
    assert visible(CONTROLS) == "\\x1b[2J \\x9b31m \\u202e"


@pytest.mark.parametrize(
    "text",
    [
        "price\tlist\n",
        "prix\N{NO-BREAK SPACE}: 3",
        "\N{IDEOGRAPHIC SPACE}",
        "\N{ROCKET}",
        "e\N{COMBINING ACUTE ACCENT}",
    ],
)
def test_text_is_not_escaped(text):
    assert visible(text) == text


def test_bars_escape_control_characters():
    group = {
        "dag_id": f"a{CONTROLS}",
        "prefix": f"b{CONTROLS}",
        "runs": 2,
        "states": {"queued": 1, "running": 0, "success": 1, "failed": 0, "of_a_newer_airflow": 3},
        "cancelled": 0,
        "max_active_runs": 1,
        "is_paused": False,
        "waiting_for": [f"of_a_newer_service{CONTROLS}"],
        "expected_end": None,
    }
    drawn = io.StringIO()
    Console(file=drawn, width=100).print(bars(group, dt.datetime.now(dt.timezone.utc)))
    assert "\x1b" not in drawn.getvalue()
    assert "\x9b" not in drawn.getvalue()
    assert "success" in drawn.getvalue()


def test_json_escapes_control_characters(capsys):
    Output("json").document({"name": CONTROLS})
    written = capsys.readouterr().out
    assert json.loads(written) == {"name": CONTROLS}
    assert "\x9b" not in written
