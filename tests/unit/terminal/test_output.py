"""What a service says is shown on a terminal, and not obeyed there."""

import datetime as dt
import io
import json

import pytest
from rich.console import Console

from airflow_run_groups.entrypoints.terminal.output import Output, visible
from airflow_run_groups.entrypoints.terminal.wait import bars

CONTROLS = "\x1b[2J \x9b31m \N{RIGHT-TO-LEFT OVERRIDE}"


def test_control_characters_are_shown_by_their_names():
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
def test_what_is_text_stays_as_it_is(text):
    assert visible(text) == text


def test_the_bars_of_a_group_hold_no_control_characters_of_its_names():
    group = {
        "dag_id": f"a{CONTROLS}",
        "prefix": f"b{CONTROLS}",
        "runs": 2,
        "states": {"queued": 1, "running": 0, "success": 1, "failed": 0, "of_a_newer_airflow": 3},
        "expected_end": None,
    }
    drawn = io.StringIO()
    Console(file=drawn, width=100).print(bars(group, 1.0, dt.datetime.now(dt.timezone.utc)))
    assert "\x1b" not in drawn.getvalue()
    assert "\x9b" not in drawn.getvalue()
    assert "success" in drawn.getvalue()


def test_json_has_no_control_characters_and_means_the_same(capsys):
    Output("json").data({"name": CONTROLS})
    written = capsys.readouterr().out
    assert json.loads(written) == {"name": CONTROLS}
    assert "\x9b" not in written
