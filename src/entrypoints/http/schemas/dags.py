"""The fields of responses about DAGs, and about the caller."""

from marshmallow import Schema, fields
from marshmallow.validate import Range

from airflow_run_groups.domain import MAX_LIMIT
from airflow_run_groups.domain.planning.bounds import LARGEST_LIMIT
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.responses import NestedRights, dag_schema


def dag_details_schema(value_format: ValueFormat) -> Schema:
    """Return the schema of a DAG on a page, which dumps a ``DagDetails``. The keys that a list of all lacks are JSON-typed."""

    class DagDetailsSchema(type(dag_schema(value_format))):  # type: ignore[misc]  # the class is made for the format
        schedule = fields.String(
            allow_none=True,
            metadata={
                "description": "The schedule as Airflow sums it up, such as a cron expression; null without one."
            },
        )
        is_paused = fields.Boolean(dump_only=True, metadata={"description": "Whether the DAG is paused."})
        max_active_runs = fields.Integer(
            validate=Range(0), metadata={"description": "How many of its runs may run at the same time."}
        )
        allows_range = fields.Boolean(
            metadata={"description": "Whether a group can have a range of dates: the schedule is periodic."}
        )
        may = NestedRights(metadata={"description": "Actions that the caller may do with runs of the DAG."})

    return DagDetailsSchema()


class MeSchema(Schema):
    """The caller, and the service that they talk to."""

    name = fields.String(
        allow_none=True,
        metadata={
            "description": "The caller's name as Airflow shows it, and `created_by` of their groups; null when callers have no names."
        },
    )
    auth = fields.String(metadata={"description": "How callers identify themselves: `none`, `token` or `airflow`."})
    version = fields.String(metadata={"description": "The version of the service."})
    default_timezone = fields.String(
        metadata={"description": "Airflow's `default_timezone`, in which dates without an offset are read."}
    )
    max_limit = fields.Integer(
        validate=Range(MAX_LIMIT, LARGEST_LIMIT),
        metadata={
            "description": "How many runs one request creates at most: the largest `limit`, and the longest list of `dates`."
        },
    )
