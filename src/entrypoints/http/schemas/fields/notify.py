"""Where notifications of a group go, as it is read from requests and written in responses."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from airflow_run_groups.domain import GroupEvent, Notify, Refused
from airflow_run_groups.domain.control.notification import NAME, TARGETS
from airflow_run_groups.domain.model import in_utc
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import NotAllowed, Strict

_EVENTS = [event.value for event in GroupEvent]
_NAME = {"type": "string", "pattern": f"^{NAME}$"}
_TYPE = {
    "type": "object",
    "properties": {
        "connection_id": _NAME,
        "notifier": _NAME,
        "on": {"type": "array", "items": {"type": "string", "enum": _EVENTS}, "minItems": 1, "uniqueItems": True},
    },
    "minProperties": 1,
    "maxProperties": 2,
    "additionalProperties": False,
}
EXAMPLE = {"connection_id": "data_team", "on": ["end", "stop"]}
DESCRIPTION = (
    "Airflow's schedulers POST the state of the group to the Airflow connection `connection_id`, of the type "
    "`airflow_run_groups_webhook`, or call the `notifier` of this name, one of those that the installation has: when no run of the group is queued or running any more (`end`), when its `stop_after` has paused "
    "it (`stop`), and when the first of its runs has failed (`first_failure`); without `on` at each of these. Each event is sent at "
    "most once. Only the form of the id is checked here: a scheduler looks the connection up when it sends, and logs when there is "
    "none. It needs this package's listener in all of Airflow's schedulers: without it, the response is a 400 with the reason "
    "`no_listener`."
)


class NotifyField(Strict):
    allowed = (
        'an object with "connection_id" or "notifier", 1 to 250 letters, digits, _, . and -, and "on", a list of at least one of '
        f"{', '.join(_EVENTS)}, none twice"
    )

    def __init__(self, *, metadata: dict[str, Any], **more: Any) -> None:
        super().__init__(metadata={**_TYPE, "examples": [EXAMPLE], **metadata}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Notify:
        if not isinstance(value, dict) or not value.keys() <= {*TARGETS, "on"}:
            raise NotAllowed
        target, events = {key: value[key] for key in TARGETS if key in value}, value.get("on", _EVENTS)
        if not all(isinstance(name, str) for name in target.values()) or not isinstance(events, list):
            raise NotAllowed
        known = [GroupEvent(event) for event in _EVENTS if event in events]
        if len(known) != len(events):
            raise NotAllowed
        try:
            return Notify(**target, on=frozenset(known))
        except Refused:
            raise NotAllowed from None


class ShownNotify(fields.Field[Any]):
    """A ``Notify``, with the keys that a request has for it."""

    def __init__(self, *, metadata: dict[str, Any], **more: Any) -> None:
        super().__init__(metadata={**_TYPE, **metadata}, **more)

    def _serialize(self, value: Notify | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.as_keys


class Notified(fields.Field[Any]):
    """For each event that was sent, when it happened."""

    def __init__(self, *, metadata: dict[str, Any], **more: Any) -> None:
        date = {"type": "string", "format": "date-time"}
        super().__init__(metadata={"type": "object", "additionalProperties": date, **metadata}, **more)

    def _serialize(
        self, value: Mapping[GroupEvent, dt.datetime] | None, attr: str | None, obj: Any, **kwargs: Any
    ) -> dict[str, str]:
        return {event.value: in_utc(at) for event, at in (value or {}).items()}
