"""What answers look like: always one JSON object under the key ``response``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import falcon
import orjson
from airflow_run_groups.domain import Action, StateCounts
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat, rfc3339
from marshmallow import Schema, post_dump
from marshmallow.fields import Field, Function, Raw


def write(resp: falcon.Response, payload: Mapping[str, object]) -> None:
    """Answer with this payload.

    It is rendered here and not by Falcon: an error while Falcon renders would leave an answer without a body.
    """
    resp.content_type = falcon.MEDIA_JSON
    resp.data = orjson.dumps({"response": payload})


_TEXT = {"type": "string"}


class Date(Field[Any]):
    """A date or none, in the value format of the answer."""


class Moment(Raw):
    """A date or none, as JSON knows them in either value format."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's signature
        return rfc3339(value)


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
            Moment: ValueFormat.JSON.dates,
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
        columns = [write(list(map(read, objects))) for read, write in self._columns]
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


class GroupActionResultSchema(Schema):
    """What was done to a group; dumps a ``GroupActionResult``."""

    dag_run_ids = Raw(
        metadata={
            "type": "array",
            "items": _TEXT,
            "description": "The runs to which it was done, or would be, in the order of their creation.",
        }
    )
    next_start = Raw(
        metadata={
            "type": ["integer", "null"],
            "description": "The `start` with which to go on; null when there are no more.",
        }
    )
    dry_run = Raw(metadata={"type": "boolean", "description": "Whether nothing was done."})


class BatchAnswer(Schema):
    """What was created; dumps ``CreatedRuns``. JSON types in either format, as these keys are newer than the text format."""

    dag_run_ids = Function(
        lambda created: [run.run_id for run in created.runs],
        metadata={
            "type": "array",
            "items": _TEXT,
            "description": "The runs that were created, or would be, in their order.",
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
        lambda created: rfc3339(created.next_start_date),
        metadata={
            "type": ["string", "null"],
            "format": "date-time",
            "description": "The first date that a partial batch left out, where to go on; null when nothing was. In the order "
            "`desc` it is the newest of them, and the next `end_date`.",
        },
    )
    warnings = Raw(
        metadata={"type": "array", "items": _TEXT, "description": "What else one should know, in sentences."}
    )
    next_not_before = Function(
        lambda created: rfc3339(created.next_not_before),
        metadata={
            "type": "string",
            "format": "date-time",
            "description": "With a `pace` only: the `not_before` of the next request, with which the group goes on at this "
            "pace.",
        },
    )

    @post_dump
    def leave_out(self, answer: dict[str, Any], **_: object) -> dict[str, Any]:
        """Say nothing of a pace where none was asked for."""
        if answer["next_not_before"] is None:
            del answer["next_not_before"]
        return answer


NOT_ALWAYS = ("next_not_before",)
"""The keys that an answer may lack."""


class PlannedDateAnswer(AnswerSchema):
    """A date of a plan; dumps a ``PlannedDate``."""

    logical_date = Moment(metadata={"description": "The date."})
    data_interval_start = Moment(
        attribute="data_interval.start", metadata={"description": "The start of the data that its run works on."}
    )
    data_interval_end = Moment(
        attribute="data_interval.end", metadata={"description": "The end of the data that its run works on."}
    )
    run_after = Moment(metadata={"description": "When its run may start at the earliest."})
    action = Raw(
        metadata={
            "type": "string",
            "enum": [action.value for action in Action],
            "description": "`create`: it gets a run. `exists`: it has one. `left_out`: it lies beyond the limit of a partial "
            "group. `not_yet`: its run may not start yet.",
        }
    )
    run_id = Raw(
        metadata={
            "type": ["string", "null"],
            "description": "The id that its run gets, or that of the run that exists.",
        }
    )
    state = Raw(metadata={"type": ["string", "null"], "description": "The state of the run that exists."})
    run_type = Raw(metadata={"type": ["string", "null"], "description": "The type of the run that exists."})
    created_by = Raw(
        metadata={
            "type": ["string", "null"],
            "description": "Who asked for the run that exists, as far as Airflow knows; Airflow 3.0 never does.",
        }
    )
    reason = Raw(metadata={"type": ["string", "null"], "description": "Why it gets no run."})


_PLANNED_DATE = PlannedDateAnswer(ValueFormat.JSON)


class PlanAnswer(BatchAnswer):
    """What would be created; dumps a ``Plan``."""

    dry_run = Function(
        lambda _: True,
        metadata={"type": "boolean", "const": True, "description": "Nothing was created."},
    )
    plan = Function(
        lambda plan: _PLANNED_DATE.dump(plan.dates, many=True),
        metadata={
            "type": "array",
            "items": {"$ref": "#/components/schemas/PlannedDate"},
            "description": "Each date that was looked at, in the order of the runs.",
        },
    )
    expected_seconds = Function(
        lambda plan: None if plan.expected is None else plan.expected.total_seconds(),
        metadata={
            "type": ["number", "null"],
            "minimum": 0,
            "description": "How long the group would take from now on: so many runs at a time as the DAG's "
            "`max_active_runs` allows, each as long as the median of the last 20 that have ended; null when none has.",
        },
    )
