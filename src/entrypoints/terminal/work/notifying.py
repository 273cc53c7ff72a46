"""Saying elsewhere that a group has ended, or has stopped."""

import datetime as dt

from airflow_run_groups.adapters.client import GroupProgress, parse_date
from airflow_run_groups.adapters.notifications import NotDelivered, Receiver
from airflow_run_groups.domain.control.notification import GroupEvent, Notification
from airflow_run_groups.entrypoints.terminal.session import Session


def notified(session: Session, group: GroupProgress, url: str) -> bool:
    """Send the group's state, and tell whether somebody has taken it."""
    output = session.output
    try:
        Receiver(url, retry_for=session.retry_for).send(_notification(session, group), group)
    except NotDelivered as error:
        output.error("not notified", str(error))
        output.hint("To send it again:", session.command_line.changed())
        return False
    return True


def _notification(session: Session, group: GroupProgress) -> Notification:
    """Return the event, of the moment that is the same however often the command is repeated."""
    has_ended = not group["states"]["queued"] + group["states"]["running"]
    return Notification(
        dag_id=group["dag_id"],
        prefix=group["prefix"],
        event=GroupEvent.END if has_ended else GroupEvent.STOP,
        at=_last_end(session, group) if has_ended else _paused_at(group),
    )


def _last_end(session: Session, group: GroupProgress) -> dt.datetime | None:
    runs = session.client.group_runs(group["dag_id"], group["prefix"])
    return max((parse_date(run["end_date"]) for run in runs if run["end_date"] is not None), default=None)


def _paused_at(group: GroupProgress) -> dt.datetime | None:
    control = group.get("control")
    at = None if control is None else control["paused_at"]
    return None if at is None else parse_date(at)
