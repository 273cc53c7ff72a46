"""The arguments of the operator that are keys of a request: the keys that the client has, and so each new one, too."""

from dataclasses import fields

from airflow_run_groups.adapters.client import GroupRequest

NO_ARGUMENTS = frozenset({"limit", "partial", "dry_run", "detail", "planned", "plan_id"})
"""Keys about one response of many, or one plan. With them, a retried task would mean other runs."""
ARGUMENTS = {field.name: field.name for field in fields(GroupRequest) if field.name not in NO_ARGUMENTS} | {
    "start_date": "from_date",  # a task has a start_date and an end_date of its own, which default_args often hold
    "end_date": "to_date",
}
"""The arguments, by the key of the request that each is for."""
ATTRIBUTES = ARGUMENTS | {"dag_id": "group_dag_id"}
"""Where the operator keeps them; ``dag_id`` of a task is the DAG that it is in."""
