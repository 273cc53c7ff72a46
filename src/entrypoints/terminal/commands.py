"""The commands and their options. Whoever only wants to know them loads click and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from airflow_run_groups.entrypoints.terminal import exits

FORMATS = ("table", "json", "yaml", "plain")
STATES = ("queued", "running", "success", "failed")

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Decorator = Callable[[_Function], _Function]


class Json(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A JSON object, or a list of them."""

    name = "json"

    def __init__(self, kinds: tuple[type, ...]) -> None:
        """Take these kinds of value."""
        self._kinds = kinds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        try:
            read = json.loads(value)
            json.dumps(
                read, ensure_ascii=False, allow_nan=False
            ).encode()  # Python reads more than JSON has, such as NaN
        except (ValueError, RecursionError) as error:
            self.fail(f"it is no JSON: {error}", param, ctx)
        if not isinstance(read, self._kinds):
            names = " or ".join("an object" if kind is dict else "a list" for kind in self._kinds)
            self.fail(f"it must be {names}, not {value!r}", param, ctx)
        return read


class Seconds(click.FloatRange):
    """A length of time, which is a number and has an end."""

    def __init__(self) -> None:
        """Take none below 0."""
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


class ServiceCommand(click.Command):
    """A command that talks to a service, and so has the options that say to which; its exit status is what it returns."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Add them."""
        super().__init__(*args, **options)
        self.params += [*_CONNECTION, _OUTPUT]

    def invoke(self, ctx: click.Context) -> None:
        """Run it."""
        try:
            status = self._run(ctx)
        except KeyboardInterrupt:  # of which click would make a 1, which is that some runs have failed
            status = exits.INTERRUPTED
        ctx.exit(status)

    def _run(self, ctx: click.Context) -> int:
        from airflow_run_groups.entrypoints.terminal.session import Connection, run  # noqa: PLC0415 - loads much

        given = dict(ctx.params)
        connection = Connection(**{str(option.name): ctx.params.pop(str(option.name)) for option in _CONNECTION})
        output = ctx.params.pop("output")
        work = self.callback
        assert work is not None  # noqa: S101 - each of them has one
        return run(
            lambda session: work(session, **ctx.params),
            connection=connection,
            output=output,
            command_line=CommandLine(ctx, given),
        )


class CommandLine:
    """What was typed, and what would have to be typed to go on."""

    def __init__(self, ctx: click.Context, values: Mapping[str, Any]) -> None:
        """Take the command and its values from here."""
        self.program = ctx.command_path.rpartition(" ")[0]
        self._path = ctx.command_path
        self._params = {str(param.name): param for param in ctx.command.params}
        given = (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.PROMPT)
        self._given = {name: value for name, value in values.items() if ctx.get_parameter_source(name) in given}

    def with_(self, **others: Any) -> str:
        """Return the command with these values in place of those that it had, as a shell takes it; None for none."""
        return self._shell(self._path, {**self._given, **others})

    def of(self, command: str, **values: Any) -> str:
        """Return another command with these values, and the options by which this one has found its service."""
        kept = {str(option.name) for option in _CONNECTION}
        connection = {name: value for name, value in self._given.items() if name in kept}
        return self._shell(f"{self.program} {command}", {**values, **connection})

    def _shell(self, path: str, values: Mapping[str, Any]) -> str:
        import shlex  # noqa: PLC0415 - hardly ever needed

        words = [path]
        for name, value in values.items():
            flag = self._params[name].opts[0] if name in self._params else f"--{name.replace('_', '-')}"
            if value is True:
                words.append(flag)
            elif value not in (None, False):
                many = value if isinstance(value, tuple) else (value,)
                words += [f"{flag} {shlex.quote(_text(one))}" for one in many]
        return " ".join(words)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


_CONNECTION = (
    click.Option(
        ["--url"],
        default="http://127.0.0.1:8000",
        envvar="AIRFLOW_GROUPS_URL",
        show_default=True,
        show_envvar=True,
        help="Where the service is, alone or inside Airflow's API server, with the path that it has below a proxy.",
    ),
    click.Option(
        ["--local"],
        is_flag=True,
        help="Ask no service: do it in this process, on the backend of its configuration, in the name of the user of the "
        "operating system. With the backend 'memory' all is forgotten when the command ends.",
    ),
    click.Option(
        ["--token-file"],
        type=click.Path(exists=True, dir_okay=False),
        envvar="AIRFLOW_GROUPS_TOKEN_FILE",
        show_envvar=True,
        help="A file that holds the token, which may also stand in AIRFLOW_GROUPS_TOKEN.",
    ),
    click.Option(["--ask-token"], is_flag=True, help="Ask for the token at the terminal."),
    click.Option(
        ["--retry-for"],
        type=Seconds(),
        default=60.0,
        metavar="SECONDS",
        show_default=True,
        help="How long a request that gets no answer is sent again, where that is safe.",
    ),
)
_OUTPUT = click.Option(
    ["-o", "--output"], type=click.Choice(FORMATS), default="table", show_default=True, help="How to write the result."
)


def _all(*options: _Decorator[Any]) -> _Decorator[Any]:
    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _command(name: str, *examples: str) -> Callable[[Callable[..., Any]], ServiceCommand]:
    epilog = "\n\n".join(["Examples:", "\b\n" + "\n".join(f"  {example}" for example in examples)])
    return click.command(name, cls=ServiceCommand, epilog=epilog)


_DAG = click.option("--dag-id", required=True, metavar="DAG_ID", help="The DAG.")
_PREFIX = click.option("--prefix", required=True, help="The prefix of the group.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only say what would be done.")
_STEP = click.option(
    "--step", type=click.IntRange(1, 500), default=100, show_default=True, help="How many runs to do it to at a time."
)
_GROUP = _all(
    _DAG,
    click.option("--from-date", metavar="DATE", help="The first date, inclusive. Without any date: one run now."),
    click.option("--to-date", metavar="DATE", help="The last date, inclusive; now when it is left out."),
    click.option(
        "--date",
        "dates",
        multiple=True,
        metavar="DATE",
        help="This date, in place of a range. Can be given many times.",
    ),
    click.option("--prefix", default="manual_", show_default=True, help="How the run ids begin."),
    click.option("--limit", type=click.IntRange(min=1), help="At most so many runs, the first ones."),
    click.option(
        "--interval",
        help="For a range of a DAG without a schedule: what lies between two dates, such as PT6H, or a cron.",
    ),
    click.option("--dag-run-conf", type=Json((dict,)), metavar="JSON", help="The configuration of every run."),
    click.option(
        "--conf-per-run",
        type=Json((dict, list)),
        metavar="JSON",
        help="Merged over it for each run: an object with {logical_date} and others in its texts, or a list, one for each date.",
    ),
    click.option("--note", help="A note on each run."),
    click.option("--run-backwards", is_flag=True, help="The newest date first."),
    click.option("--not-before", metavar="DATE", help="No run starts earlier."),
    click.option(
        "--pace", metavar="RUNS/DURATION", help="So many runs may start per ISO 8601 duration, such as 20/PT10M."
    ),
    click.option(
        "--step",
        type=click.IntRange(1, 500),
        default=500,
        show_default=True,
        help="How many runs to ask for with one request; all of them are created, or none.",
    ),
)


@_command(
    "create",
    "airflow-groups create --dag-id example_hourly --from-date 2025-01-01 --to-date 2025-12-31T23:00 --prefix redo --watch",
    'airflow-groups create --dag-id example_daily --date 2025-02-01 --date 2025-02-15 --dag-run-conf \'{"colour": "red"}\'',
    "airflow-groups create --dag-id example_daily --from-date 2025-01-01 --run-backwards --pace 20/PT10M -o json",
)
@_GROUP
@_DRY_RUN
@click.option("--watch", is_flag=True, help="Show how far the group is, until all of its runs have ended.")
def create(session: Any, *, dry_run: bool, **asked: Any) -> int:
    """Create a group of runs, in steps of 500.

    Dates that have a run already are skipped: the same command can be given again, and goes on where it was interrupted.
    """
    from airflow_run_groups.entrypoints.terminal import create as creating  # noqa: PLC0415 - loads much

    if dry_run:
        asked.pop("watch")
        return creating.plan(session, **asked)
    return creating.create(session, **asked)


@_command(
    "plan", "airflow-groups plan --dag-id example_hourly --from-date 2025-01-01 --to-date 2025-01-31 --prefix redo"
)
@_GROUP
def plan(session: Any, **asked: Any) -> int:
    """Show what create would do, date by date."""
    from airflow_run_groups.entrypoints.terminal import create as creating  # noqa: PLC0415 - loads much

    return creating.plan(session, **asked)


@_command("status", "airflow-groups status --dag-id example_hourly --prefix redo -o json")
@_DAG
@_PREFIX
def status(session: Any, **asked: Any) -> int:
    """Show how far a group is."""
    from airflow_run_groups.entrypoints.terminal import show as looking  # noqa: PLC0415 - loads much

    return looking.status(session, **asked)


@_command("wait", "airflow-groups wait --dag-id example_hourly --prefix redo --timeout 3600 && echo all succeeded")
@_DAG
@_PREFIX
@click.option(
    "--timeout",
    type=Seconds(),
    metavar="SECONDS",
    help="Wait no longer; the exit status is 124 then. The runs go on.",
)
def wait(session: Any, **asked: Any) -> int:
    """Wait until all runs of a group have ended.

    The exit status is 0 when all have succeeded, and 1 when some have failed.
    """
    from airflow_run_groups.entrypoints.terminal import wait as watching  # noqa: PLC0415 - loads much

    return watching.wait(session, **asked)


@_command(
    "cancel",
    "airflow-groups cancel --dag-id example_hourly --prefix redo --dry-run",
    "airflow-groups cancel --dag-id example_hourly --prefix redo --running",
)
@_DAG
@_PREFIX
@click.option("--running", is_flag=True, help="Those, too, that have started.")
@_DRY_RUN
@_STEP
def cancel(session: Any, **asked: Any) -> int:
    """Let the queued runs of a group fail."""
    from airflow_run_groups.entrypoints.terminal import group_actions  # noqa: PLC0415 - loads much

    return group_actions.apply(session, "cancel", **asked)


@_command("retry", "airflow-groups retry --dag-id example_hourly --prefix redo")
@_DAG
@_PREFIX
@click.option(
    "--which",
    type=click.Choice(("failed", "all")),
    default="failed",
    show_default=True,
    help="What has not succeeded of the failed runs, or every run that has ended, from its start.",
)
@_DRY_RUN
@_STEP
def retry(session: Any, **asked: Any) -> int:
    """Let runs of a group run again."""
    from airflow_run_groups.entrypoints.terminal import group_actions  # noqa: PLC0415 - loads much

    return group_actions.apply(session, "retry", **asked)


@_command("note", "airflow-groups note --dag-id example_hourly --prefix redo --note 'wrong prices in the source'")
@_DAG
@_PREFIX
@click.option("--note", required=True, help="1 to 1,000 characters.")
@_DRY_RUN
@_STEP
def note(session: Any, **asked: Any) -> int:
    """Put a note on each run of a group."""
    from airflow_run_groups.entrypoints.terminal import group_actions  # noqa: PLC0415 - loads much

    return group_actions.apply(session, "note", **asked)


@_command(
    "list",
    "airflow-groups list --dag-id example_hourly",
    "airflow-groups list --dag-id example_hourly --prefix redo --state failed -o plain",
)
@_DAG
@click.option("--prefix", help="The runs of this group, and not the groups.")
@click.option("--state", type=click.Choice(STATES), help="Of the group's runs those in this state.")
def list_(session: Any, *, dag_id: str, prefix: str | None, state: str | None) -> int:
    """List the groups of a DAG, the newest first, or the runs of a group."""
    from airflow_run_groups.entrypoints.terminal import show as looking  # noqa: PLC0415 - loads much

    if prefix is None:
        if state is not None:
            msg = "--state needs --prefix: it is about the runs of a group"
            raise click.UsageError(msg)
        return looking.groups(session, dag_id)
    return looking.runs(session, dag_id, prefix, state)


@_command("dags", "airflow-groups dags -o plain")
def dags(session: Any) -> int:
    """List the DAGs."""
    from airflow_run_groups.entrypoints.terminal import show as looking  # noqa: PLC0415 - loads much

    return looking.dags(session)


COMMANDS: Sequence[click.Command] = (plan, create, status, wait, cancel, retry, note, list_, dags)
"""All of them, as one begins with them."""
