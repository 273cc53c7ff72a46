"""The rule by which a group stops, as it is read from requests and written in responses."""

from typing import Any

from marshmallow import Schema, fields

from airflow_run_groups.domain import Refused, StopAfter
from airflow_run_groups.domain.control.stop_after import KEYS, MAX_FAILED, MAX_PERCENT
from airflow_run_groups.entrypoints.http.schemas.fields.formats import JsonDate
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import NotAllowed, Strict

_COUNT = {"type": "integer", "minimum": 1, "maximum": MAX_FAILED}
_PERCENT = {"type": "integer", "minimum": 1, "maximum": MAX_PERCENT}
_TYPE = {
    "type": "object",
    "properties": {"failed": _COUNT, "failed_percent": _PERCENT, "of_at_least": _COUNT},
    "dependentRequired": {"failed_percent": ["of_at_least"], "of_at_least": ["failed_percent"]},
    "minProperties": 1,
    "maxProperties": 2,
    "additionalProperties": False,
}
NEEDS_A_LISTENER = (
    "Runs that were cancelled do not count, and runs that are running go on. It needs this package's listener in all of Airflow's "
    "schedulers: without it, the response is a 400 with the reason `no_listener`."
)


class StopAfterField(Strict):
    allowed = f'{{"failed": 1 to {MAX_FAILED}}}, or {{"failed_percent": 1 to {MAX_PERCENT}, "of_at_least": 1 to {MAX_FAILED}}}'

    def __init__(self, *, metadata: dict[str, Any], **more: Any) -> None:
        super().__init__(metadata={**_TYPE, **metadata}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> StopAfter:
        if not isinstance(value, dict) or not value.keys() <= set(KEYS):
            raise NotAllowed
        if not all(type(number) is int for number in value.values()):
            raise NotAllowed
        try:
            return StopAfter(**value)
        except Refused:
            raise NotAllowed from None


class RuleField(fields.Field[Any]):
    """A ``StopAfter``, with the keys that a request has for it."""

    def __init__(self, *, metadata: dict[str, Any], **more: Any) -> None:
        super().__init__(metadata={**_TYPE, **metadata}, **more)

    def _serialize(self, value: StopAfter | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.as_keys


class StoppedSchema(Schema):
    """When and by which rule a group was stopped; dumps a ``Stopped``."""

    at = JsonDate(metadata={"description": "When it was stopped."})
    rule = RuleField(metadata={"description": "The `stop_after` that was reached."})
