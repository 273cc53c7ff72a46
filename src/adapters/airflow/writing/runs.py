"""Created runs become rows: Airflow makes each run with its task instances, or one run of which the others are copies."""

import logging
from collections.abc import Sequence
from functools import partial

from airflow.exceptions import AirflowException  # type: ignore[attr-defined]  # newer versions take it from elsewhere
from airflow.models.dag_version import DagVersion
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.compat import SerializedDAG
from airflow_run_groups.adapters.airflow.database.session import ConcurrentWrite
from airflow_run_groups.adapters.airflow.policies import naming_policies
from airflow_run_groups.adapters.airflow.writing.audit import entry
from airflow_run_groups.adapters.airflow.writing.bulk_insert import (
    copy_note,
    copy_run,
    reason_against_copying,
    runs_with_same_tasks,
)
from airflow_run_groups.domain.errors import Refused, words_of
from airflow_run_groups.domain.planning.runs import CreatedRuns, NewDagRun

log = logging.getLogger(__name__)


def write_runs(created: CreatedRuns, dag: SerializedDAG, version: DagVersion | None, session: Session) -> None:
    """Write the runs with all their task instances and an entry in the audit log, as part of the session's transaction.

    :param dag: the DAG as it is in this version, None for the latest one.
    :raises Refused: when Airflow does not take a run, or one would have no task instance.
    :raises ConcurrentWrite: when rows are missing: Airflow rolls a transaction back in silence when another writer was first
        (DagRun._create_task_instances, 3.0 to 3.4).
    """
    reason = reason_against_copying(dag, (run.conf for run in created.runs), session)
    create = partial(_create, created=created, dag=dag, version=version, session=session)
    made: list[NewDagRun] = []
    if reason is None:
        for template, *others in runs_with_same_tasks(dag, created.runs):
            made.append(template)
            create(template)
            copy_run(template, others, dag, session)
            if created.note is not None:
                copy_note(template, others, dag, session)
    else:
        log.info("creating each run of DAG %s on its own: %s", created.dag_id, reason)
        for run in created.runs:
            made.append(run)
            create(run)
    _check_made(made, created.dag_id, session)
    session.add(_audit(created))


def _create(
    run: NewDagRun, *, created: CreatedRuns, dag: SerializedDAG, version: DagVersion | None, session: Session
) -> None:
    try:
        with naming_policies(run.run_id):
            made = dag.create_dagrun(
                run_id=run.run_id,
                logical_date=run.logical_date,
                data_interval=(run.data_interval.start, run.data_interval.end),
                run_after=run.run_after,
                conf=dict(run.conf),
                run_type=DagRunType(run.run_type.value),
                triggered_by=DagRunTriggeredByType.REST_API,
                **compat.creator_argument(created.created_by),
                **compat.note_argument(created.note),
                **compat.version_arguments(version),
                state=DagRunState.QUEUED,
                session=session,
            )
    except (ValueError, AirflowException) as error:
        msg = f"Airflow does not take run {run.run_id!r}: {words_of(error)}"
        raise Refused(msg) from error
    if created.note is not None and made.note is None:
        made.note = created.note
        session.flush()


def _check_made(made: Sequence[NewDagRun], dag_id: str, session: Session) -> None:
    """Check that the runs which Airflow made are there, with their task instances. Copying counts what it writes."""
    ids = [run.run_id for run in made]
    runs = select(func.count()).select_from(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id.in_(ids))
    if session.scalar(runs) != len(ids):
        raise ConcurrentWrite
    with_tasks = set(
        session.scalars(
            select(TaskInstance.run_id).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(ids)).distinct()
        )
    )
    for run in made:
        if run.run_id not in with_tasks:
            msg = (
                f"DAG {dag_id!r} has no task for {run.logical_date.isoformat()}: "
                "Airflow would call such a run a success with nothing done"
            )
            raise Refused(msg)


def _audit(created: CreatedRuns) -> Log:
    """Return one entry for the whole group, under the event of Airflow's own trigger.

    It leaves conf out, which can hold secrets; each run shows its conf to those who may see the run.
    """
    dates = [run.logical_date for run in created.runs]
    control = created.control
    under: dict[str, object] = {}
    if control is not None:
        under = {"max_active_runs": control.max_active_runs, "paused": control.paused}
    if control is not None and control.stop_after is not None:
        under["stop_after"] = str(control.stop_after)
    if created.notify is not None:
        under["notify"] = str(created.notify)
    return entry(
        "trigger_dag_run",
        dag_id=created.dag_id,
        caller=created.requested_by,
        display_name=created.created_by,
        prefix=created.prefix,
        dag_runs=len(created.runs),
        first_logical_date=min(dates).isoformat(),
        last_logical_date=max(dates).isoformat(),
        existing=created.existing,
        **under,
    )
