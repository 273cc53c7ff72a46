"""What is in responses. A page of objects is written by :func:`dump_page`, column by column; all else by marshmallow."""

import datetime as dt
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from marshmallow import Schema, fields, post_dump
from marshmallow.validate import Range

from airflow_run_groups.domain import Action, DagRunState, StateCounts
from airflow_run_groups.domain.estimate import ENOUGH_RUNS, WINDOW
from airflow_run_groups.entrypoints.http.schemas.formats import JsonDate, ValueFormat

SOMETIMES = frozenset({"next_not_before"})
"""The keys that a response may lack."""
*_others, _last = (f"`{state.value}`" for state in DagRunState)
_STATES = f"{', '.join(_others)} or {_last}"
_MINUTES = WINDOW // dt.timedelta(minutes=1)


def dump_page(schema: Schema, objects: Sequence[object]) -> list[dict[str, object]]:
    """Write many objects, a column at a time, in a tenth of the time that ``dump`` takes.

    A field whose values are not written as they are has a method ``column``.
    """
    columns = []
    for key, field in schema.dump_fields.items():
        values = list(map(attrgetter(field.attribute or key), objects))
        write = getattr(field, "column", list)
        columns.append(write(values))
    keys = tuple(schema.dump_fields)
    return [dict(zip(keys, values)) for values in zip(*columns)]  # noqa: B905 - strictness would cost a fifth


class _Page(fields.List[Any]):
    """A page of objects within a response."""

    inner: fields.Nested

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any]:
        return dump_page(self.inner.schema, value)


class _Not(fields.Boolean):
    """The opposite of a truth value."""

    @staticmethod
    def column(flags: Sequence[bool]) -> list[bool]:
        return [not flag for flag in flags]


def dag_schema(value_format: ValueFormat) -> Schema:
    """Return the schema of a DAG in a list, which dumps a ``DagSummary``. ``is_active`` is a JSON boolean in either format."""

    class DagSchema(Schema):
        dag_id = fields.String()
        is_active = _Not(attribute="is_paused", metadata={"description": "Whether the DAG is not paused."})
        full_path = fields.String(attribute="fileloc", metadata={"description": "The file that defines the DAG."})
        last_execution = value_format.date(
            attribute="last_logical_date",
            metadata={"description": "The latest logical date of the DAG's runs, in UTC."},
        )

    return DagSchema()


def dag_run_schema(value_format: ValueFormat) -> Schema:
    """Return the schema of a run, which dumps a ``DagRun``."""

    class DagRunSchema(Schema):
        id = fields.Integer(metadata={"description": "Grows in the order in which runs are created."})
        dag_id = fields.String()
        run_id = fields.String(metadata={"description": "Unique within the DAG."})
        state = fields.String(metadata={"description": f"{_STATES}."})
        execution_date = value_format.date(
            attribute="logical_date", metadata={"description": "The logical date of the run, in UTC."}
        )
        start_date = value_format.date(metadata={"description": "When the run started, in UTC."})
        end_date = value_format.date(metadata={"description": "When the run ended, in UTC."})
        external_trigger = value_format.boolean(metadata={"description": "Whether somebody asked for the run."})

    return DagRunSchema()


StateCountsSchema = Schema.from_dict(
    {state: fields.Integer(validate=Range(0)) for state in StateCounts._fields}, name="StateCountsSchema"
)


class _StateCounts(fields.Nested):
    @staticmethod
    def column(counts: Sequence[StateCounts]) -> list[dict[str, int]]:
        return [one._asdict() for one in counts]


class GroupSchema(Schema):
    """A group in a list; dumps a ``Group``. JSON types in either format, as these keys are newer than the text format."""

    dag_id = fields.String()
    prefix = fields.String(metadata={"description": "What the ids of its runs begin with, before the number."})
    runs = fields.Integer(validate=Range(1), metadata={"description": "How many runs it has."})
    states = _StateCounts(StateCountsSchema, metadata={"description": "How many of them are in each state."})
    first_logical_date = JsonDate(
        allow_none=True, metadata={"description": "The earliest logical date of its runs; null when none has one."}
    )
    last_logical_date = JsonDate(
        allow_none=True, metadata={"description": "The latest logical date of its runs; null when none has one."}
    )
    cancelled = fields.Integer(
        validate=Range(0),
        metadata={
            "description": "How many of the `failed` runs were cancelled, and have not run again since. The others failed "
            "by themselves."
        },
    )


class _Words(fields.List[str]):
    """Members of an enumeration by their values, as plain text: those of a later version are no surprise to clients."""

    def __init__(self, **more: Any) -> None:
        super().__init__(fields.String(), **more)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[str]:
        return [word.value for word in value]


class GroupProgressSchema(GroupSchema):
    """One group, with more than a list shows; dumps a ``GroupProgress``."""

    done = fields.Float(validate=Range(0, 1), metadata={"description": "The part of the runs that have ended."})
    max_active_runs = fields.Integer(metadata={"description": "How many runs of the DAG may run at the same time."})
    is_paused = fields.Boolean(metadata={"description": "Whether the DAG is paused, so that its runs wait."})
    is_stale = fields.Boolean(
        metadata={"description": "Whether the DAG is stale: no file defines it any more, so that its runs wait."}
    )
    oldest_queued_seconds = fields.Integer(
        allow_none=True,
        validate=Range(0),
        metadata={
            "description": "For how many seconds the first of the queued runs has been waiting for its turn; null when "
            "none waits, or none may start yet.",
        },
    )
    waiting_for = _Words(
        metadata={
            "description": "What keeps its runs from starting or ending: `dag_paused`; `dag_stale`; `previous_run`, tasks depend "
            "on the run `previous_run_id`, which has ended without doing them; `run_after`, some runs may not start yet; "
            "`dag_max_active_runs`, as many runs of the DAG as may be active are running; `scheduler`, a run may start, and the "
            "scheduler has not started it yet. The first three do not pass by themselves. Later versions may have more words.",
        },
    )
    previous_run_id = fields.String(
        allow_none=True,
        metadata={
            "description": "The run without which the group cannot end, as tasks with `depends_on_past` or `wait_for_downstream` "
            "wait for it; null when its runs can go on by themselves.",
        },
    )
    runs_per_minute = fields.Float(
        allow_none=True,
        validate=Range(0),
        metadata={
            "description": f"How many of its runs have ended per minute in the last {_MINUTES} minutes; null when the group is "
            f"done, when fewer than {ENOUGH_RUNS} have ended in that time, and when each takes more than a third of that time.",
        },
    )
    expected_end = JsonDate(
        allow_none=True,
        metadata={
            "description": "When the group will be done if it goes on at `runs_per_minute`. As long as that is null: if its runs "
            "take as long as the DAG's last ones did, `max_active_runs` at a time and nothing else in their way. That is the "
            "earliest: it leaves out what the scheduler starts in one loop, pools and free workers. Null when the group is done, "
            "when it waits for what does not pass by itself, and when none of its runs has ended yet.",
        },
    )

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Read what a list shows, too, from the group itself."""
        return super().get_attribute(obj if hasattr(obj, attr) else obj.group, attr, default)


class GroupActionResultSchema(Schema):
    """What was done to a group; dumps a ``GroupActionResult``."""

    dag_run_ids = fields.List(
        fields.String(),
        metadata={"description": "The runs to which it was done, or would be, in the order of their creation."},
    )
    next_start = fields.Integer(
        allow_none=True, metadata={"description": "The `start` with which to go on; null when there are no more."}
    )
    dry_run = fields.Boolean(metadata={"description": "Whether nothing was done."})
    warnings = fields.List(fields.String(), metadata={"description": "What else one should know, in sentences."})
    next_not_before = JsonDate(
        metadata={
            "description": "Of a retry that starts its runs one after the other: the `not_before` with which the next "
            "step goes on at the same pace.",
        },
    )

    @post_dump
    def leave_out(self, payload: dict[str, Any], **_: object) -> dict[str, Any]:
        """Say nothing of a pace where there is none."""
        return {key: value for key, value in payload.items() if value is not None or key not in SOMETIMES}


class _RunIds(fields.List[str]):
    def __init__(self, **more: Any) -> None:
        super().__init__(fields.String(), **more)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[str]:
        return [run.run_id for run in value]


_NEXT_NOT_BEFORE = {
    "description": "With a `pace` only: the `not_before` of the next request, with which the group goes on at this pace.",
}


class _WithPace(Schema):
    @post_dump
    def leave_out(self, payload: dict[str, Any], **_: object) -> dict[str, Any]:
        """Say nothing of a pace where the request had none."""
        return {key: value for key, value in payload.items() if value is not None or key not in SOMETIMES}


class CreatedRunsSchema(_WithPace):
    """What was created; dumps ``CreatedRuns``. JSON types in either format, as these keys are newer than the text format."""

    dag_run_ids = _RunIds(
        attribute="runs", metadata={"description": "The runs that were created, or would be, in their order."}
    )
    existing = fields.Integer(
        validate=Range(0),
        metadata={"description": "How many of the dates had a run already, whoever made it, and so got none."},
    )
    next_start_date = JsonDate(
        allow_none=True,
        metadata={
            "description": "The first date that a partial batch left out, where to go on; null when nothing was. In the order "
            "`desc` it is the newest of them, and the next `end_date`.",
        },
    )
    warnings = fields.List(fields.String(), metadata={"description": "What else one should know, in sentences."})
    next_not_before = JsonDate(metadata=_NEXT_NOT_BEFORE)


class PlannedDateSchema(Schema):
    """A date of a plan; dumps a ``PlannedDate``."""

    logical_date = JsonDate(metadata={"description": "The date."})
    data_interval_start = JsonDate(
        attribute="data_interval.start", metadata={"description": "The start of the data that its run works on."}
    )
    data_interval_end = JsonDate(
        attribute="data_interval.end", metadata={"description": "The end of the data that its run works on."}
    )
    run_after = JsonDate(metadata={"description": "When its run may start at the earliest."})
    action = fields.Enum(
        Action,
        by_value=fields.String,
        metadata={
            "description": "`create`: it gets a run. `exists`: it has one. `left_out`: it lies beyond the limit of a partial "
            "group. `not_yet`: its run may not start yet. `no_tasks`: the DAG has no task for it.",
        },
    )
    run_id = fields.String(
        allow_none=True, metadata={"description": "The id that its run gets, or that of the run that exists."}
    )
    state = fields.String(allow_none=True, metadata={"description": "The state of the run that exists."})
    run_type = fields.String(allow_none=True, metadata={"description": "The type of the run that exists."})
    created_by = fields.String(
        allow_none=True,
        metadata={"description": "Who asked for the run that exists, as far as Airflow knows; Airflow 3.0 never does."},
    )
    reason = fields.String(allow_none=True, metadata={"description": "Why it gets no run."})


_EXPECTED_SECONDS = {
    "description": "How long the group would take from now on: so many runs at a time as the DAG's `max_active_runs` allows, "
    "each as long as the median of the last 20 that have ended; null when none has. It leaves out all that slows runs down: "
    "how many the scheduler starts in one loop, pools, free workers, other runs of the DAG, and tasks that wait for the run "
    "before. Many short runs can take ten times as long.",
}


class PlanSchema(CreatedRunsSchema):
    """What would be created; dumps a ``Plan``."""

    dry_run = fields.Boolean(dump_default=True, metadata={"description": "Nothing was created."})
    plan = _Page(
        fields.Nested(PlannedDateSchema),
        attribute="dates",
        metadata={"description": "Each date that was looked at, in the order of the runs."},
    )
    expected_seconds = fields.TimeDelta(
        attribute="expected",
        allow_none=True,
        validate=Range(dt.timedelta()),
        metadata=_EXPECTED_SECONDS,
    )


class StretchSchema(Schema):
    """Consecutive dates of a plan; dumps a ``Stretch``."""

    action = fields.Enum(
        Action, by_value=fields.String, metadata={"description": "What would be done about these dates, as in a plan."}
    )
    first = JsonDate(metadata={"description": "The first of these dates, in the order of the runs."})
    last = JsonDate(metadata={"description": "The last of them."})
    total = fields.Integer(validate=Range(1), metadata={"description": "How many dates these are."})


PlanCountsSchema = Schema.from_dict(
    {action.value: fields.Integer(validate=Range(0)) for action in Action}, name="PlanCountsSchema"
)


class PlanSummarySchema(_WithPace):
    """What would be created, in short; dumps a ``PlanSummary``."""

    dry_run = fields.Boolean(dump_default=True, metadata={"description": "Nothing was created."})
    counts = fields.Nested(PlanCountsSchema, metadata={"description": "How many dates there are with each action."})
    stretches = _Page(
        fields.Nested(StretchSchema),
        metadata={"description": "Consecutive dates about which the same would be done, in the order of the runs."},
    )
    first_run_id = fields.String(
        allow_none=True,
        metadata={"description": "The id of the first run that would be created; null when none would."},
    )
    last_run_id = fields.String(allow_none=True, metadata={"description": "The id of the last of them."})
    existing = fields.Integer(
        attribute="plan.existing",
        validate=Range(0),
        metadata={"description": "How many of the dates have a run already."},
    )
    next_start_date = JsonDate(
        attribute="plan.next_start_date",
        allow_none=True,
        metadata={
            "description": "The first date that this response says nothing about, or that lies beyond the `limit`; null when "
            "the whole range is planned. In the order `desc` it is the next `end_date`.",
        },
    )
    warnings = fields.List(
        fields.String(), attribute="plan.warnings", metadata={"description": "What else one should know, in sentences."}
    )
    expected_seconds = fields.TimeDelta(
        attribute="plan.expected", allow_none=True, validate=Range(dt.timedelta()), metadata=_EXPECTED_SECONDS
    )
    next_not_before = JsonDate(attribute="plan.next_not_before", metadata=_NEXT_NOT_BEFORE)
