"""Which runs to list."""

from airflow_run_groups.domain import DagRunFilter, DagRunState
from airflow_run_groups.entrypoints.http.schemas.fields.request_fields import Boolean, Enum, QueryInteger, Start, Text
from airflow_run_groups.entrypoints.http.schemas.requests.request import MAX_PAGE, RequestSchema


class DagRunFilterSchema(RequestSchema):
    arguments_of = (DagRunFilter,)

    start = Start(
        metadata={
            "description": "Only runs created after this one: its `id`, or its run id. `next_start` of a response is the "
            "`start` of the next page.",
            "examples": [2, "redo_0000001_2025-02-01T00:00:00"],
        }
    )
    limit = QueryInteger(1, MAX_PAGE, metadata={"description": "At most so many runs.", "examples": [100]})
    state = Enum(DagRunState, metadata={"description": "Only runs in this state.", "examples": ["failed"]})
    external_trigger = Boolean(
        metadata={
            "description": "`true`: only runs that a person or program requested; `false`: only Airflow's own.",
            "examples": [True],
        }
    )
    prefix = Text(metadata={"description": "How the run id begins, letter for letter.", "examples": ["redo_"]})
    dag_id = Text(metadata={"description": "Only runs of this DAG.", "examples": ["example_daily"]})


class DagRunQuerySchema(RequestSchema):
    dag_id = Text(
        metadata={
            "description": "The DAG of the run. Needed when several DAGs have a run with this id.",
            "examples": ["example_daily"],
        }
    )
