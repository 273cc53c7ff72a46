"""``cancel``, ``retry`` and ``note``."""

from collections.abc import Callable, Sequence
from typing import Any

from airflow_run_groups.adapters.client import ClientError, GroupActionResult
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.output import count_runs
from airflow_run_groups.entrypoints.terminal.session import Session, may_be_done


def cancel(session: Session, **options: Any) -> int:
    nothing = "none is queued or running" if options["running"] else "none is queued"
    return _apply(session, session.client.cancel, ("Cancelled", "Would cancel", nothing), **options)


def retry(session: Session, **options: Any) -> int:
    nothing = _NONE_TO_RETRY.get(options["which"], "none has failed")
    return _apply(session, session.client.retry, ("Queued again", "Would queue again", nothing), **options)


def note(session: Session, **options: Any) -> int:
    return _apply(session, session.client.note, ("Set the note of", "Would set the note of", "none is left"), **options)


_NONE_TO_RETRY = {"all": "none has ended", "cancelled": "none was cancelled"}


def _apply(
    session: Session, action: Callable[..., GroupActionResult], words: tuple[str, str, str], **options: Any
) -> int:
    """Do it step by step; ``words`` say what was done, what would be, and why to no run."""
    output, (done, planned, nothing) = session.output, words
    group = {name: options[name] for name in ("dag_id", "prefix", "dry_run")}
    run_ids: list[str] = []
    warnings: list[str] = []

    def on_step(step: GroupActionResult) -> None:
        run_ids.extend(step["dag_run_ids"])
        warnings.extend(step["warnings"])
        if step["next_start"] is not None:
            output.message(f"{len(run_ids):,} runs so far")

    try:
        action(on_step=on_step, **options)
    except (ClientError, KeyboardInterrupt) as error:
        if not group["dry_run"]:
            _report_part(session, run_ids, in_doubt=may_be_done(error), dag_id=group["dag_id"], prefix=group["prefix"])
        raise
    verb = planned if group["dry_run"] else done
    why = "" if run_ids else f": {nothing}"
    output.run_ids(
        run_ids,
        summary=f"{verb} {count_runs(run_ids)} of {group['dag_id']}, group {group['prefix']}{why}",
        document={**group, "dag_run_ids": run_ids, "warnings": warnings},
    )
    output.warnings(warnings)
    return exits.SUCCEEDED


def _report_part(session: Session, run_ids: Sequence[str], *, in_doubt: bool, dag_id: str, prefix: str) -> None:
    """Write to which runs it was done before it broke off; ``in_doubt``: the step under way may have been done as well."""
    if run_ids:
        more = ", and perhaps to more" if in_doubt else ""
        session.output.message(f"It was done to {count_runs(run_ids)}, {run_ids[0]} to {run_ids[-1]}{more}.")
    if in_doubt:
        command = session.command_line.other("status", dag_id=dag_id, prefix=prefix)
        session.output.hint("Whether the step that was under way was done is not known. To see the group:", command)
