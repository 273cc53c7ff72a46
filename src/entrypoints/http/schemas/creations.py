"""The fields of the responses to ``POST /dag_runs``: the runs that were created, or the plan."""

import datetime as dt
from typing import Any

from marshmallow import Schema, fields, post_dump
from marshmallow.validate import Range

from airflow_run_groups.domain import Action
from airflow_run_groups.entrypoints.http.schemas.fields.formats import JsonDate
from airflow_run_groups.entrypoints.http.schemas.fields.plan_ids import ShownPlanId
from airflow_run_groups.entrypoints.http.schemas.responses import SOMETIMES, Page


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
    """The runs that were created; dumps ``CreatedRuns``. JSON types in either format, as these keys are newer than the text format."""

    dag_run_ids = _RunIds(
        attribute="runs", metadata={"description": "The runs that were created, or would be, in their order."}
    )
    existing = fields.Integer(
        validate=Range(0),
        metadata={
            "description": "How many of the dates had a run already, by any creator, that was left alone. With a `plan_id`, what "
            "an earlier request has done of the plan counts here."
        },
    )
    next_start_date = JsonDate(
        allow_none=True,
        metadata={
            "description": "The first date that a partial batch left out, or that came too late as runs that run again take long, "
            "where to go on; null when nothing was left. In the order `desc` it is the newest of them, and the next `end_date`.",
        },
    )
    warnings = fields.List(fields.String(), metadata={"description": "Warnings, a sentence each."})
    rerun_dag_run_ids = _RunIds(
        attribute="reruns",
        metadata={
            "description": "The runs that existed, and run again, or would, as `reprocess_behavior` says, in their order."
        },
    )
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
            "description": "`create`: it gets a run. `rerun`: its run runs again. `exists`: it has one. `left_out`: it lies beyond the limit of a partial "
            "group. `not_yet`: its run may not start yet. `no_tasks`: the DAG has no task for it.",
        },
    )
    run_id = fields.String(
        allow_none=True,
        metadata={"description": "The id that its run gets, or that of the run that exists, and may run again."},
    )
    state = fields.String(allow_none=True, metadata={"description": "The state of the run that exists."})
    run_type = fields.String(allow_none=True, metadata={"description": "Airflow's type of the run."})
    created_by = fields.String(
        allow_none=True,
        metadata={
            "description": "The user who requested the run that exists, as far as Airflow knows; Airflow 3.0 never does."
        },
    )
    reason = fields.String(allow_none=True, metadata={"description": "Why it gets no run."})
    run_type_reason = fields.String(
        allow_none=True, metadata={"description": "Why the run that is created has its type; null where none is."}
    )


_EXPECTED_SECONDS = {
    "description": "How long the group would take from now on: so many runs at a time as the DAG's `max_active_runs` allows, "
    "each as long as the median of the last 20 that have ended; null when none has. It leaves out all that slows runs down: "
    "how many the scheduler starts in one loop, pools, free workers, other runs of the DAG, and tasks that wait for the run "
    "before. Many short runs can take ten times as long.",
}


class PlanSchema(CreatedRunsSchema):
    """The runs that would be created; dumps a ``Plan``."""

    dry_run = fields.Boolean(dump_default=True, metadata={"description": "Nothing was created."})
    plan_id = ShownPlanId()
    plan = Page(
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
        Action, by_value=fields.String, metadata={"description": "The action for these dates, as in a plan."}
    )
    first = JsonDate(metadata={"description": "The first of these dates, in the order of the runs."})
    last = JsonDate(metadata={"description": "The last of them."})
    total = fields.Integer(validate=Range(1), metadata={"description": "How many dates these are."})


PlanCountsSchema = Schema.from_dict(
    {action.value: fields.Integer(validate=Range(0)) for action in Action}, name="PlanCountsSchema"
)


class PlanSummarySchema(_WithPace):
    """The runs that would be created, in short; dumps a ``PlanSummary``."""

    dry_run = fields.Boolean(dump_default=True, metadata={"description": "Nothing was created."})
    plan_id = ShownPlanId(attribute="plan.plan_id")
    counts = fields.Nested(PlanCountsSchema, metadata={"description": "How many dates there are with each action."})
    stretches = Page(
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
        fields.String(), attribute="plan.warnings", metadata={"description": "Warnings, a sentence each."}
    )
    expected_seconds = fields.TimeDelta(
        attribute="plan.expected", allow_none=True, validate=Range(dt.timedelta()), metadata=_EXPECTED_SECONDS
    )
    next_not_before = JsonDate(attribute="plan.next_not_before", metadata=_NEXT_NOT_BEFORE)
