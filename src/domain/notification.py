"""Events of a group that are reported to others: that it has ended, has stopped, or that a first run of it has failed."""

import datetime as dt
from dataclasses import dataclass
from enum import Enum


class GroupEvent(Enum):
    """An event of a group.

    ``END``: no run of it is queued or running any more. ``STOP``: it is paused by a rule. ``FIRST_FAILURE``: one of its
    runs has failed, and none had before.
    """

    END = "end"
    STOP = "stop"
    FIRST_FAILURE = "first_failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One event of one group; ``at`` is when it happened, aware, None where nobody knows.

    A group can end more than once, as when its failed runs run again: these are several events.
    """

    dag_id: str
    prefix: str
    event: GroupEvent
    at: dt.datetime | None

    @property
    def key(self) -> str:
        """The same text however often this event is sent, and by whom, and another one for every other event."""
        at = "" if self.at is None else f"@{self.at.astimezone(dt.timezone.utc).isoformat()}"
        return f"{self.dag_id}/{self.prefix}/{self.event.value}{at}"
