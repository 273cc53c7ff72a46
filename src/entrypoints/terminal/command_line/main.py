"""The command ``airflow-groups``."""

import os
import shutil
import sys
from pathlib import Path

import click

from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line.commands import COMMANDS
from airflow_run_groups.entrypoints.terminal.command_line.service_command import CONNECTION


class Commands(click.Group):
    """The commands. The options by which a service is found may also stand before the name of a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags = {name: option.is_flag for option in CONNECTION for name in option.opts}
        before: list[str] = []
        rest = list(args)
        while rest and rest[0].partition("=")[0] in flags:
            takes_value = not flags[rest[0].partition("=")[0]] and "=" not in rest[0]
            before += [rest.pop(0) for _ in range(2 if takes_value and len(rest) > 1 else 1)]
        return super().parse_args(ctx, [*rest[:1], *before, *rest[1:]] if rest else before)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - of click
        """Return the commands in the order of the work: plan, create, watch, steer, look around."""
        return list(self.commands)


@click.group(cls=Commands)
@click.version_option(package_name="airflow-run-groups")
def main() -> None:
    """Create groups of Airflow DAG runs: serve the HTTP API, or use one that is served.

    Exit status: 0 success, 1 runs have failed, 2 wrong command line, 3 refused by the service, 4 service unreachable,
    unavailable or failing, 124 wait --timeout is over, 130 Ctrl-C, 141 nobody reads the output any more.

    \b
    Examples:
      airflow-groups plan --dag-id example_daily --prefix redo --from-date 2025-01-01 --to-date 2025-01-31
      airflow-groups create --dag-id example_daily --prefix redo --from-date 2025-01-01 --to-date 2025-01-31 --watch
      airflow-groups list --state active

    docs/start.md and docs/terminal.md of the package's source have more; each command's --help has examples of its own.
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped


for _command in COMMANDS:
    main.add_command(_command)


@main.command()
@click.option("--backend", type=click.Choice(["airflow", "memory"]), help="Overrides the setting of this name.")
@click.option("--bind", metavar="HOST:PORT", help="Where to listen; 127.0.0.1:8000 unless given.")
@click.option("--workers", type=click.IntRange(min=1), help="How many processes; 2 for airflow, 1 for memory.")
def serve(backend: str | None, bind: str | None, workers: int | None) -> None:
    """Serve the API with gunicorn. GUNICORN_CMD_ARGS can hold other options of gunicorn."""
    if backend is not None:
        os.environ["AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND"] = backend
    from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]  # noqa: PLC0415 - for this command only

    sys.argv = [
        shutil.which("gunicorn", path=Path(sys.executable).parent) or shutil.which("gunicorn") or "gunicorn",
        "-c",
        "python:airflow_run_groups.entrypoints.gunicorn.configuration",
        "airflow_run_groups.entrypoints.wsgi:app",
    ]
    if bind is not None:
        sys.argv += ["--bind", bind]
    if workers is not None:
        sys.argv += ["--workers", str(workers)]
    try:
        run(prog="gunicorn")  # at SIGUSR2, gunicorn starts itself again with this command line
    except KeyboardInterrupt:  # before gunicorn handles signals itself
        sys.exit(exits.INTERRUPTED)
