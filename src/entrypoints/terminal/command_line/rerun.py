"""``--reprocess-behavior``, and ``fill``, the short form for gaps."""

import click

from airflow_run_groups.entrypoints.terminal.command_line.service_command import ServiceCommand

REPROCESS = click.Option(
    ["--reprocess-behavior"],
    type=click.Choice(("none", "failed", "completed")),
    callback=lambda _ctx, _option, behavior: None if behavior == "none" else behavior,
    help="Which runs that exist run again: those that have failed, or all that have ended; without it none.",
)


def fill(*options: click.Option) -> ServiceCommand:
    """Return the command, with these options beside its range."""
    return ServiceCommand(
        "fill",
        "work.create:fill",
        click.Option(["--dag-id"], required=True, metavar="DAG_ID", help="The DAG."),
        click.Option(["--from-date", "start_date"], required=True, metavar="DATE", help="The first date, inclusive."),
        click.Option(
            ["--to-date", "end_date"], metavar="DATE", help="The last date, inclusive; now when it is left out."
        ),
        click.Option(
            ["--prefix"], default="fill", show_default=True, help="The group: how the ids of its new runs begin."
        ),
        *options,
        text="Make the past of a DAG complete: create the runs that are missing in a range, and let those run again that have "
        "failed.\n\nIt is create with --reprocess-behavior failed. coverage shows what it would be about.",
        examples=[
            "airflow-groups fill --dag-id example_daily --from-date 2025-01-01 --to-date 2025-03-31 --dry-run",
            "airflow-groups fill --dag-id example_daily --from-date 2025-01-01 --max-active-runs 5 --watch",
        ],
    )
