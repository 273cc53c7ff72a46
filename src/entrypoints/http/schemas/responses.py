"""The fields of responses. A page of objects is written by :func:`dump_page`, column by column; all else by marshmallow."""

import datetime as dt
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from marshmallow import Schema, fields, post_dump
from marshmallow.validate import Range

from airflow_run_groups.domain import DagRunState, Rights, StateCounts
from airflow_run_groups.domain.groups.estimate import ENOUGH_RUNS, WINDOW
from airflow_run_groups.domain.groups.group import MAX_FAILED_TASKS
from airflow_run_groups.entrypoints.http.schemas.fields.formats import JsonDate, ValueFormat
from airflow_run_groups.entrypoints.http.schemas.fields.notify import Notified, ShownNotify
from airflow_run_groups.entrypoints.http.schemas.fields.stop_after import RuleField, StoppedSchema

SOMETIMES = frozenset({"next_not_before", "dates", "conf"})
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


class Page(fields.List[Any]):
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
        external_trigger = value_format.boolean(
            metadata={"description": "Whether a person or program requested the run."}
        )

    return DagRunSchema()


StateCountsSchema = Schema.from_dict(
    {state: fields.Integer(validate=Range(0)) for state in StateCounts._fields}, name="StateCountsSchema"
)


class _StateCounts(fields.Nested):
    @staticmethod
    def column(counts: Sequence[StateCounts]) -> list[dict[str, int]]:
        return [one._asdict() for one in counts]


class _Labels(fields.List[str]):
    def __init__(self, **more: Any) -> None:
        super().__init__(fields.String(), **more)


class ControlSchema(Schema):
    """The limits that Airflow's scheduler obeys for the runs of a group; dumps a ``Control``."""

    paused = fields.Boolean(metadata={"description": "Whether no queued run of the group starts."})
    paused_at = JsonDate(allow_none=True, metadata={"description": "Since when it is paused; null when it is not."})
    paused_by = fields.String(
        allow_none=True,
        metadata={"description": "The name of the caller who paused it; null when callers have no names."},
    )
    max_active_runs = fields.Integer(
        validate=Range(1),
        metadata={
            "description": "How many of the group's runs may run at once. Airflow counts them apart from the DAG's other runs."
        },
    )
    max_active_runs_from = fields.String(
        metadata={
            "description": "`group`: a request has said so; `dag`: it is a copy of the DAG's `max_active_runs`, from when the group "
            "came under control.",
        },
    )
    stop_after = RuleField(
        allow_none=True,
        metadata={"description": "After how many failed runs the group is paused by itself; null: never."},
    )
    stopped = fields.Nested(
        StoppedSchema,
        allow_none=True,
        metadata={
            "description": "That the group was paused by its `stop_after`, until it is resumed; null when it was not."
        },
    )


class _Control(fields.Nested):
    def column(self, controls: Sequence[object]) -> list[object]:
        return [None if one is None else self.schema.dump(one) for one in controls]


class GroupSchema(Schema):
    """A group in a list; dumps a ``Group``. JSON types in either format, as these keys are newer than the text format."""

    dag_id = fields.String()
    prefix = fields.String(metadata={"description": "How the ids of its runs begin, before the number."})
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
    created_at = JsonDate(
        allow_none=True,
        metadata={
            "description": "When the first of its runs was created; before Airflow 3.3 when that run was queued the last time. "
            "Null when Airflow does not know it."
        },
    )
    created_by = fields.String(
        allow_none=True,
        metadata={
            "description": "The name of the creator of its first run, as Airflow shows it; null when callers have no names, and "
            "always in Airflow 3.0."
        },
    )
    note = fields.String(allow_none=True, metadata={"description": "The note on its newest run."})
    description = fields.String(
        allow_none=True,
        metadata={"description": "The purpose of the group, as a request has said; null when none has."},
    )
    labels = _Labels(metadata={"description": "The labels that a request has given it."})
    control = _Control(
        ControlSchema,
        allow_none=True,
        metadata={"description": "Limits of the group's runs alone; null when there are none."},
    )


class GroupRunSchema(Schema):
    """A run of a group; dumps a ``GroupRun``. JSON types in either format."""

    id = fields.Integer(metadata={"description": "Grows in the order in which runs are created."})
    run_id = fields.String(metadata={"description": "Unique within the DAG."})
    logical_date = JsonDate(allow_none=True, metadata={"description": "The logical date of the run."})
    run_type = fields.String(metadata={"description": "Airflow's type of the run, such as `manual`."})
    state = fields.String(
        metadata={"description": f"{_STATES}, as the group counts it: a cancelled run is `failed`."},
    )
    cancelled = fields.Boolean(
        metadata={"description": "Whether the run was cancelled, and has not run again since."},
    )
    start_date = JsonDate(allow_none=True, metadata={"description": "When the run started."})
    end_date = JsonDate(allow_none=True, metadata={"description": "When the run ended."})
    note = fields.String(allow_none=True, metadata={"description": "The note on the run."})
    failed_task_ids = fields.List(
        fields.String(),
        metadata={
            "description": "Of a failed run the tasks that failed, by their ids, at most "
            f"{MAX_FAILED_TASKS}. Tasks that could not run because of them are not among them."
        },
    )
    conf = fields.Dict(metadata={"description": "The configuration of the run, where the query has `conf=true`."})


class _Words(fields.List[str]):
    """Members of an enumeration by their values, as plain text: those of a later version are no surprise to clients."""

    def __init__(self, **more: Any) -> None:
        super().__init__(fields.String(), **more)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[str]:
        return [word.value for word in value]


class RightsSchema(Schema):
    """The caller's permissions; dumps ``Rights``."""

    create = fields.Boolean(metadata={"description": "Whether the caller may create runs of the DAG."})
    change = fields.Boolean(metadata={"description": "Whether the caller may change its runs, and control groups."})


class NestedRights(fields.Nested):
    """The caller's permissions for one of many objects."""

    def __init__(self, **more: Any) -> None:
        super().__init__(RightsSchema, **more)

    @staticmethod
    def column(rights: Sequence[Rights]) -> list[dict[str, bool]]:
        return [one._asdict() for one in rights]


class GroupProgressSchema(GroupSchema):
    """One group, with more than a list shows; dumps a ``GroupProgress``."""

    done = fields.Float(validate=Range(0, 1), metadata={"description": "The part of the runs that have ended."})
    max_active_runs = fields.Integer(
        metadata={
            "description": "How many runs of the DAG may run at the same time, without those of groups under control."
        }
    )
    notify = ShownNotify(
        allow_none=True,
        metadata={"description": "Where notifications of the group go, and of which events; null: nowhere."},
    )
    notified = Notified(
        metadata={
            "description": "For each event of `notify` that was sent, or was about to be, when it happened for the last time."
        },
    )
    may = NestedRights(
        metadata={"description": "Actions that the caller may do: a page disables what would be refused."}
    )
    uncontrolled_runs = fields.Integer(
        validate=Range(0),
        metadata={
            "description": "How many of the queued and running runs the `control` does not hold, as they had ended before it, and "
            "were cleared in Airflow since. The same change again holds them."
        },
    )
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
            "description": "Reasons that keep its runs from starting or ending: `dag_paused`; `dag_stale`; `group_paused`; "
            "`previous_run`, tasks depend on the run `previous_run_id`, which has ended without doing them; `group_cap`, as many runs "
            "of the group as its `control` allows are running; `run_after`, some runs may not start yet; "
            "`dag_max_active_runs`, as many runs of the DAG as may be active are running; `scheduler`, a run may start, and the "
            "scheduler has not started it yet. The first four do not pass by themselves. Later versions may have more words.",
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
    """The effect of an action on a group; dumps a ``GroupActionResult``."""

    dag_run_ids = fields.List(
        fields.String(),
        metadata={"description": "The runs to which it was done, or would be, in the order of their creation."},
    )
    next_start = fields.Integer(
        allow_none=True, metadata={"description": "The `start` with which to go on; null when there are no more."}
    )
    dry_run = fields.Boolean(metadata={"description": "Whether nothing was done."})
    warnings = fields.List(fields.String(), metadata={"description": "Warnings, a sentence each."})
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
