"""Calling Airflow's listeners when a run is cancelled, as Airflow's API does when it marks a run as failed."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from airflow.listeners.listener import get_listener_manager
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import DagRunState, TaskInstanceState

from airflow_run_groups.adapters.airflow.compat import TELLS_LISTENERS_OF_TASKS, SerializedDAG
from airflow_run_groups.adapters.airflow.custom_code import GivenUp
from airflow_run_groups.adapters.tracebacks import without_locals

_log = logging.getLogger(__name__)


def on_cancelled(run: DagRun, dag: SerializedDAG, killed: Sequence[TaskInstance]) -> None:
    """Call them before the transaction is committed, as Airflow does; what they raise is logged.

    A run that goes on with teardown tasks has not failed yet: the scheduler calls them when it has.
    """
    manager = get_listener_manager()
    if not manager.has_listeners:
        return
    for task in killed if TELLS_LISTENERS_OF_TASKS else ():
        with _logged():
            manager.hook.on_task_instance_failed(
                previous_state=None,
                task_instance=task,
                error=f"TaskInstance's state was manually set to `{TaskInstanceState.FAILED.value}`.",
            )
    if run.state == DagRunState.FAILED.value:
        run.dag = run.dag or dag
        msg = f"Dag Run's state was manually set to `{DagRunState.FAILED.value}`." if TELLS_LISTENERS_OF_TASKS else ""
        with _logged():
            manager.hook.on_dag_run_failed(dag_run=run, msg=msg)


@contextmanager
def _logged() -> Iterator[None]:
    try:
        yield
    except GivenUp:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever others' code raises
        _log.error("a listener of Airflow's failed on a cancelled run", exc_info=without_locals(error))
