"""Creating, listing and showing runs."""

from airflow_run_groups.entrypoints.http.openapi.operations.operation import Operation, object_of, page_of, ref
from airflow_run_groups.entrypoints.http.schemas.requests.dag_runs import DagRunFilterSchema, DagRunQuerySchema

OPERATIONS = (
    Operation(
        name="create_dag_runs",
        method="post",
        path="/dag_runs",
        tag="DAG runs",
        summary="Create a group of runs",
        description="Creates a run for every date that the DAG's own schedule has in the range, both ends inclusive, all "
        "of them or none. Dates that have a run already are skipped, so the same request can be sent twice. A date "
        "whose run may not start yet is left to the scheduler. A DAG without a periodic schedule takes one run at a "
        "time, now or at `start_date`, or those that `interval` or `dates` say. With `dry_run` nothing is created, and the "
        "response is the plan, date by date or, with `detail`, in short; a creation with its `plan_id` does exactly that plan. With "
        "`reprocess_behavior` runs that exist run again. The body is JSON, whatever its `Content-Type` says.",
        body="GroupRequest",
        payload={"anyOf": [ref("Plan"), ref("PlanSummary"), ref("CreatedRuns")]},
        errors=(404, 409, 413, 429, 504),
    ),
    Operation(
        name="list_dag_runs",
        path="/dag_runs",
        tag="DAG runs",
        summary="List runs",
        description="Runs in the order of their creation, a page at a time. Filters are combined with and. A parameter "
        "that does not exist is refused, as a filter with a typo in its name would show everything.",
        query=DagRunFilterSchema,
        payload=page_of(dag_runs="DagRun"),
        headers=("Link",),
        errors=(404, 409),
    ),
    Operation(
        name="get_dag_run",
        path="/dag_runs/{run_id}",
        tag="DAG runs",
        summary="Get one run",
        description="Run ids are unique within a DAG only: when several DAGs have this one, `dag_id` picks one.",
        query=DagRunQuerySchema,
        payload=object_of(dag_run=ref("DagRun")),
        errors=(404, 409),
    ),
)
