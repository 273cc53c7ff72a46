"""The same commands as ``airflow groups …``, from Airflow 3.2 on. Airflow's CLI loads this module whenever it starts."""

import os
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import click

from airflow_run_groups.entrypoints.settings import SECTION
from airflow_run_groups.entrypoints.terminal.command_line.commands import COMMANDS
from airflow_run_groups.entrypoints.terminal.command_line.service_command import URL

GROUP = "groups"


def get_groups_commands() -> list[Any]:
    """Describe the commands as Airflow describes its own (airflow.cli.cli_config, 3.2 to 3.4)."""
    from airflow.cli.cli_config import ActionCommand, GroupCommand  # noqa: PLC0415 - Airflow 3.2 and later

    return [
        GroupCommand(
            name=GROUP,
            help="Create groups of DAG runs over a range of dates; watch, cancel and retry them",
            subcommands=[
                ActionCommand(
                    name=str(command.name),
                    help=command.get_short_help_str(limit=200),
                    description=str(command.help),
                    epilog=_examples(command),
                    func=_function(command),
                    args=[_argument(command, param) for param in command.params if isinstance(param, click.Option)],
                )
                for command in COMMANDS
            ],
        )
    ]


def _argument(command: click.Command, option: click.Option) -> Any:
    from airflow.cli.cli_config import Arg  # noqa: PLC0415 - as above

    attributes: dict[str, Any] = {"dest": option.name, "help": _help(command, option).replace("%", "%%")}
    if option.is_flag:
        attributes["action"] = "store_true"
    else:
        attributes["default"] = None
        attributes["required"] = option.required
        if option.multiple:
            attributes["action"] = "append"
        if isinstance(option.type, click.Choice):
            attributes["choices"] = option.type.choices
        else:
            attributes["metavar"] = option.metavar or str(option.name).upper()
    return Arg(flags=tuple(option.opts), **attributes)  # type: ignore[no-untyped-call]


def _help(command: click.Command, option: click.Option) -> str:
    """Return the help with the default and the environment variable, as our own command shows them."""
    _, text = option.get_help_record(click.Context(command)) or ("", "")
    sentence, _, extra = text.partition("  [")
    return f"{sentence} ({extra[:-1]})" if extra else sentence  # Airflow's help takes brackets for markup


def _function(command: click.Command) -> Callable[[Namespace], None]:
    def run(args: Namespace) -> None:
        words = []
        if args.url is None and not os.environ.get(URL) and not args.local and (url := _api_server()):
            args.url = url
        for option in command.params:
            value = getattr(args, str(option.name))
            flag = option.opts[-1]
            if value is True:
                words.append(flag)
            elif value not in (None, False):
                words += [f"{flag}={one}" for one in (value if isinstance(value, list) else [value])]
        command.main(args=words, prog_name=f"airflow {GROUP} {command.name}")

    return run


def _api_server() -> str | None:
    """Return the URL of Airflow's API server, where the plugin serves this service; None where it is not configured."""
    from airflow.configuration import conf  # noqa: PLC0415 - as above

    base_url: str = conf.get("api", "base_url", fallback="") or ""
    mounted = conf.get(SECTION, "mount_in_airflow", fallback="true").strip().lower() != "false"
    return base_url if mounted and base_url.startswith(("http://", "https://")) else None


def _examples(command: click.Command) -> str:
    return (command.epilog or "").replace("\b", "").replace("airflow-groups ", f"airflow {GROUP} ")
