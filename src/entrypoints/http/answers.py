"""What answers look like: always one JSON object under the key ``response``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import falcon
import orjson
from marshmallow import Schema
from marshmallow.fields import Field, Function

from airflow_api_plugin.entrypoints.http.values import ValueFormat, rfc3339


def write(resp: falcon.Response, payload: Mapping[str, object]) -> None:
    """Answer with this payload.

    It is rendered here and not by Falcon: an error while Falcon renders would leave an answer without a body.
    """
    resp.content_type = falcon.MEDIA_JSON
    resp.data = orjson.dumps({"response": payload})


class Plain(Field[Any]):
    """What an attribute holds, as it is; without marshmallow's detours, since a list has hundreds of these."""

    def serialize(self, attr: str, obj: Any, accessor: Callable[..., Any] | None = None, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        """Return it."""
        return getattr(obj, self.attribute or attr)


class Formatted(Plain):
    """What an attribute holds, in the value format of the answer."""

    format: Callable[[Any], object]

    def serialize(self, attr: str, obj: Any, accessor: Callable[..., Any] | None = None, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        """Return it as it is to be written."""
        return self.format(getattr(obj, self.attribute or attr))


class Date(Formatted):
    """A date, or none."""


class Flag(Formatted):
    """A truth value."""


class AnswerSchema(Schema):
    """A part of an answer."""

    def __init__(self, value_format: ValueFormat) -> None:
        """Write dates and truth values in this format."""
        self._value_format = value_format
        super().__init__()

    def on_bind_field(self, field_name: str, field_obj: Field[Any]) -> None:  # noqa: ARG002 - marshmallow's signature
        """Tell the fields."""
        if isinstance(field_obj, Date):
            field_obj.format = self._value_format.date
        elif isinstance(field_obj, Flag):
            field_obj.format = self._value_format.flag


class DagAnswer(AnswerSchema):
    """A DAG in a list; dumps a ``DagSummary``. ``is_active`` is a JSON boolean in either format."""

    dag_id = Plain()
    is_active = Function(lambda dag: not dag.is_paused)
    full_path = Plain(attribute="fileloc")
    last_execution = Date(attribute="last_logical_date")


class DagRunAnswer(AnswerSchema):
    """A run; dumps a ``DagRun``."""

    id = Plain()
    dag_id = Plain()
    run_id = Plain()
    state = Plain()
    execution_date = Date(attribute="logical_date")
    start_date = Date()
    end_date = Date()
    external_trigger = Flag()


class BatchAnswer(Schema):
    """What was created; dumps a ``Batch``. JSON types in either format, as these keys are newer than the text format."""

    dag_run_ids = Function(lambda batch: [run.run_id for run in batch.runs])
    existing = Plain()
    next_start_date = Function(lambda batch: rfc3339(batch.next_start_date))
    warnings = Plain()
