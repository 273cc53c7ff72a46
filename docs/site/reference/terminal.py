"""The commands and their options, from `--help`."""

from __future__ import annotations

import click

from airflow_run_groups.entrypoints.terminal.command_line.main import main
from airflow_run_groups.entrypoints.terminal.command_line.service_command import CONNECTION, OUTPUT
from reference.markdown import block, code, table

PROGRAM = "airflow-groups"
SHARED = {option.name for option in (*CONNECTION, OUTPUT)}


def page() -> str:
    """Describe every command; the options of all of them stand once, at the end."""
    parts = [
        """# Terminal commands

[The terminal](../terminal.md) explains how the commands work together, their exit statuses, and how they retry. Inside Airflow 3.2 and newer
the same commands are `airflow groups …`.""",
        "## Common options",
        f"Every command but `serve` has these options.\n\n{options(main.commands['status'], lambda name: name in SHARED)}",
    ]
    for name, command in sorted(main.commands.items()):
        context = click.Context(command, info_name=f"{PROGRAM} {name}", color=False)
        usage = context.get_usage().removeprefix("Usage: ")
        parts += [f"## `{name}`", (command.help or "").replace("\b\n", ""), block("console", f"$ {usage}")]
        own = options(command, lambda option: option not in SHARED)
        parts += [own] if own else []
        if command.epilog:
            examples = command.epilog.replace("\b", "").split("\n\n", 1)[1]
            parts.append(block("console", "\n".join(f"$ {line.strip()}" for line in examples.strip().splitlines())))
    return "\n\n".join(parts) + "\n"


def options(command: click.Command, is_wanted: object) -> str:
    """Return a table of the options whose names are wanted."""
    context = click.Context(command)
    rows = []
    for option in command.params:
        record = option.get_help_record(context) if is_wanted(option.name) else None  # type: ignore[operator]
        if record is not None:
            text, _, extra = record[1].partition("  [")
            rows.append([code(record[0]), text, extra.removesuffix("]")])
    return table(["option", "description", ""], rows) if rows else ""
