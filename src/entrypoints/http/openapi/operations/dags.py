"""Listing DAGs, and whether their past is complete."""

from airflow_run_groups.entrypoints.http.openapi.operations.operation import Operation, object_of, ref
from airflow_run_groups.entrypoints.http.schemas.coverage import CoverageFilterSchema

OPERATIONS = (
    Operation(
        name="get_coverage",
        path="/coverage",
        tag="Coverage",
        summary="See whether the past is complete",
        description="Each date that the DAG's schedule holds in the range, against the runs that exist, whoever made them. It writes "
        "nothing, and takes the permission to see the DAG.",
        query=CoverageFilterSchema,
        payload=object_of(coverage=ref("Coverage")),
        headers=("ETag",),
        errors=(404,),
        tagged=True,
    ),
    Operation(
        name="list_dags",
        path="/dags",
        tag="DAGs",
        summary="List the DAGs",
        description="The DAGs that are not stale, by their ids.",
        payload=object_of(dags={"type": "array", "items": ref("Dag")}),
    ),
)
