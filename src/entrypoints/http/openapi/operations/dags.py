"""Listing DAGs, and whether their past is complete."""

from airflow_run_groups.entrypoints.http.openapi.operations.operation import Json, Operation, object_of, ref
from airflow_run_groups.entrypoints.http.schemas.coverage import CoverageFilterSchema
from airflow_run_groups.entrypoints.http.schemas.requests.dags import DagFilterSchema

_NEXT_DAG: Json = {"type": ["string", "null"], "description": "The `start` of the next page, null on the last one."}

OPERATIONS = (
    Operation(
        name="get_coverage",
        path="/coverage",
        tag="Coverage",
        summary="See whether the past is complete",
        description="Each date that the DAG's schedule holds in the range, against the runs that exist, by any creator. It writes "
        "nothing, and takes the permission to see the DAG. With `dag_id` more than once, or `tag`, it counts the dates of several DAGs, a "
        "page of them at a time.",
        query=CoverageFilterSchema,
        payload={
            "anyOf": [
                object_of(coverage=ref("Coverage")),
                object_of(coverages={"type": "array", "items": ref("DagCoverage")}, next_start=_NEXT_DAG),
            ]
        },
        headers=("Link", "ETag"),
        errors=(404,),
        tagged=True,
    ),
    Operation(
        name="list_dags",
        path="/dags",
        tag="DAGs",
        summary="List the DAGs",
        description="The DAGs that are not stale, by their ids: all of them, or with any parameter a page, on which each DAG has more keys.",
        query=DagFilterSchema,
        payload={
            "anyOf": [
                object_of(dags={"type": "array", "items": ref("Dag")}),
                object_of(
                    dags={"type": "array", "items": ref("DagDetails")},
                    next_start=_NEXT_DAG,
                ),
            ]
        },
        headers=("Link",),
    ),
    Operation(
        name="get_me",
        path="/me",
        tag="DAGs",
        summary="See who you are to the service",
        description="The caller's name, how callers identify themselves, and what a client needs to know of the service.",
        payload=object_of(me=ref("Me")),
    ),
)
