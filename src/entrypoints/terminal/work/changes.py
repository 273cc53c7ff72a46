"""``pause``, ``resume``, ``change`` and ``release``."""

from typing import Any

import click

from airflow_run_groups.adapters.client import GroupProgress
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.fitting import without_fractions
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.work.show import facts
from airflow_run_groups.entrypoints.terminal.work.stopping import in_words


def pause(session: Session, *, dag_id: str, prefix: str, dry_run: bool) -> int:
    return _change(session, dag_id, prefix, dry_run=dry_run, paused=True)


def resume(session: Session, *, dag_id: str, prefix: str, dry_run: bool) -> int:
    return _change(session, dag_id, prefix, dry_run=dry_run, paused=False)


def change(session: Session, *, dag_id: str, prefix: str, dry_run: bool, **given: Any) -> int:
    """Change what the options say; ``no_…`` of them restores a default."""
    wishes = {name: value for name, value in given.items() if value is not None and not name.startswith("no_")}
    for name in (option.removeprefix("no_") for option, is_set in given.items() if option.startswith("no_") and is_set):
        if name in wishes:
            flag = name.replace("_", "-")
            msg = f"--{'label' if name == 'labels' else flag} and --no-{flag} cannot be combined"
            raise click.UsageError(msg)
        wishes[name] = None
    if not wishes:
        msg = "say what to change: --max-active-runs, --stop-after, --pace, --not-before, --order, --description, --label or --notify"
        raise click.UsageError(msg)
    return _change(session, dag_id, prefix, dry_run=dry_run, **wishes)


def release(session: Session, *, dag_id: str | None, dry_run: bool) -> int:
    output = session.output
    rows = []
    for group in list(session.client.paused_groups(dag_id)):
        if not dry_run:
            session.client.change(group["dag_id"], group["prefix"], paused=False)
        control: Any = group.get("control") or {}
        by = (
            f"stop_after {in_words(stopped['rule'])}"
            if (stopped := control.get("stopped"))
            else control.get("paused_by")
        )
        names = {name: group[name] for name in ("dag_id", "prefix", "runs")}
        rows.append(
            {**names, "queued": group["states"]["queued"], "paused_at": control.get("paused_at"), "paused_by": by}
        )
    output.rows(rows, _PAUSED, nothing="No group is paused")
    if output.format == "table" and rows:
        output.summary(f"{len(rows):,} group{'' if len(rows) == 1 else 's'} {'would be' if dry_run else 'are'} resumed")
    return exits.SUCCEEDED


_PAUSED = {
    "dag_id": "dag id",
    "prefix": "prefix",
    "runs": "runs",
    "queued": "queued",
    "paused_at": "paused since",
    "paused_by": "by",
}


def _change(session: Session, dag_id: str, prefix: str, *, dry_run: bool, **wishes: Any) -> int:
    output = session.output
    result = session.client.change(dag_id, prefix, dry_run=dry_run, **wishes)
    group = result["group"]
    if output.format == "table":
        output.summary(_sentence(group, result["changed_runs"], wishes.get("paused"), dry_run=dry_run))
    else:
        output.facts(facts(group), document=result)
    output.warnings(result["warnings"])
    return exits.SUCCEEDED


def _sentence(group: GroupProgress, changed: int, paused: bool | None, *, dry_run: bool) -> str:  # noqa: FBT001 - of a change
    """Say what was done, and what becomes of the runs."""
    name = f"group {group['prefix']} of {group['dag_id']}"
    queued, running = group["states"]["queued"], group["states"]["running"]
    if paused is None:
        control = without_fractions(facts(group)["control"] or "as the DAG has it")
        runs = f"; {changed:,} run{'s' * (changed != 1)} changed" if changed else ""
        return f"{'Would change' if dry_run else 'Changed'} {name}: {control}{runs}"
    if paused:
        verb, effect = "pause", f"{queued:,} queued runs wait, {running:,} running ones go on"
    else:
        waits = "wait" if group["is_paused"] or group.get("is_stale") else "may start"
        verb, effect = "resume", f"{queued:,} queued runs {waits}, {running:,} are running"
    return f"{f'Would {verb}' if dry_run else f'{verb.capitalize()}d'} {name}: {effect}"
