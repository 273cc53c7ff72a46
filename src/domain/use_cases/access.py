"""The permissions that the operations need: a DAG that a caller may not see is one that does not exist."""

from airflow_run_groups.domain.errors import DagNotFound, GroupNotFound, MayNotChangeRuns, MayNotCreateRuns, NotFound
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.rerun import ReprocessBehavior
from airflow_run_groups.domain.ports import Caller


def check_may_see(caller: Caller, dag_id: str, otherwise: NotFound) -> None:
    readable = caller.readable_dag_ids(dag_id)
    if readable is not None and dag_id not in readable:
        raise otherwise


def check_may_change(caller: Caller, dag_id: str, prefix: str) -> None:
    check_may_see(caller, dag_id, GroupNotFound(dag_id, prefix))
    if not caller.may_change_runs(dag_id):
        raise MayNotChangeRuns(dag_id)


def check_may_create(caller: Caller, request: GroupRequest) -> None:
    dag_id = request.dag_id
    check_may_see(caller, dag_id, DagNotFound(dag_id))
    if not caller.may_create_runs(dag_id):
        raise MayNotCreateRuns(dag_id)
    if request.reprocess_behavior is not ReprocessBehavior.NONE and not caller.may_change_runs(dag_id):
        raise MayNotChangeRuns(dag_id)
