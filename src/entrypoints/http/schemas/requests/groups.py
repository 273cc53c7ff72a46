"""Which groups, and which of their runs, to list."""

from enum import Enum as PythonEnum
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from airflow_run_groups.domain import MAX_LIMIT, DagRunState, GroupRunFilter, GroupState
from airflow_run_groups.domain.groups.group import MAX_CONFS
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import MAX_ID, Boolean, Enum, QueryInteger, Text
from airflow_run_groups.entrypoints.http.schemas.requests.request import MAX_PAGE, NEXT_START, RequestSchema


class ControlFilter(str, PythonEnum):
    """Which groups a list shows, by their control."""

    PAUSED = "paused"


class GroupFilterSchema(RequestSchema):
    """Which groups to list; loads arguments of ``GroupFilter``, and which control they have."""

    dag_id = Text(
        metadata={
            "description": "Only groups of this DAG. Left out, those of all DAGs that the caller may see.",
            "examples": ["example_daily"],
        }
    )
    state = Enum(
        GroupState,
        metadata={
            "description": "`active`: only groups with queued or running runs; `failed`: only groups with failed runs.",
            "examples": ["active"],
        },
    )
    prefix = Text(
        metadata={"description": "How the group's prefix begins, letter for letter.", "examples": ["red"]},
    )
    created_by = Text(
        metadata={
            "description": "Only groups whose first run was requested by the caller of exactly this name, as `created_by` shows it.",
            "examples": ["ann"],
        },
    )
    control = Enum(
        ControlFilter,
        metadata={
            "description": "`paused`: only the groups that are paused, each as one group is shown. Of the other filters it goes with "
            "`dag_id` alone.",
            "examples": ["paused"],
        },
    )
    start = QueryInteger(
        0,
        MAX_ID,
        allowed=NEXT_START,
        metadata={
            "description": "Where to go on: `next_start` of the page before. Left out, the newest groups come.",
            "examples": [12],
        },
    )
    limit = QueryInteger(
        1, MAX_PAGE, load_default=50, metadata={"description": "At most so many groups.", "examples": [10]}
    )

    @validates_schema
    def keep_apart(self, filters: dict[str, object], **_: object) -> None:
        others = [name for name in ("state", "prefix", "created_by") if name in filters]
        if "control" in filters and others:
            msg = f"cannot be combined with {', '.join(others)}"
            raise ValidationError(msg, "control")


class GroupRunFilterSchema(RequestSchema):
    arguments_of = (GroupRunFilter,)

    start = QueryInteger(
        0,
        MAX_ID,
        allowed=NEXT_START,
        metadata={"description": "Only runs with a greater `id`: `next_start` of the page before.", "examples": [12]},
    )
    limit = QueryInteger(1, MAX_LIMIT, metadata={"description": "At most so many runs.", "examples": [500]})
    state = Enum(DagRunState, metadata={"description": "Only runs in this state.", "examples": ["failed"]})
    conf = Boolean(
        metadata={
            "description": f"`true`: each run with its `conf`, on pages of {MAX_CONFS} runs at most.",
            "examples": [True],
        }
    )

    @post_load
    def bound_confs(self, filters: dict[str, Any], **_: object) -> dict[str, Any]:
        return (
            {**filters, "limit": min(filters["limit"], MAX_CONFS)}
            if filters.get("conf") and "limit" in filters
            else filters
        )
