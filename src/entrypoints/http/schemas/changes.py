"""The body that changes a group, and what comes back: the group with its control."""

from marshmallow import Schema, fields, pre_load
from marshmallow.validate import Range

from airflow_run_groups.domain import Order
from airflow_run_groups.domain.control.control import MAX_ACTIVE_RUNS
from airflow_run_groups.entrypoints.http.schemas.fields.about import description_field, labels_field
from airflow_run_groups.entrypoints.http.schemas.fields.notify import DESCRIPTION, NotifyField
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import Boolean, Date, Enum, Integer, PaceField
from airflow_run_groups.entrypoints.http.schemas.fields.stop_after import NEEDS_A_LISTENER, StopAfterField
from airflow_run_groups.entrypoints.http.schemas.requests.request import DatedSchema
from airflow_run_groups.entrypoints.http.schemas.responses import GroupProgressSchema


class ChangeGroupSchema(DatedSchema):
    """The changes to a group; loads arguments of ``GroupChange``. A key that is left out changes nothing, null restores the default."""

    kind = "key"

    paused = Boolean(
        allow_none=True,
        metadata={
            "description": "`true`: no queued run starts until the group is resumed; what is running goes on. `false`, or null: "
            "resume it.",
            "examples": [True],
        },
    )
    max_active_runs = Integer(
        1,
        MAX_ACTIVE_RUNS,
        allow_none=True,
        metadata={
            "description": "How many of the group's runs may run at once, beside the DAG's other runs. Null: as many as the DAG "
            "allows, together with its other runs.",
            "examples": [5],
        },
    )
    stop_after = StopAfterField(
        allow_none=True,
        metadata={
            "description": "After how many failed runs the group is paused by itself: `failed` of them, or `failed_percent` of the "
            "runs that have ended, once `of_at_least` have. After a resumption the count begins anew. Null: never. "
            f"{NEEDS_A_LISTENER}",
            "examples": [{"failed": 5}],
        },
    )
    pace = PaceField(
        allow_none=True,
        metadata={
            "description": "So many of the queued runs may start per interval, from `not_before` or now on. Null: all of them "
            "may start then.",
            "examples": ["20/PT10M"],
        },
    )
    not_before = Date(
        allow_none=True,
        metadata={
            "description": "The first of the queued runs may start then; without a `pace` the others keep their distances from it. "
            "Null: now.",
            "examples": ["2025-03-01T22:00:00Z"],
        },
    )
    order = Enum(
        Order,
        allow_none=True,
        metadata={
            "description": "The order in which Airflow takes the queued runs, by their dates: `desc` the newest first, `asc`, or "
            "null, the oldest.",
            "examples": ["desc"],
        },
    )
    description = description_field("Null: none.", allow_none=True)
    labels = labels_field("They take the place of the former ones. Null: none.", allow_none=True)
    notify = NotifyField(
        allow_none=True,
        metadata={"description": f"{DESCRIPTION} Events before this change are not sent. Null: nobody is notified."},
    )
    dry_run = Boolean(
        metadata={
            "description": "`true`: only say how many runs it would change, and which control the group would have.",
            "default": False,
            "examples": [True],
        }
    )

    @pre_load
    def leave_out(self, keys: dict[str, object], **_: object) -> dict[str, object]:
        return {key: value for key, value in keys.items() if value is not None or key != "dry_run"}


class GroupChangeResultSchema(Schema):
    """A group after a change; dumps a ``GroupChangeResult``."""

    group = fields.Nested(
        GroupProgressSchema,
        attribute="progress",
        metadata={"description": "The group as it is now; after a dry run with the `control` that it would have."},
    )
    changed_runs = fields.Integer(
        validate=Range(0),
        metadata={
            "description": "How many runs the change has changed, or would: those that start at another time, and those that came "
            "under control, or are no longer."
        },
    )
    dry_run = fields.Boolean(metadata={"description": "Whether nothing was changed."})
    warnings = fields.List(fields.String(), metadata={"description": "Warnings, a sentence each."})
