"""What to do to the runs of a group."""

from typing import ClassVar

from airflow_run_groups.domain import MAX_LIMIT, MAX_NOTE_LENGTH, Cancel, GroupAction, Note, Retry, Which
from airflow_run_groups.entrypoints.http.schemas.fields import MAX_ID, Boolean, Date, Enum, Integer, PaceField, Text
from airflow_run_groups.entrypoints.http.schemas.requests.request import NEXT_START, BodySchema, DatedSchema


class _GroupActionSchema(BodySchema):
    arguments_of: ClassVar[tuple[type, ...]] = (GroupAction,)

    dry_run = Boolean(metadata={"description": "`true`: only say to which runs it would be done.", "examples": [True]})
    limit = Integer(1, MAX_LIMIT, metadata={"description": "To at most so many runs.", "examples": [100]})
    start = Integer(
        0,
        MAX_ID,
        allowed=NEXT_START,
        metadata={"description": "Where to go on: `next_start` of the answer before.", "examples": [0]},
    )


class CancelGroupSchema(_GroupActionSchema):
    arguments_of = (GroupAction, Cancel)

    running = Boolean(
        metadata={
            "description": "`true`: those that are running, too; `false`: only the queued ones.",
            "examples": [True],
        }
    )


class RetryGroupSchema(DatedSchema, _GroupActionSchema):
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


class NoteGroupSchema(_GroupActionSchema):
    arguments_of = (GroupAction, Note)

    note = Text(
        required=True,
        max_length=MAX_NOTE_LENGTH,
        metadata={
            "description": "What Airflow's UI shows beside each run, in place of the note that it has.",
            "examples": ["wrong prices in the source"],
        },
    )
