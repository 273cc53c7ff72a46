"""The parameters of a request for coverage, and the fields of its response."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Range

from airflow_run_groups.domain import CoverageRequest, DateStatus, Detail
from airflow_run_groups.domain.coverage import MAX_DATES
from airflow_run_groups.domain.use_cases.coverage_pages import MAX_DAGS
from airflow_run_groups.entrypoints.http.schemas.fields.formats import JsonDate
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import Date, Enum, Names, QueryInteger, Text
from airflow_run_groups.entrypoints.http.schemas.requests.request import DatedSchema
from airflow_run_groups.entrypoints.http.schemas.responses import Page

_MAX_TAG = 100
"""Characters of a tag (airflow.models.dag.DagTag, 3.0 to 3.4)."""
STATUSES = (
    "`success`, `failed`, `running`, `queued`: the state of the date's run, a cancelled one is `failed`; `missing`: it has no "
    "run, and a creation over the range would make it; `not_yet`: its run may not start yet; `before_start`, `after_end`: it "
    "lies outside the DAG's own dates; `no_tasks`: the DAG has no task for it"
)


class CoverageFilterSchema(DatedSchema):
    """A question about one DAG, or several; loads arguments of ``CoverageRequest`` or ``CoveragesRequest``."""

    arguments_of = (CoverageRequest,)

    dag_id = Names(
        "DAG ids",
        most=MAX_DAGS,
        metadata={
            "description": f"The DAG; repeated, for up to {MAX_DAGS} DAGs, it asks for their counts.",
            "examples": [["example_daily"]],
        },
    )
    tag = Text(
        max_length=_MAX_TAG,
        metadata={
            "description": "In place of `dag_id`: the counts of all DAGs with this tag and a schedule that holds dates.",
            "examples": ["sales"],
        },
    )
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
            "description": "`dates` adds each date with its run; of one DAG.",
            "default": Detail.STRETCHES.value,
            "examples": ["dates"],
        },
    )
    limit = QueryInteger(
        1,
        MAX_DAGS,
        metadata={"description": f"For a page of counts: at most so many DAGs; {MAX_DAGS}.", "examples": [10]},
    )
    start = Text(
        metadata={
            "description": "For a page of counts: only DAGs behind this id, `next_start` of the page before.",
            "examples": ["example_daily"],
        }
    )

    @validates_schema(skip_on_field_errors=False)
    def keep_apart(self, filters: dict[str, Any], **_: object) -> None:
        if "dag_id" not in filters and "tag" not in filters:
            msg = "is required, unless tag is given"
            raise ValidationError(msg, "dag_id")
        if "dag_id" in filters and "tag" in filters:
            msg = "cannot be combined with tag"
            raise ValidationError(msg, "dag_id")
        if is_of_several(filters) and filters.get("detail") is Detail.DATES:
            msg = "must be stretches for several DAGs, of which only counts are shown"
            raise ValidationError(msg, "detail")


def is_of_several(filters: Mapping[str, Any]) -> bool:
    """Tell whether a question asks for a page of counts: it is about several DAGs, or may be."""
    return bool({"tag", "limit", "start"} & filters.keys()) or len(filters["dag_id"]) > 1


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


class ProblemSchema(Schema):
    """Why nothing is known of a DAG; dumps a ``Problem``."""

    error = fields.String(metadata={"description": "A sentence that says what is wrong."})
    reason = fields.String(metadata={"description": "The stable word for it, as of an error."})


class DagCoverageSchema(Schema):
    """The counts of one of several DAGs; dumps a ``DagCoverage``."""

    dag_id = fields.String()
    total = fields.Integer(
        attribute="coverage.total",
        validate=Range(0),
        metadata={"description": "How many dates the schedule holds in the range."},
    )
    counts = fields.Nested(
        CoverageCountsSchema, attribute="coverage.counts", metadata={"description": "How many dates have each status."}
    )
    complete = fields.Boolean(
        attribute="coverage.complete",
        metadata={"description": "As for one DAG; false when there is a `problem`."},
    )
    next_start_date = JsonDate(
        attribute="coverage.next_start_date",
        allow_none=True,
        metadata={"description": "The first date that is not counted; null when the whole range is."},
    )
    problem = fields.Nested(
        ProblemSchema,
        allow_none=True,
        metadata={
            "description": "Why nothing is counted, such as that Airflow cannot read the DAG, or that its schedule holds no dates; "
            "null when there is none."
        },
    )

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Read nothing from a coverage that is not there."""
        if obj.coverage is None and attr.startswith("coverage."):
            return _UNKNOWN[attr.removeprefix("coverage.")]
        return super().get_attribute(obj, attr, default)


_UNKNOWN: dict[str, Any] = {
    "total": 0,
    "counts": {status.value: 0 for status in DateStatus},
    "complete": False,
    "next_start_date": None,
}


class CoverageSchema(Schema):
    """The outcome of each date of a range; dumps a ``Coverage``."""

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
