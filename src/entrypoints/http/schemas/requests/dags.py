"""Which DAGs to list."""

from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import QueryInteger, Text
from airflow_run_groups.entrypoints.http.schemas.requests.request import MAX_PAGE, RequestSchema


class DagFilterSchema(RequestSchema):
    """Which DAGs to list; loads arguments of ``DagFilter``."""

    q = Text(
        metadata={
            "description": "Only DAGs that have this in their id, in capitals or not.",
            "examples": ["daily"],
        }
    )
    limit = QueryInteger(1, MAX_PAGE, metadata={"description": "At most so many DAGs; 50.", "examples": [10]})
    start = Text(
        metadata={
            "description": "Only DAGs behind this id: `next_start` of the page before.",
            "examples": ["example_daily"],
        }
    )
