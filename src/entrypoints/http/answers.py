"""What answers look like: always one JSON object under the key ``response``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import falcon
import orjson
from marshmallow import Schema
from marshmallow.fields import Field, Function, Raw

from airflow_api_plugin.domain import StateCounts
from airflow_api_plugin.entrypoints.http.values import ValueFormat, rfc3339


def write(resp: falcon.Response, payload: Mapping[str, object]) -> None:
    """Answer with this payload.

    It is rendered here and not by Falcon: an error while Falcon renders would leave an answer without a body.
    """
    resp.content_type = falcon.MEDIA_JSON
    resp.data = orjson.dumps({"response": payload})


_TEXT = {"type": "string"}


class Date(Field[Any]):
    """A date or none, in the value format of the answer."""


class Flag(Field[Any]):
    """A truth value, in the value format of the answer."""


class Negated(Field[Any]):
    """The opposite of a truth value."""


class AnswerSchema(Schema):
    """A part of an answer: the schema says what is in it, and writes column by column, since a list has hundreds of fields.

    The metadata of the fields is what the description of the API says about them.
    """

    def __init__(self, value_format: ValueFormat) -> None:
        """Write dates and truth values in this format."""
        super().__init__()
        writers: dict[type, Callable[[Sequence[Any]], Sequence[object]]] = {
            Date: value_format.dates,
            Flag: value_format.flags,
            Negated: _negated,
        }
        self._columns = [
            (attrgetter(field.attribute or key), writers.get(type(field), list))
            for key, field in self.dump_fields.items()
        ]

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return what the schema says of an object, or of each of many."""
        return self._written(obj) if many else self._written([obj])[0]

    def _written(self, objects: Sequence[object]) -> list[dict[str, object]]:
        columns = [write([read(one) for one in objects]) for read, write in self._columns]
        keys = tuple(self.dump_fields)
        return [dict(zip(keys, values)) for values in zip(*columns)]  # noqa: B905 - strictness would cost a fifth


def _negated(flags: Sequence[bool]) -> list[bool]:
    return [not flag for flag in flags]


class DagAnswer(AnswerSchema):
    """A DAG in a list; dumps a ``DagSummary``. ``is_active`` is a JSON boolean in either format."""

    dag_id = Raw(metadata=_TEXT)
    is_active = Negated(attribute="is_paused", metadata={"description": "Whether the DAG is not paused."})
    full_path = Raw(attribute="fileloc", metadata={**_TEXT, "description": "The file that defines the DAG."})
    last_execution = Date(
        attribute="last_logical_date", metadata={"description": "The latest logical date of the DAG's runs."}
    )


class DagRunAnswer(AnswerSchema):
    """A run; dumps a ``DagRun``."""

    id = Raw(metadata={"type": "integer", "description": "Grows in the order in which runs are created."})
    dag_id = Raw(metadata=_TEXT)
    run_id = Raw(metadata={**_TEXT, "description": "Unique within the DAG."})
    state = Raw(metadata={**_TEXT, "description": "`queued`, `running`, `success` or `failed`."})
    execution_date = Date(attribute="logical_date", metadata={"description": "The logical date of the run."})
    start_date = Date(metadata={"description": "When the run started."})
    end_date = Date(metadata={"description": "When the run ended."})
    external_trigger = Flag(metadata={"description": "Whether somebody asked for the run."})


_OPTIONAL_DATE = {"type": ["string", "null"], "format": "date-time"}


class Moment(Raw):
    """A date or none, as JSON knows them in either value format."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's signature
        return rfc3339(value)


class Counts(Raw):
    """Numbers by their names."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        return value._asdict()


class GroupAnswer(Schema):
    """A group in a list; dumps a ``Group``. JSON types in either format, as these keys are newer than the text format."""

    dag_id = Raw(metadata=_TEXT)
    prefix = Raw(metadata={**_TEXT, "description": "What the ids of its runs begin with, before the number."})
    runs = Raw(metadata={"type": "integer", "minimum": 1, "description": "How many runs it has."})
    states = Counts(
        metadata={
            "type": "object",
            "required": list(StateCounts._fields),
            "properties": {state: {"type": "integer", "minimum": 0} for state in StateCounts._fields},
            "description": "How many of them are in each state.",
        }
    )
    first_logical_date = Moment(
        metadata={**_OPTIONAL_DATE, "description": "The earliest logical date of its runs; null when none has one."}
    )
    last_logical_date = Moment(
        metadata={**_OPTIONAL_DATE, "description": "The latest logical date of its runs; null when none has one."}
    )


class GroupProgressAnswer(GroupAnswer):
    """One group, with more than a list shows; dumps a ``GroupProgress``."""

    done = Raw(
        metadata={"type": "number", "minimum": 0, "maximum": 1, "description": "The part of the runs that have ended."}
    )
    max_active_runs = Raw(
        metadata={"type": "integer", "description": "How many runs of the DAG may run at the same time."}
    )
    is_paused = Raw(metadata={"type": "boolean", "description": "Whether the DAG is paused, so that queued runs wait."})
    oldest_queued_seconds = Raw(
        metadata={
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "For how many seconds the first of the queued runs has been waiting for its turn; null when "
            "none waits, or none may start yet.",
        }
    )
    expected_end = Moment(
        metadata={
            **_OPTIONAL_DATE,
            "description": "When the group will be done if its runs take as long as the DAG's last ones did; null when it "
            "is done, when the DAG is paused, and when none of its runs has ended yet.",
        }
    )

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Read what a list shows, too, from the group itself."""
        return super().get_attribute(obj if hasattr(obj, attr) else obj.group, attr, default)


class BatchAnswer(Schema):
    """What was created; dumps a ``Batch``. JSON types in either format, as these keys are newer than the text format."""

    dag_run_ids = Function(
        lambda batch: [run.run_id for run in batch.runs],
        metadata={
            "type": "array",
            "items": _TEXT,
            "description": "The runs that were created, in the order of their dates.",
        },
    )
    existing = Raw(
        metadata={
            "type": "integer",
            "minimum": 0,
            "description": "How many of the dates had a run already, whoever made it, and so got none.",
        }
    )
    next_start_date = Function(
        lambda batch: rfc3339(batch.next_start_date),
        metadata={
            "type": ["string", "null"],
            "format": "date-time",
            "description": "The first date that a partial batch left out, where to go on; null when nothing was.",
        },
    )
    warnings = Raw(
        metadata={"type": "array", "items": _TEXT, "description": "What else one should know, in sentences."}
    )
