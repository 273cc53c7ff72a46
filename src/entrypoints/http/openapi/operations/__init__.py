"""The API description of each endpoint, beside the schemas."""

from airflow_run_groups.entrypoints.http.openapi.operations import dag_runs, dags, groups, service

ABOUT = """\
Backfill a DAG with one request: a run for every date that the DAG's own schedule has in a range, all or none, as a group with a \
prefix by which you watch, pause, cancel and retry it.

Every response is one JSON object with the key `response`, and one that is not 200 is always \
`{"response": {"error": "what was wrong", "reason": "a_stable_word"}}`. Where GET is allowed, HEAD is, too.

A boolean may also be sent as the text `true`, `True`, `1`, `false`, `False` or `0`. Null for an optional key of a body is the \
same as leaving the key out."""
OPERATIONS = (*dag_runs.OPERATIONS, *groups.OPERATIONS, *dags.OPERATIONS, *service.OPERATIONS)
