"""The commands and their options. This module loads click and nothing else that has to be installed.

The name of an option of ``create`` that stands behind its flag is the key of the request that it fills.
"""

from collections.abc import Callable, Sequence
from typing import Any

import click

from airflow_run_groups.entrypoints.terminal.command_line.json_value import Json
from airflow_run_groups.entrypoints.terminal.command_line.notify import NO_NOTIFY, NOTIFY, NOTIFY_CONNECTION
from airflow_run_groups.entrypoints.terminal.command_line.options import ABOUT, NOTHING_SAID, many
from airflow_run_groups.entrypoints.terminal.command_line.rerun import REPROCESS, fill
from airflow_run_groups.entrypoints.terminal.command_line.service_command import Seconds, ServiceCommand, resolve
from airflow_run_groups.entrypoints.terminal.command_line.stop_after import STOP_AFTER, STOP_FROM_OUTSIDE


def _completed(name: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """Return what a shell calls to complete a value; the function of this name is imported then."""
    return lambda ctx, _option, incomplete: resolve(f"work.completion:{name}")(ctx, incomplete)


_DAG = click.Option(
    ["--dag-id"], required=True, metavar="DAG_ID", shell_complete=_completed("dag_ids"), help="The DAG."
)
_PREFIX = click.Option(
    ["--prefix"], required=True, shell_complete=_completed("prefixes"), help="The group, by the prefix that list shows."
)
_NOT_BEFORE = click.Option(["--not-before"], metavar="DATE", help="No run starts earlier.")
_PACE = click.Option(
    ["--pace"], metavar="RUNS/DURATION", help="So many runs may start per ISO 8601 duration, such as 20/PT10M."
)
_CAP = click.Option(
    ["--max-active-runs"],
    type=click.IntRange(1, 10_000),
    help="At most so many runs of the group run at once, beside the DAG's other runs.",
)
_DRY_RUN = click.Option(["--dry-run"], is_flag=True, help="Only say what would be done.")
_ALL_DATES = click.Option(
    ["--all-dates"], is_flag=True, help="Of a plan, as with --dry-run: each date, however many there are."
)
_WATCH = click.Option(["--watch"], is_flag=True, help="Show how far the group is, until all of its runs have ended.")
_CONF = click.Option(
    ["--dag-run-conf", "conf"],
    type=Json(dict),
    metavar="JSON",
    help="The configuration of every run, or @ and a file that holds it.",
)
_NOTE = click.Option(["--note"], help="A note on each run.")
_BACKWARDS = click.Option(
    ["--run-backwards", "order"],
    is_flag=True,
    callback=lambda _ctx, _option, backwards: "desc" if backwards else "asc",
    help="Start with the newest date. Tasks that wait for a slot still get it oldest first.",
)
_PAUSED = click.Option(
    ["--paused"],
    is_flag=True,
    callback=lambda _ctx, _option, is_paused: is_paused or None,
    help="No run starts until the group is resumed.",
)
_REQUEST = (
    _DAG,
    click.Option(
        ["--from-date", "start_date"], metavar="DATE", help="The first date, inclusive. Without any date: one run now."
    ),
    click.Option(["--to-date", "end_date"], metavar="DATE", help="The last date, inclusive; now when it is left out."),
    many(["--date", "dates"], metavar="DATE", text="This date, in place of a range."),
    click.Option(
        ["--prefix"],
        default="manual_",
        show_default=True,
        help="How the run ids begin. One underscore at its end is not part of the group's name.",
    ),
    click.Option(
        ["--new-group"],
        is_flag=True,
        callback=lambda _ctx, _option, is_new: is_new or None,
        help="Refuse a prefix whose group exists already, unless this same command made the group.",
    ),
    click.Option(
        ["--interval"],
        help="For a range of a DAG without a schedule: what lies between two dates, such as PT6H, or a cron.",
    ),
    _CONF,
    click.Option(
        ["--conf-per-run"],
        type=Json(dict, list),
        metavar="JSON",
        help="Merged over it for each run, also from @ and a file: an object with {logical_date} and others in its texts, or a list, one for each date.",
    ),
    _NOTE,
    *ABOUT,
    click.Option(
        ["--bundle-version"], help="Runs of the DAG as it is in this version of its bundle. It needs Airflow 3.4."
    ),
    _BACKWARDS,
    _NOT_BEFORE,
    _PACE,
    _CAP,
    click.Option(
        ["--run-type"],
        type=click.Choice(("manual", "backfill")),
        help="Airflow's type of the runs; without it the one that costs the DAG no scheduled run.",
    ),
    _PAUSED,
    STOP_AFTER,
    NOTIFY_CONNECTION,
    REPROCESS,
)
_STEPS = (
    click.Option(["--limit"], type=click.IntRange(min=1), help="At most so many runs, the first ones."),
    click.Option(
        ["--step"],
        type=click.IntRange(1, 10_000),
        default=500,
        show_default=True,
        help="How many runs to create with one request, which creates all of them or none. More than 500 where the service "
        "allows it (max_limit).",
    ),
)
_ACTION = (
    _DRY_RUN,
    many(["--date", "dates"], metavar="DATE", text="Only the run with this logical date."),
    many(["--run-id", "run_ids"], metavar="RUN_ID", text="Only the run with this id."),
    click.Option(
        ["--step"],
        type=click.IntRange(1, 500),
        default=100,
        show_default=True,
        help="How many runs to change with one request.",
    ),
)

COMMANDS: Sequence[ServiceCommand] = (
    ServiceCommand(
        "plan",
        "work.show:plan",
        *_REQUEST,
        *_STEPS,
        _ALL_DATES,
        text="Show what create would do: date by date, or in short where there are many dates.",
        examples=[
            "airflow-groups plan --dag-id example_hourly --from-date 2025-01-01 --to-date 2025-01-31 --prefix redo"
        ],
    ),
    ServiceCommand(
        "create",
        "work.create:create",
        *_REQUEST,
        *_STEPS,
        _DRY_RUN,
        _ALL_DATES,
        _WATCH,
        text="Create a group of runs, in steps of 500.\n\nDates that have a run already are skipped: run the same command "
        "again, and it continues where it was interrupted.",
        examples=[
            "airflow-groups create --dag-id example_hourly --from-date 2025-01-01 --to-date 2025-12-31T23:00 --prefix redo --watch",
            'airflow-groups create --dag-id example_daily --date 2025-02-01 --date 2025-02-15 --dag-run-conf \'{"colour": "red"}\'',
            "airflow-groups create --dag-id example_daily --from-date 2025-01-01 --run-backwards --pace 20/PT10M -o json",
        ],
    ),
    fill(
        *(_CONF, _NOTE, _BACKWARDS, _NOT_BEFORE, _PACE, _CAP, _PAUSED, STOP_AFTER, NOTIFY_CONNECTION),
        *_STEPS,
        _DRY_RUN,
        _ALL_DATES,
        _WATCH,
    ),
    ServiceCommand(
        "status",
        "work.show:status",
        _DAG,
        _PREFIX,
        text="Show how far a group is.",
        examples=["airflow-groups status --dag-id example_hourly --prefix redo -o json"],
    ),
    ServiceCommand(
        "wait",
        "work.wait:wait",
        _DAG,
        _PREFIX,
        click.Option(
            ["--timeout"],
            type=Seconds(),
            metavar="SECONDS",
            help="Wait no longer; the exit status is 124 then. The runs go on.",
        ),
        STOP_FROM_OUTSIDE,
        NOTIFY,
        text="Wait until all runs of a group have ended.\n\nThe exit status is 0 when all have succeeded, and 1 when some "
        "have failed.",
        examples=[
            "airflow-groups wait --dag-id example_hourly --prefix redo --timeout 3600 && echo all succeeded",
            "airflow-groups wait --dag-id example_hourly --prefix redo --stop-after 5",
            "airflow-groups wait --dag-id example_hourly --prefix redo --notify https://hooks.example.com/runs",
        ],
    ),
    ServiceCommand(
        "cancel",
        "work.group_actions:cancel",
        _DAG,
        _PREFIX,
        click.Option(["--running"], is_flag=True, help="Those that have started, too."),
        *_ACTION,
        text="Cancel the queued runs of a group: they end as failed, and retry brings them back.",
        examples=[
            "airflow-groups cancel --dag-id example_hourly --prefix redo --dry-run",
            "airflow-groups cancel --dag-id example_hourly --prefix redo --running",
        ],
    ),
    ServiceCommand(
        "retry",
        "work.group_actions:retry",
        _DAG,
        _PREFIX,
        click.Option(
            ["--which"],
            type=click.Choice(("failed", "cancelled", "all")),
            help="The runs that failed by themselves, the cancelled ones, or every run that has ended, from its first task. "
            "Without it: failed and cancelled runs.",
        ),
        _NOT_BEFORE,
        _PACE,
        click.Option(
            ["--run-on-latest-version/--run-on-original-version", "run_on_latest_version"],
            default=None,
            help="The version of the DAG; without it as Airflow is configured.",
        ),
        many(
            ["--task", "tasks"], metavar="TASK_ID", text="Only this task of the runs, and all that is downstream of it."
        ),
        *_ACTION,
        text="Let runs of a group run again.",
        examples=[
            "airflow-groups retry --dag-id example_hourly --prefix redo",
            "airflow-groups retry --dag-id example_hourly --prefix redo --which cancelled --pace 20/PT10M",
            "airflow-groups retry --dag-id example_hourly --prefix redo --date 2025-02-03 --task load",
        ],
    ),
    ServiceCommand(
        "pause",
        "work.changes:pause",
        _DAG,
        _PREFIX,
        _DRY_RUN,
        text="Let no queued run of a group start. Running runs go on.",
        examples=["airflow-groups pause --dag-id example_hourly --prefix redo"],
    ),
    ServiceCommand(
        "resume",
        "work.changes:resume",
        _DAG,
        _PREFIX,
        _DRY_RUN,
        text="Let the runs of a paused group start again.",
        examples=["airflow-groups resume --dag-id example_hourly --prefix redo"],
    ),
    ServiceCommand(
        "change",
        "work.changes:change",
        _DAG,
        _PREFIX,
        _CAP,
        click.Option(
            ["--no-max-active-runs"], is_flag=True, help="As many runs as the DAG allows, with its other runs."
        ),
        STOP_AFTER,
        click.Option(["--no-stop-after"], is_flag=True, help="Never pause the group by itself."),
        _PACE,
        click.Option(["--no-pace"], is_flag=True, help="All queued runs may start, now or at --not-before."),
        click.Option(["--not-before"], metavar="DATE", help="The first of the queued runs starts then."),
        click.Option(
            ["--order"], type=click.Choice(("asc", "desc")), help="Start with the oldest, or with the newest date."
        ),
        *ABOUT,
        *NOTHING_SAID,
        NOTIFY_CONNECTION,
        NO_NOTIFY,
        _DRY_RUN,
        text="Change how many runs of a group run at once, after how many failed runs it stops, when and in which order its "
        "queued runs start, what is said of it, and where its notifications go.",
        examples=[
            "airflow-groups change --dag-id example_hourly --prefix redo --max-active-runs 5",
            "airflow-groups change --dag-id example_hourly --prefix redo --pace 20/PT10M --order desc --dry-run",
        ],
    ),
    ServiceCommand(
        "release",
        "work.changes:release",
        click.Option(["--dag-id"], metavar="DAG_ID", help="Only the groups of this DAG."),
        _DRY_RUN,
        text="Resume all groups that are paused, of all DAGs, and say which they were, as before an uninstall.",
        examples=["airflow-groups release --dry-run", "airflow-groups release --dag-id example_hourly"],
    ),
    ServiceCommand(
        "note",
        "work.group_actions:note",
        _DAG,
        _PREFIX,
        click.Option(["--note"], required=True, help="1 to 1,000 characters."),
        *_ACTION,
        text="Put a note on each run of a group.",
        examples=["airflow-groups note --dag-id example_hourly --prefix redo --note 'wrong prices in the source'"],
    ),
    ServiceCommand(
        "list",
        "work.show:list_",
        click.Option(["--dag-id"], metavar="DAG_ID", help="The DAG. Without it, the groups of all DAGs."),
        click.Option(["--prefix"], help="The runs of this group, and not the groups."),
        click.Option(
            ["--state"],
            type=click.Choice(("active", "failed", "queued", "running", "success")),
            help="Of groups the active ones, or those with failed runs; of a group's runs those in this state.",
        ),
        click.Option(["--begins-with"], metavar="TEXT", help="Only groups whose prefix begins with this."),
        click.Option(["--created-by"], metavar="NAME", help="Only groups whose first run this caller requested."),
        click.Option(["--notes"], is_flag=True, help="Show the note of each run, too."),
        click.Option(["--confs"], is_flag=True, help="Show the configuration of each run, too."),
        text="List groups, the newest first, or the runs of a group.",
        examples=[
            "airflow-groups list --state active",
            "airflow-groups list --dag-id example_hourly",
            "airflow-groups list --dag-id example_hourly --prefix redo --state failed -o plain",
        ],
    ),
    ServiceCommand(
        "coverage",
        "work.coverage:coverage",
        many(["--dag-id", "dag_ids"], metavar="DAG_ID", text="The DAG."),
        click.Option(["--tag"], metavar="TAG", help="In place of DAGs: all with this tag and a schedule."),
        click.Option(["--from-date", "start_date"], required=True, metavar="DATE", help="The first date, inclusive."),
        click.Option(
            ["--to-date", "end_date"], metavar="DATE", help="The last date, inclusive; now when it is left out."
        ),
        click.Option(
            ["--fail-under"],
            type=click.FloatRange(0, 100),
            metavar="PERCENT",
            help="Exit with 1 when fewer of the dates that are due have succeeded.",
        ),
        click.Option(["--all-dates"], is_flag=True, help="Each date with its run, and not stretches of dates."),
        text="Show whether the past of a DAG, or of several, is complete: what became of each date of the schedule.",
        examples=[
            "airflow-groups coverage --dag-id example_daily --from-date 2025-01-01 --to-date 2025-03-31",
            "airflow-groups coverage --dag-id example_daily --from-date 2025-01-01 --fail-under 100 -o json",
            "airflow-groups coverage --tag sales --from-date 2025-01-01 --fail-under 100",
        ],
    ),
    ServiceCommand(
        "dags",
        "work.show:dags",
        click.Option(
            ["--search"],
            metavar="TEXT",
            help="Only DAGs that have this in their id, with their schedules and what you may do.",
        ),
        text="List the DAGs.",
        examples=["airflow-groups dags -o plain", "airflow-groups dags --search sales -o json"],
    ),
    ServiceCommand(
        "me",
        "work.show:me",
        text="Show who you are to the service, how it identifies callers, and its version.",
        examples=["airflow-groups me"],
    ),
)
