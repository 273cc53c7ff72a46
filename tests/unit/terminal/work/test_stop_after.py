"""``--stop-after``: how a rule is written, and ``wait``, which pauses a group from outside."""

from dataclasses import replace

import click
import pytest

from airflow_run_groups.adapters.client import GroupRequest
from airflow_run_groups.entrypoints.terminal.command_line.commands import COMMANDS
from airflow_run_groups.entrypoints.terminal.command_line.stop_after import StopAfterType
from airflow_run_groups.entrypoints.terminal.work import wait
from airflow_run_groups.entrypoints.terminal.work.stopping import in_words
from tests.unit.terminal.world import World, command_line

FIVE = {"failed": 5}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("5", FIVE),
        ("10%/50", {"failed_percent": 10, "of_at_least": 50}),
        ("1000000", {"failed": 1_000_000}),
    ],
)
def test_a_rule_is_a_number_or_a_share(text, rule):
    assert StopAfterType().convert(text, None, None) == rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it must be a number of failed runs, such as 5, or a share such as 10%/50"),
        ("five", "it must be a number of failed runs"),
        ("10%", "it must be a number of failed runs"),
        ("-1", "it must be a number of failed runs"),
        ("0", "failed of stop_after must be 1 to 1000000, not 0"),
        ("101%/5", "failed_percent of stop_after must be 1 to 100, not 101"),
        ("9%/0", "of_at_least of stop_after must be 1 to 1000000, not 0"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_is_allowed(text, says):
    with pytest.raises(click.BadParameter, match=says):
        StopAfterType().convert(text, None, None)


@pytest.mark.parametrize("text", ["5", "10%/50"])
def test_a_command_that_is_shown_again_has_the_rule_as_it_was_typed(text):
    assert f"--stop-after {text}" in command_line("wait", "--stop-after", text).changed()


def test_the_commands_that_have_a_rule():
    with_rule = {one.name for one in COMMANDS if any(option.name == "stop_after" for option in one.params)}
    assert with_rule == {"plan", "create", "fill", "change", "wait"}


def test_a_rule_of_a_later_service_is_shown_as_it_is():
    assert in_words({"failed_in_a_row": 3}) == "failed_in_a_row 3"


@pytest.fixture
def world(monkeypatch):
    """A service whose clock goes on while a command sleeps, with a DAG whose runs fail."""
    world = World(fails=True)
    monkeypatch.setattr(wait.time, "sleep", world.sleep)
    return world


def test_wait_pauses_a_group_from_outside_and_waits_no_longer(world, capsys):
    request = GroupRequest(dag_id="a", prefix="g", start_date="2024-12-01", end_date="2024-12-20", max_active_runs=5)
    world.client.create(request)
    assert world.wait("--stop-after", "5") == 1
    group = world.client.group("a", "g")
    assert (group["control"]["paused"], group["control"]["stop_after"]) == (True, None)
    assert 5 <= group["states"]["failed"] <= 10
    assert group["states"]["queued"] >= 10
    told = capsys.readouterr().err
    assert "group 'g' is paused after 5 failed runs" in told
    assert "airflow-groups resume --dag-id a --prefix g" in told


def test_wait_without_a_rule_waits_for_the_end(world):
    world.client.create(GroupRequest(dag_id="a", prefix="g", start_date="2024-12-01", end_date="2024-12-20"))
    assert world.wait() == 1
    assert world.client.group("a", "g")["states"]["failed"] == 20


def test_wait_says_by_which_rule_a_group_was_stopped(world):
    rule = {"failed_percent": 50, "of_at_least": 4}
    request = GroupRequest(dag_id="a", prefix="g", start_date="2024-12-01", end_date="2024-12-20", max_active_runs=2)
    world.client.create(replace(request, stop_after=rule))
    world.sleep(60)
    assert "group_paused" in world.client.group("a", "g")["waiting_for"]
    texts = wait.Warnings(0.0).of(world.client.group("a", "g"), 0.0)
    assert texts == ["group 'g' was stopped after 50% failed of at least 4 runs: its runs wait until it is resumed"]
