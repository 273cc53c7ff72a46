"""``cancel``, ``retry`` and ``note``."""

from __future__ import annotations

from typing import Any

from airflow_run_groups.adapters.client import ClientError, GroupActionResult
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.session import Session

_DONE = {"cancel": "Cancelled", "retry": "Queued again", "note": "Noted on"}
_WOULD = {"cancel": "Would cancel", "retry": "Would queue again", "note": "Would note on"}


def apply(session: Session, action: str, *, dag_id: str, prefix: str, dry_run: bool, **asked: Any) -> int:
    """Do it to the group, step by step."""
    output = session.output
    done: list[str] = []

    def on_step(step: GroupActionResult) -> None:
        done.extend(step["dag_run_ids"])
        if step["next_start"] is not None:
            output.say(f"{len(done):,} runs so far")

    try:
        getattr(session.client, action)(dag_id, prefix, dry_run=dry_run, on_step=on_step, **asked)
    except (ClientError, KeyboardInterrupt):
        if done and not dry_run:
            output.say(f"It was done to {len(done):,} runs, {done[0]} to {done[-1]}, and perhaps to more.")
        raise
    if output.kind == "plain":
        output.lines(done)
    elif output.is_for_people:
        words = (_WOULD if dry_run else _DONE)[action]
        output.sentence(f"{words} {len(done):,} run{'s' * (len(done) != 1)} of {dag_id}, group {prefix}")
    else:
        output.data({"dag_id": dag_id, "prefix": prefix, "dry_run": dry_run, "dag_run_ids": done})
    return exits.SUCCEEDED
