"""Which groups, and which of their runs, to list."""

from enum import Enum as PythonEnum

from marshmallow import ValidationError, validates_schema

from airflow_run_groups.domain import MAX_LIMIT, DagRunState, GroupRunFilter
from airflow_run_groups.entrypoints.http.schemas.fields import MAX_ID, Enum, QueryInteger, Text
from airflow_run_groups.entrypoints.http.schemas.requests.request import MAX_PAGE, NEXT_START, RequestSchema


class ControlFilter(str, PythonEnum):
    """Which groups a list shows, by their control."""

    PAUSED = "paused"


class GroupFilterSchema(RequestSchema):
    """Which groups to list; loads arguments of ``Groups.list``."""

    dag_id = Text(
        metadata={
            "description": "The DAG of the groups. Only with `control` it can be left out.",
            "examples": ["example_daily"],
        }
    )
    control = Enum(
        ControlFilter,
        metadata={
            "description": "`paused`: only the groups that are paused, of all DAGs unless one is named, each as one group is shown.",
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
    def require_dag(self, filters: dict[str, object], **_: object) -> None:
        if "dag_id" not in filters and "control" not in filters:
            msg = "is required, unless control is given"
            raise ValidationError(msg, "dag_id")


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
