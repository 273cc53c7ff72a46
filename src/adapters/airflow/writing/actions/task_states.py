"""The states of task instances, in the groups that cancelling and retrying know."""

from typing import Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState

from airflow_run_groups.adapters.airflow.compat import IS_CURRENT

State = str | None

_TASK = TaskInstance.__table__
# Airflow 3.3 brings a state in which a task waits for a human; may go when 3.2 is no longer supported.
_ADDED = {"awaiting_input"}

ACTIVE: frozenset[State] = frozenset(
    {
        TaskInstanceState.RUNNING.value,
        TaskInstanceState.DEFERRED.value,
        TaskInstanceState.UP_FOR_RESCHEDULE.value,
        *_ADDED,
    }
)
"""Being executed: what Airflow ends as failed when it lets a run fail."""
EXECUTED: frozenset[State] = frozenset({TaskInstanceState.SUCCESS.value, TaskInstanceState.FAILED.value})
FAILURES: frozenset[State] = frozenset({TaskInstanceState.FAILED.value, TaskInstanceState.UPSTREAM_FAILED.value})
"""The states that Airflow's ``only_failed`` clears."""
_WAITING = [
    TaskInstanceState.SCHEDULED.value,
    TaskInstanceState.QUEUED.value,
    TaskInstanceState.RESTARTING.value,
    TaskInstanceState.UP_FOR_RETRY.value,
]
NOT_STARTED = _TASK.c.state.is_(None) | _TASK.c.state.in_(_WAITING)
"""The states of tasks that Airflow skips when it lets a run fail: all that have not ended, and is not being executed."""


def is_not_started(state: State) -> bool:
    """Tell what ``NOT_STARTED`` selects."""
    return state is None or state in _WAITING


def of_run(run: DagRun) -> Any:
    """Return the condition that a task instance is of the run, and no former try."""
    return (_TASK.c.dag_id == run.dag_id) & (_TASK.c.run_id == run.run_id) & IS_CURRENT
