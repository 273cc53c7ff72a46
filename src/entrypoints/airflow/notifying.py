"""Notifying in the scheduler: the thread, and how it delivers what it sends.

All that the thread needs is imported with this module, before it starts: a process that the scheduler forks while a thread
imports something could never import that.
"""

import encodings.idna  # noqa: F401 - as above: looking a host up needs it
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any

from airflow_run_groups.adapters.airflow import backend
from airflow_run_groups.adapters.airflow.configuration import Unresolved, resolved
from airflow_run_groups.adapters.airflow.notifications.connections import ConnectionNotFound, connection_of
from airflow_run_groups.adapters.airflow.notifications.notifiers import NotifierFailed, Notifiers
from airflow_run_groups.adapters.airflow.notifications.sending import LIMITS, GroupNotifications
from airflow_run_groups.adapters.background import Background
from airflow_run_groups.adapters.clock import utc_now
from airflow_run_groups.adapters.notifications import NotDelivered, Receiver, message_of
from airflow_run_groups.adapters.notifier_classes import notifier_classes
from airflow_run_groups.domain.control.notification import Notification, Notify
from airflow_run_groups.entrypoints.airflow.operators.webhook import WebhookUnusable, webhook_of
from airflow_run_groups.entrypoints.http.schemas.responses import GroupProgressSchema

MOST = 10_000
"""Runs that have ended and wait to be looked at."""
GATHER = 2.0
"""Seconds in which runs that end are looked at together: while the thread works, the loop of the scheduler waits for it now and then."""
FIRST, EVERY = 10.0, 60.0
"""Seconds until the first look at all groups, by when the scheduler has forked its workers, and from one to the next."""
TIMEOUT = 5.0
"""Seconds that a receiver has for its response."""
RETRY_FOR = 60.0
"""Seconds for which a notification is sent again that was not taken."""
PATIENCE = 300.0
"""Seconds for which others are sent once only to a connection that has not taken one: the thread has more to do."""
_log = logging.getLogger(__name__)


class Delivery:
    """Sends notifications to Airflow connections and notifiers, one after the other.

    A notification that cannot be delivered is logged, and lost.
    """

    def __init__(
        self,
        notifiers: Notifiers,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notifiers = notifiers
        self._sleep = sleep
        self._clock = clock
        self._failed_at: dict[str, float] = {}

    def send(self, notify: Notify, notification: Notification, group: Mapping[str, Any]) -> None:
        try:
            if notify.notifier is not None:
                self._notifiers.call(notify.notifier, message_of(notification, group))
            elif notify.connection_id is not None:
                self._post(notify.connection_id, notification, group)
        except (ConnectionNotFound, WebhookUnusable, NotDelivered, NotifierFailed, OSError, ValueError) as error:
            _log.error("the notification %r to %s is lost: %s", notification.key, notify.target, error)
            return
        _log.info("the notification %r was taken by %s", notification.key, notify.target)

    def _post(self, connection_id: str, notification: Notification, group: Mapping[str, Any]) -> None:
        try:
            self._receiver(connection_id).send(notification, group)
        except NotDelivered:
            self._failed_at[connection_id] = self._clock()
            raise
        self._failed_at.pop(connection_id, None)

    def _receiver(self, connection_id: str) -> Receiver:
        connection = connection_of(connection_id)
        webhook = webhook_of(connection_id, connection.conn_type, connection)
        failed_at = self._failed_at.get(connection_id)
        has_failed = failed_at is not None and self._clock() < failed_at + PATIENCE
        return Receiver(
            webhook.url,
            auth=webhook.user,
            token=webhook.token,
            verify=True if webhook.ca_file is None else ssl.create_default_context(cafile=webhook.ca_file),
            timeout=TIMEOUT,
            retry_for=0.0 if has_failed else RETRY_FOR,
            sleep=self._sleep,
        )


def notifications(delivery: Delivery) -> GroupNotifications:
    """Return what looks at the groups in the database of this process's Airflow, with connections of its own."""
    airflow = backend.connect(LIMITS, allow_unknown_schema=False)
    schema = GroupProgressSchema(exclude=("may",))

    def state_of(dag_id: str, prefix: str) -> Mapping[str, Any]:
        shown: Mapping[str, Any] = schema.dump(airflow.groups.get(dag_id, prefix, now=utc_now()))
        return shown

    return GroupNotifications(airflow.database, state_of, delivery.send)


def background(*, first: float = FIRST, every: float = EVERY, gather: float = GATHER) -> Background:
    """Return the thread, which is not started yet."""
    work = notifications(Delivery(notifiers_of_installation()))
    return Background(work.look, work.look_at_some, most=MOST, gather=gather, first=first, every=every)


def notifiers_of_installation() -> Notifiers:
    """Return the notifiers that the configuration names; none when it cannot be read, which is logged."""
    try:
        classes = notifier_classes(resolved(["notifiers"]).get("notifiers", "{}"))
    except (Unresolved, ValueError) as error:
        _log.error("no notifier of groups can be called: [airflow_api_plugin] notifiers %s", error)
        classes = {}
    return Notifiers(classes)
