"""How many runs of a DAG one request may create, as the installation and the way in which they are written allow it."""

from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from airflow_run_groups.adapters.airflow.compat import SerializedDAG
from airflow_run_groups.adapters.airflow.writing.bulk_insert import reason_against_copying
from airflow_run_groups.domain.model import MAX_LIMIT
from airflow_run_groups.domain.planning.bounds import CreationBounds
from airflow_run_groups.domain.planning.request import GroupRequest


class Sizes(NamedTuple):
    """The sizes that the installation allows: so many runs, and if they are more than 500, so many task instances."""

    max_limit: int
    max_task_instances: int

    def bounds_of(self, request: GroupRequest, dag: SerializedDAG, session: Session) -> CreationBounds:
        """Return what holds for a request for runs of this DAG."""
        if request.limit <= MAX_LIMIT:
            return CreationBounds(max_limit=self.max_limit)
        per_run = request.conf_per_run or ()
        confs = [request.conf or {}, *(per_run if isinstance(per_run, tuple) else [per_run])]
        return CreationBounds(
            max_limit=self.max_limit,
            max_task_instances=self.max_task_instances,
            task_instances=task_instances_of_a_run(dag),
            one_by_one=reason_against_copying(dag, confs, session),
        )


def task_instances_of_a_run(dag: SerializedDAG) -> int:
    """Return how many task instances a run has when it is created, if its date admits all tasks; at least 1."""
    return sum(map(_instances_of, dag.tasks)) or 1


def _instances_of(task: Any) -> int:
    """Return how many instances a run has of a task: mapping over literals multiplies it (DagRun._create_tasks, 3.0 to 3.4).

    A task that is not mapped, or over what is not known yet, raises errors that lie elsewhere in each version.
    """
    count = 1
    with suppress(Exception):
        count = task.get_parse_time_mapped_ti_count()
    return max(1, count)
