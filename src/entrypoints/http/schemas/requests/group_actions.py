"""The actions on the runs of a group."""

from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema

from airflow_run_groups.domain import MAX_LIMIT, MAX_NOTE_LENGTH, Cancel, GroupAction, Note, Retry, Which
from airflow_run_groups.domain.model import in_utc
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import (
    MAX_ID,
    Boolean,
    Date,
    Dates,
    Enum,
    Integer,
    Names,
    PaceField,
    Text,
)
from airflow_run_groups.entrypoints.http.schemas.requests.request import NEXT_START, BodySchema, DatedSchema


class _GroupActionSchema(DatedSchema, BodySchema):
    arguments_of: ClassVar[tuple[type, ...]] = (GroupAction,)

    dry_run = Boolean(metadata={"description": "`true`: only say to which runs it would be done.", "examples": [True]})
    limit = Integer(1, MAX_LIMIT, metadata={"description": "To at most so many runs.", "examples": [100]})
    start = Integer(
        0,
        MAX_ID,
        allowed=NEXT_START,
        metadata={"description": "Where to go on: `next_start` of the last response.", "examples": [0]},
    )
    dates = Dates(
        metadata={
            "description": "Only to the runs with these logical dates, none twice; the group has to have them all.",
            "examples": [["2025-02-01", "2025-02-03"]],
        }
    )
    run_ids = Names(
        "run ids",
        metadata={
            "description": "Only to the runs with these ids, none twice; the group has to have them all. Not with `dates`.",
            "examples": [["redo_0000001_2025-02-01T00:00:00"]],
        },
    )

    @validates_schema
    def check_dates(self, keys: dict[str, Any], **_: object) -> None:
        dates = keys.get("dates", ())
        repeated = next((date for place, date in enumerate(dates) if date in dates[:place]), None)
        if repeated is not None:
            msg = f"has {in_utc(repeated)} twice"
            raise ValidationError(msg, "dates")


class CancelGroupSchema(_GroupActionSchema):
    arguments_of = (GroupAction, Cancel)

    running = Boolean(
        metadata={
            "description": "`true`: those that are running, too; `false`: only the queued ones.",
            "examples": [True],
        }
    )


class RetryGroupSchema(_GroupActionSchema):
    arguments_of = (GroupAction, Retry)

    which = Enum(
        Which,
        metadata={
            "description": "`failed`: what has not succeeded of the runs that failed by themselves; `cancelled`: of those "
            "that were cancelled; left out: of both. `all`: all runs that have ended, from their start.",
            "examples": ["all"],
        },
    )
    run_on_latest_version = Boolean(
        metadata={
            "description": "Whether they run with the latest version of the DAG. Left out, it is as Airflow is configured "
            "(`rerun_with_latest_version`, from Airflow 3.3 on), or with the version that each run has. It needs Airflow 3.1.",
            "examples": [True],
        }
    )
    not_before = Date(
        metadata={"description": "No run starts before.", "examples": ["2025-03-01T22:00:00Z"]},
    )
    pace = PaceField(
        metadata={
            "description": "So many runs may start per interval, from `not_before` or now on, as for a creation. Left out, "
            "cancelled runs of a group that was paced or ordered keep their distances, from now on.",
            "examples": ["20/PT10M"],
        }
    )
    tasks = Names(
        "task ids",
        metadata={
            "description": "Only these tasks of the runs, and all that is downstream of them, whatever their states are. A run without "
            "them is left out.",
            "examples": [["load"]],
        },
    )


class NoteGroupSchema(_GroupActionSchema):
    arguments_of = (GroupAction, Note)

    note = Text(
        required=True,
        max_length=MAX_NOTE_LENGTH,
        metadata={
            "description": "The text that Airflow's UI shows beside each run, in place of an existing note.",
            "examples": ["wrong prices in the source"],
        },
    )
