"""What the audit log is told of what did not happen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """That somebody was not allowed something.

    ``caller``: their name, None when they have none. ``dag_id``: the DAG that it was about, None when that was not looked at.
    ``request``: its method and path. ``reason``: what they were told.
    """

    caller: str | None
    dag_id: str | None
    request: str
    reason: str
