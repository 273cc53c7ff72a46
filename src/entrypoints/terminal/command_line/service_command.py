"""A command that talks to a service. The function that does its work is imported when the command runs."""

import datetime as dt
import json
import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line.short_help import SHORT_HELP
from airflow_run_groups.entrypoints.terminal.command_line.wording import as_options


class Seconds(click.FloatRange):
    """A finite number of seconds, at least 0."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


URL = "AIRFLOW_GROUPS_URL"
"""The variable that names the service."""
CONNECTION = (
    click.Option(
        ["--url"],
        default="http://127.0.0.1:8000",
        envvar=URL,
        show_default=True,
        show_envvar=True,
        help="The URL of the service, on its own or inside Airflow's API server, with the path that it has below a proxy.",
    ),
    click.Option(
        ["--local"],
        is_flag=True,
        help="Use no service: do the work in this process, on the backend of its configuration, in the name of the user of "
        "the operating system. With the backend 'memory' all is forgotten when the command ends.",
    ),
    click.Option(
        ["--token-file"],
        type=click.Path(exists=True, dir_okay=False),
        envvar="AIRFLOW_GROUPS_TOKEN_FILE",
        show_envvar=True,
        help="A file that holds the token, which may also stand in AIRFLOW_GROUPS_TOKEN or AIRFLOW_CLI_TOKEN.",
    ),
    click.Option(["--ask-token"], is_flag=True, help="Prompt for the token at the terminal."),
    click.Option(
        ["--user"],
        envvar="AIRFLOW_GROUPS_USER",
        show_envvar=True,
        help="The user of Airflow to sign in as, where the service asks for one and no token is given. Name and password are "
        "prompted for at a terminal; the password may also stand in AIRFLOW_GROUPS_PASSWORD. It is not stored.",
    ),
    click.Option(
        ["--airflow-url"],
        envvar="AIRFLOW_GROUPS_AIRFLOW_URL",
        show_envvar=True,
        help="The URL of Airflow's API server, where the user signs in, unless the service is inside it.",
    ),
    click.Option(
        ["--retry-for"],
        type=Seconds(),
        default=60.0,
        metavar="SECONDS",
        show_default=True,
        help="How long a request that gets no response is sent again, where that is safe.",
    ),
)
OUTPUT = click.Option(
    ["-o", "--output"],
    type=click.Choice(("table", "json", "yaml", "plain")),
    default="table",
    show_default=True,
    help="How to write the result.",
)


class ServiceCommand(click.Command):
    """A command with the options of every command.

    ``target`` is the function that does its work, as ``work.show:plan`` in the terminal. The function takes a session and
    the command's own options by their names, and returns the exit status.
    """

    def __init__(self, name: str, target: str, *options: click.Option, text: str, examples: Sequence[str]) -> None:
        epilog = "\n\n".join(["Examples:", "\b\n" + "\n".join(f"  {example}" for example in examples)])
        super().__init__(
            name, params=[*options, *CONNECTION, OUTPUT], help=text, short_help=SHORT_HELP[name], epilog=epilog
        )
        self.target = target

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say of an option that only other commands have which these are."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            group = ctx.parent.command if ctx.parent else None
            others = group.commands if isinstance(group, click.Group) else {}
            having = [
                name for name, one in others.items() if any(error.option_name in param.opts for param in one.params)
            ]
            if not having:
                raise
            msg = f"{self.name} has no option {error.option_name}; these commands have it: {', '.join(having)}."
            raise click.UsageError(msg, ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options first, and those by which a service is found under a heading of their own."""
        shown = {param: record for param in self.get_params(ctx) if (record := param.get_help_record(ctx)) is not None}
        for heading, are_of_connection in (("Options", False), ("Service and user", True)):
            with formatter.section(heading):
                formatter.write_dl(
                    [record for param, record in shown.items() if (param in CONNECTION) is are_of_connection]
                )

    def invoke(self, ctx: click.Context) -> None:
        try:
            status = self._run(ctx)
        except KeyboardInterrupt:  # click's own status for it, 1, means that some runs have failed
            status = exits.INTERRUPTED
        ctx.exit(status)

    def _run(self, ctx: click.Context) -> int:
        command_line = CommandLine(ctx)
        options = dict(ctx.params)
        connection = {str(option.name): options.pop(str(option.name)) for option in CONNECTION}
        output = options.pop("output")
        run, work = resolve("session:run"), resolve(self.target)
        status: int = run(lambda session: work(session, **options), connection, output, command_line)
        return status


def resolve(target: str) -> Callable[..., Any]:
    """Import a function of the terminal, given as ``module:function``, such as ``work.show:plan``."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(import_module(f"airflow_run_groups.entrypoints.terminal.{module}"), name)
    return function


class CommandLine:
    """The command line as it was typed, and others made from it, as a shell takes them."""

    def __init__(self, ctx: click.Context) -> None:
        self._program, _, self._command = ctx.command_path.rpartition(" ")
        self._flags = {str(param.name): param.opts[0] for param in ctx.command.params}
        typed = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.PROMPT)
        self._typed = {name: value for name, value in ctx.params.items() if ctx.get_parameter_source(name) in typed}
        self._valueless = {str(param.name) for param in ctx.command.params if getattr(param, "is_flag", False)}

    def has(self, name: str) -> bool:
        """Tell whether an option was typed."""
        return name in self._typed

    def worded(self, text: str) -> str:
        """Name this command's options in a text of the service, which names keys of a request."""
        return as_options(text, self._flags)

    def changed(self, **changes: Any) -> str:
        """Return the same command with other values; None and () leave an option out."""
        return self._shell(self._command, {**self._typed, **changes})

    def other(self, command: str, **values: Any) -> str:
        """Return another command with these values, and with the options by which this one finds its service."""
        names = {str(option.name) for option in CONNECTION}
        connection = {name: value for name, value in self._typed.items() if name in names}
        return self._shell(command, {**values, **connection})

    def _shell(self, command: str, values: Mapping[str, Any]) -> str:
        words = [self._program, command]
        for name, value in values.items():
            flag = self._flags.get(name, f"--{name.replace('_', '-')}")
            if name in self._valueless or isinstance(value, bool):
                words += [flag] if value else []
            elif value is not None:
                many = value if isinstance(value, tuple) else (value,)
                words += [f"{flag} {shlex.quote(_text(one))}" for one in many]
        return " ".join(words)


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return json.dumps(value) if type(value) in {dict, list} else str(value)
