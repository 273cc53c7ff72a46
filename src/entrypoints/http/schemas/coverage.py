"""What a question about coverage may hold, and what is in its answer."""

from marshmallow import Schema, fields
from marshmallow.validate import Range

from airflow_run_groups.domain import CoverageRequest, DateStatus, Detail
from airflow_run_groups.domain.coverage import MAX_DATES
from airflow_run_groups.entrypoints.http.schemas.fields import Date, Enum, Text
from airflow_run_groups.entrypoints.http.schemas.formats import JsonDate
from airflow_run_groups.entrypoints.http.schemas.requests.request import DatedSchema
from airflow_run_groups.entrypoints.http.schemas.responses import Page

STATUSES = (
    "`success`, `failed`, `running`, `queued`: the state of the date's run, a cancelled one is `failed`; `missing`: it has no "
    "run, and a creation over the range would make it; `not_yet`: its run may not start yet; `before_start`, `after_end`: it "
    "lies outside the DAG's own dates; `no_tasks`: the DAG has no task for it"
)


class CoverageFilterSchema(DatedSchema):
    arguments_of = (CoverageRequest,)

    dag_id = Text(required=True, metadata={"description": "The DAG.", "examples": ["example_daily"]})
    start_date = Date(
        required=True,
        metadata={
            "description": "The first date, inclusive. Without an offset it is in Airflow's `default_timezone`.",
            "examples": ["2025-02-01"],
        },
    )
    end_date = Date(
        metadata={"description": "The last date, inclusive; now when it is left out.", "examples": ["2025-03-01"]}
    )
    detail = Enum(
        Detail,
        load_default=Detail.STRETCHES,
        metadata={
            "description": "`dates` adds each date with its run.",
            "default": Detail.STRETCHES.value,
            "examples": ["dates"],
        },
    )


class CoverageStretchSchema(Schema):
    """Consecutive dates of one status; dumps a ``CoverageStretch``."""

    status = fields.Enum(DateStatus, by_value=fields.String, metadata={"description": f"{STATUSES}."})
    first = JsonDate(metadata={"description": "The first of these dates."})
    last = JsonDate(metadata={"description": "The last of them."})
    total = fields.Integer(validate=Range(1), metadata={"description": "How many dates these are."})


class CoveredDateSchema(Schema):
    """A date of the schedule; dumps a ``CoveredDate``."""

    logical_date = JsonDate(metadata={"description": "The date."})
    status = fields.Enum(DateStatus, by_value=fields.String, metadata={"description": f"{STATUSES}."})
    run_id = fields.String(allow_none=True, metadata={"description": "The id of its run; null when it has none."})
    run_type = fields.String(allow_none=True, metadata={"description": "The type of its run; null when it has none."})


CoverageCountsSchema = Schema.from_dict(
    {status.value: fields.Integer(validate=Range(0)) for status in DateStatus}, name="CoverageCountsSchema"
)


class CoverageSchema(Schema):
    """What became of the dates of a range; dumps a ``Coverage``."""

    dag_id = fields.String()
    total = fields.Integer(
        validate=Range(0), metadata={"description": "How many dates the schedule holds in the range."}
    )
    counts = fields.Nested(CoverageCountsSchema, metadata={"description": "How many dates have each status."})
    complete = fields.Boolean(
        metadata={
            "description": "Whether each date that should have a successful run by now has one, and the whole range is covered: "
            "`not_yet`, `no_tasks`, `before_start` and `after_end` do not hinder it."
        }
    )
    stretches = Page(
        fields.Nested(CoverageStretchSchema),
        metadata={"description": "Consecutive dates of one status, in ascending order."},
    )
    next_start_date = JsonDate(
        allow_none=True,
        metadata={
            "description": f"The `start_date` with which to go on: one response covers {MAX_DATES} dates, or as many as three seconds "
            "allow. Null when the whole range is covered."
        },
    )
    dates = Page(
        fields.Nested(CoveredDateSchema),
        metadata={"description": "With `detail` `dates`: each date, in ascending order."},
    )
