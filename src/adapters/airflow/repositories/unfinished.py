"""The unfinished runs of groups, counted within a session."""

from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.queries.groups.unfinished import LOCK_CALLER, OF_DAG, of_caller
from airflow_run_groups.domain.unfinished import UnfinishedRunLimits, UnfinishedRuns


def count_unfinished(
    limits: UnfinishedRunLimits, dag_id: str, caller: str | None, session: Session, *, lock: bool
) -> UnfinishedRuns:
    """Count what the limits are about.

    :param lock: whether others that count the same caller's runs wait until this transaction ends. It has locked the DAG.
    """
    of_dag = runs_of_caller = None
    if limits.per_dag is not None:
        of_dag = session.scalar(OF_DAG, {"dag_id": dag_id})
    if limits.per_caller is not None:
        if lock and session.connection().dialect.name == "postgresql":
            session.execute(LOCK_CALLER, {"caller": caller or ""})
        runs_of_caller = session.scalar(of_caller(caller))
    return UnfinishedRuns(of_dag=of_dag, of_caller=runs_of_caller)
