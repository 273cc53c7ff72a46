"""Parts that operator and sensor share: a look at the group, and leaving the worker until the next one is worth it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow_run_groups.adapters.client import Client, Unreachable
from airflow_run_groups.entrypoints.airflow.operators.hook import RunGroupHook
from airflow_run_groups.entrypoints.airflow.operators.link import RunGroupLink
from airflow_run_groups.entrypoints.airflow.operators.sdk import BaseOperator, Context, conf
from airflow_run_groups.entrypoints.airflow.operators.trigger import RunGroupTrigger
from airflow_run_groups.entrypoints.airflow.operators.waiting import Look, Verdict, Wait

RESUMED = "resume"
"""The method with which a deferred task goes on."""


def default_deferrable() -> bool:
    """Return Airflow's ``[operators] default_deferrable``."""
    return bool(conf.getboolean("operators", "default_deferrable", fallback=False))


def look(task: BaseOperator, client: Client, wait: Wait) -> Look:
    """Look at the group. A service that does not respond now may do so at the next look.

    :raises RunGroupFailed: when the wait has failed.
    :raises RefusedByService: when the service refuses the request.
    """
    try:
        return wait.look(client)
    except Unreachable as error:
        task.log.warning("%s: the wait goes on", error)
        return Look(verdict=Verdict.WAIT, runs=0, run_id=wait.run_id)


def defer(  # noqa: PLR0913 - each says something else about the wait
    task: BaseOperator,
    wait: Wait,
    seen: Look,
    *,
    conn_id: str,
    poke_interval: float,
    ends_at: dt.datetime | None,
    **kept: Any,
) -> None:
    """Leave the worker; the task goes on with its method ``resume``, whose arguments are ``ends_at`` and what is kept.

    :param ends_at: when Airflow ends the wait, None for never.
    """
    missing = wait.logical_date is not None and seen.run_id is None
    trigger = RunGroupTrigger(
        conn_id=conn_id,
        dag_id=wait.dag_id,
        prefix=wait.prefix,
        allowed_states=wait.condition.allowed_states,
        failed_states=wait.condition.failed_states,
        fail_fast=wait.condition.fail_fast,
        poke_interval=poke_interval,
        run_id=seen.run_id,
        more_runs_than=seen.runs if missing else None,
    )
    left = None if ends_at is None else max(dt.timedelta(), ends_at - _now())
    end = None if ends_at is None else ends_at.isoformat()
    task.defer(trigger=trigger, method_name=RESUMED, kwargs={"ends_at": end, **kept}, timeout=left)


def end_in(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else _now() + dt.timedelta(seconds=seconds)


def show_link(hook: RunGroupHook, dag_id: str, prefix: str, context: Context) -> str:
    """Let Airflow show the link to the group's page while the task is under way; return it."""
    url = hook.page_url(dag_id, prefix)
    task_instance: Any = context["ti"]
    task_instance.xcom_push(key=RunGroupLink().xcom_key, value=url)
    return url


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)
