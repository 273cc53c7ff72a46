"""Notifications of a group: that it has ended, has stopped, or that a first run of it has failed."""

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from airflow_run_groups.domain.errors import Refused, UnknownNotifier

NAME = "[A-Za-z0-9_.-]{1,250}"
"""The ids of connections, and the names of notifiers. Airflow allows connections a few more characters (sanitize_conn_id, 3.0 to 3.4)."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Where notifications of a group go, and of which events, at least one.

    Either ``connection_id``, that of an Airflow connection, or ``notifier``, the name of one of the installation's notifiers.

    :raises Refused: when it is neither or both, a name does not fit ``NAME``, or there is no event.
    """

    connection_id: str | None = None
    notifier: str | None = None
    on: frozenset[GroupEvent] = frozenset(GroupEvent)

    def __post_init__(self) -> None:
        if (self.connection_id is None) is (self.notifier is None):
            msg = "notify has either connection_id or notifier"
            raise Refused(msg)
        for key in TARGETS:
            name: str | None = getattr(self, key)
            if name is not None and not re.fullmatch(NAME, name):
                msg = f"{key} of notify must be 1 to 250 letters, digits, _, . and -, not {name!r}"
                raise Refused(msg)
        if not self.on:
            msg = f"on of notify must have at least one of {', '.join(event.value for event in GroupEvent)}"
            raise Refused(msg)

    def __str__(self) -> str:
        """Write it in short, such as ``connection data_team on end, stop``."""
        return f"{self.target} on {', '.join(self.as_keys['on'])}"

    @property
    def target(self) -> str:
        """Where they go, such as ``connection data_team`` or ``notifier slack``."""
        return f"notifier {self.notifier}" if self.connection_id is None else f"connection {self.connection_id}"

    @property
    def as_keys(self) -> dict[str, Any]:
        """The keys of a request."""
        target = {key: name for key in TARGETS if (name := getattr(self, key)) is not None}
        return {**target, "on": [one.value for one in GroupEvent if one in self.on]}

    def check_notifier(self, known: Collection[str]) -> None:
        """Check that the installation has the notifier.

        :raises UnknownNotifier: when it has none of this name.
        """
        if self.notifier is not None and self.notifier not in known:
            raise UnknownNotifier(self.notifier, known)


TARGETS = ("connection_id", "notifier")
"""The keys of which a ``Notify`` has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The ``notify`` of a group, and what was sent for it.

    Events up to ``since``, when it was set, are not sent. ``sent``: when the last event of each kind happened that was sent,
    or was about to be: an event is written down here before it is sent, so that it is sent at most once.
    """

    notify: Notify
    since: dt.datetime
    sent: Mapping[GroupEvent, dt.datetime] = field(default_factory=dict)

    def due(self, happened: Mapping[GroupEvent, dt.datetime]) -> Mapping[GroupEvent, dt.datetime]:
        """Return those events that are to be sent now, in the order of their time.

        :param happened: when each of them happened for the last time, the first failure after ``since``.
        """
        due = {event: at for event, at in happened.items() if event in self.notify.on and self._is_new(event, at)}
        return dict(sorted(due.items(), key=lambda item: item[1]))

    def with_sent(self, events: Mapping[GroupEvent, dt.datetime]) -> "Subscription":
        return replace(self, sent={**self.sent, **events})

    def _is_new(self, event: GroupEvent, at: dt.datetime) -> bool:
        if event is GroupEvent.FIRST_FAILURE and event in self.sent:
            return False
        return at > max(self.since, self.sent.get(event, self.since))


def subscription_to(notify: Notify | None, before: Subscription | None, *, now: dt.datetime) -> Subscription | None:
    """Return the subscription once ``notify`` is set: the very object when it says nothing new, and None without one."""
    if notify is None:
        return None
    return before if before is not None and before.notify == notify else Subscription(notify=notify, since=now)
