"""The help texts: complete, in the order of the work, the options of every command last."""

import click
import pytest
from click.testing import CliRunner

from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line.main import main
from airflow_run_groups.entrypoints.terminal.command_line.service_command import CONNECTION, ServiceCommand
from airflow_run_groups.entrypoints.terminal.command_line.short_help import SHORT_HELP

COMMANDS = [command for command in main.commands.values() if isinstance(command, ServiceCommand)]


def help_of(*words):
    return CliRunner().invoke(main, [*words, "--help"], terminal_width=80).stdout


def test_list_of_commands_follows_the_work_and_cuts_no_line():
    shown = help_of().partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in shown] == [*SHORT_HELP, "serve"]
    assert [line for line in shown if not line.endswith(".") or line.endswith("...")] == []


def test_help_names_every_exit_status():
    text = help_of()
    statuses = {value for name, value in vars(exits).items() if name.isupper()} | {click.UsageError.exit_code}
    assert {status for status in statuses if f" {status} " not in text} == set()


def test_examples_of_the_help_are_command_lines():
    examples = [line.split() for line in help_of().splitlines() if line.startswith("    airflow-groups ")]
    assert len(examples) == 3
    for _, name, *words in examples:
        main.commands[name].make_context(name, words)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_options_that_find_the_service_come_last(command):
    own, heading, rest = help_of(command.name).partition("\nService and user:\n")
    connection = rest.partition("Examples:")[0]
    assert heading
    for option in command.params:
        assert (option.opts[-1] in connection) is (option in CONNECTION)
    assert "--help" in own
