"""Failures of the hooks that an Airflow's administrators have installed (``airflow_local_settings``, cluster policies)."""

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from airflow import settings

from airflow_run_groups.adapters.airflow.dag_errors import NOT_OF_THE_CODE
from airflow_run_groups.domain.errors import ClusterPolicyFailed


@contextmanager
def naming_policies(run_id: str) -> Iterator[None]:
    """Let an error of the mutation hook say whose it is; the database's own errors come through as they are.

    :raises ClusterPolicyFailed: when the hook raises an error while it is called for a task instance of this run.
    """
    try:
        yield
    except NOT_OF_THE_CODE:
        raise
    except BaseException as error:
        code = getattr(settings.task_instance_mutation_hook, "__code__", None)
        if all(frame.f_code is not code for frame, _ in walk_tb(error.__traceback__)):
            raise
        hook = "task_instance_mutation_hook"
        raise ClusterPolicyFailed(hook, run_id, error) from error
