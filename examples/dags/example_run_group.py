"""A group of runs from inside a DAG: planned, created in slices, waited for, and followed by what its outcome asks for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk import Param, dag, task

from airflow_run_groups.adapters.client import GroupRequest
from airflow_run_groups.operators import CreateRunGroupOperator, RunGroupHook, RunGroupSensor

SLICE = 10
"""Dates of one slice: each is a task of its own, with its own retries."""


@dag(
    schedule=None,
    start_date=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc),
    params={
        "dag_id": Param("example_daily", type="string"),
        "prefix": Param("from_a_dag", type="string"),
        "from_date": Param("2020-02-01", type="string", format="date"),
        "to_date": Param("2020-02-25", type="string", format="date"),
    },
    default_args={"retries": 2, "retry_delay": dt.timedelta(seconds=5)},
)
def example_run_group() -> None:
    """Give every date of a range a run of another DAG, and look after those that fail."""
    dag_id, prefix = "{{ params.dag_id }}", "{{ params.prefix }}"

    @task
    def plan(params: dict[str, Any] | None = None) -> list[dict[str, str]]:
        """Return the first and last date of each slice; an earlier try of this run has the same ones."""
        wanted = params or {}
        request = GroupRequest(
            dag_id=wanted["dag_id"],
            prefix=wanted["prefix"],
            start_date=wanted["from_date"],
            end_date=wanted["to_date"],
        )
        with RunGroupHook().get_conn() as client:
            plans = list(client.plan_all(request))
        dates = [one["logical_date"] for plan in plans for one in plan["plan"] if one["action"] in {"create", "exists"}]
        slices = [dates[start : start + SLICE] for start in range(0, len(dates), SLICE)]
        return [{"from_date": days[0], "to_date": days[-1]} for days in slices]

    create = CreateRunGroupOperator.partial(
        task_id="create",
        dag_id=dag_id,
        prefix=prefix,
        note="created by {{ dag.dag_id }}, {{ run_id }}",
    ).expand_kwargs(plan())

    wait = RunGroupSensor(
        task_id="wait",
        dag_id=dag_id,
        prefix=prefix,
        allowed_states=["success", "failed"],  # the end, whatever it is: the next task decides
        failed_states=[],
        poke_interval=5,
        mode="reschedule",  # where no triggerer runs: the worker is free between two looks
        timeout=3600,
    )

    @task.branch
    def decide(params: dict[str, Any] | None = None) -> str:
        """Choose what follows by how the group has ended."""
        wanted = params or {}
        with RunGroupHook().get_conn() as client:
            group = client.group(wanted["dag_id"], wanted["prefix"])
        return "report" if group["states"]["failed"] else "publish"

    @task
    def publish() -> None:
        """Do what needs every date."""
        print("every date has succeeded")  # noqa: T201 - a task's output is its log

    @task
    def report(params: dict[str, Any] | None = None) -> list[str]:
        """Return the dates that failed; a real task would send them to somebody."""
        wanted = params or {}
        with RunGroupHook().get_conn() as client:
            runs = client.group_runs(wanted["dag_id"], wanted["prefix"], state="failed")
            return [str(run["logical_date"]) for run in runs]

    create >> wait >> decide() >> [publish(), report()]


example_run_group()
