"""The same commands as ``airflow groups …``, from Airflow 3.2 on, which loads this module whenever its CLI starts."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

import click

from airflow_run_groups.entrypoints.terminal.commands import COMMANDS

GROUP = "runs"


def get_runs_commands() -> list[Any]:
    """Return them as Airflow describes its own (airflow.cli.cli_config, 3.2 and 3.3)."""
    from airflow.cli.cli_config import ActionCommand, GroupCommand  # noqa: PLC0415 - where there is one

    return [
        GroupCommand(
            name=GROUP,
            help="Create groups of DAG runs over a range of dates, and watch and steer them",
            subcommands=[
                ActionCommand(
                    name=str(command.name),
                    help=command.get_short_help_str(limit=200),
                    description=str(command.help),
                    epilog=_examples(command),
                    func=_action(command),
                    args=[_argument(command, param) for param in command.params if isinstance(param, click.Option)],
                )
                for command in COMMANDS
            ],
        )
    ]


def _argument(command: click.Command, option: click.Option) -> Any:
    from airflow.cli.cli_config import Arg  # noqa: PLC0415 - as above

    described: dict[str, Any] = {"dest": option.name, "help": _help(command, option).replace("%", "%%")}
    if option.is_flag:
        described["action"] = "store_true"
    else:
        described["default"] = None
        described["required"] = option.required
        if option.multiple:
            described["action"] = "append"
        if isinstance(option.type, click.Choice):
            described["choices"] = option.type.choices
        else:
            described["metavar"] = option.metavar or str(option.name).upper()
    return Arg(flags=tuple(option.opts), **described)  # type: ignore[no-untyped-call]


def _help(command: click.Command, option: click.Option) -> str:
    """Return it with the default and the variable of the environment, as our own command shows them."""
    _, told = option.get_help_record(click.Context(command)) or ("", "")
    words, _, more = told.partition("  [")
    return f"{words} ({more[:-1]})" if more else words  # Airflow's help takes brackets for markup


def _action(command: click.Command) -> Callable[[Namespace], None]:
    def act(args: Namespace) -> None:
        words = []
        for option in command.params:
            value = getattr(args, str(option.name))
            flag = option.opts[-1]
            if value is True:
                words.append(flag)
            elif value not in (None, False):
                words += [f"{flag}={one}" for one in (value if isinstance(value, list) else [value])]
        command.main(args=words, prog_name=f"airflow {GROUP} {command.name}")

    return act


def _examples(command: click.Command) -> str:
    return (command.epilog or "").replace("\b", "").replace("airflow-groups ", f"airflow {GROUP} ")
