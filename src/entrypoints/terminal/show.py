"""``status``, ``list`` and ``dags``."""

from __future__ import annotations

from typing import Any

from airflow_run_groups.domain import GroupRunId
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.wait import facts

_DAGS = {"dag_id": "dag id", "is_active": "active", "last_execution": "last date", "full_path": "file"}
_RUNS = {
    "run_id": "run id",
    "state": "state",
    "execution_date": "logical date",
    "start_date": "start",
    "end_date": "end",
}
_GROUPS = {
    "prefix": "prefix",
    "runs": "runs",
    "queued": "queued",
    "running": "running",
    "success": "success",
    "failed": "failed",
    "first_logical_date": "first date",
    "last_logical_date": "last date",
}


def status(session: Session, *, dag_id: str, prefix: str) -> int:
    """Show one group."""
    group = session.client.group(dag_id, prefix)
    if session.output.kind in {"json", "yaml"}:
        session.output.data(group)
    else:
        session.output.facts(facts(group))
    return exits.SUCCEEDED


def groups(session: Session, dag_id: str) -> int:
    """List the groups of a DAG."""
    found: list[Any] = list(session.client.groups(dag_id))
    if session.output.kind not in {"json", "yaml"}:
        found = [{**group, **group["states"]} for group in found]
    session.output.rows(found, _GROUPS)
    return exits.SUCCEEDED


def runs(session: Session, dag_id: str, prefix: str, state: str | None) -> int:
    """List the runs of a group, and none of a group whose prefix begins with this one."""
    own = prefix.removesuffix("_")
    found = [
        run
        for run in session.client.runs(dag_id=dag_id, prefix=f"{own}_", state=state)
        if (parsed := GroupRunId.parse(run["run_id"])) is not None and parsed.prefix == own
    ]
    session.output.rows(found, _RUNS)
    return exits.SUCCEEDED


def dags(session: Session) -> int:
    """List the DAGs."""
    session.output.rows(session.client.dags(), _DAGS)
    return exits.SUCCEEDED
