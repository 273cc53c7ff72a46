"""How many runs one request may create."""

from dataclasses import dataclass

from airflow_run_groups.domain.errors import TooManyTaskInstances
from airflow_run_groups.domain.model import MAX_LIMIT

LARGEST_LIMIT = 10_000
"""The most runs that an installation may let one request create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationBounds:
    """How many runs of one DAG a request may create, as far as the backend and the installation allow it.

    ``max_limit``: the largest ``limit``, and the longest list of ``dates``, 500 to 10,000. ``max_task_instances``: how many
    task instances the runs of a request for more than 500 may have together, None for any number. ``task_instances``: how
    many one run of the DAG has when it is created, at least 1. ``one_by_one``: why the runs of the DAG are written one after
    the other, which is too slow for more than 500; None where they are written together.
    """

    max_limit: int = MAX_LIMIT
    max_task_instances: int | None = None
    task_instances: int = 1
    one_by_one: str | None = None

    @property
    def most(self) -> int:
        """How many runs one request may create at most."""
        if self.one_by_one is not None:
            return MAX_LIMIT
        if self.max_task_instances is None:
            return self.max_limit
        return min(self.max_limit, max(MAX_LIMIT, self.max_task_instances // self.task_instances))

    def check(self, runs: int, dag_id: str) -> None:
        """Check that one request may create so many runs.

        :raises TooManyTaskInstances: with the number that it may.
        """
        if self.max_task_instances is not None and runs > self.most:
            raise TooManyTaskInstances(
                dag_id, most=self.most, task_instances=self.task_instances, allowed=self.max_task_instances
            )


DEFAULT_BOUNDS = CreationBounds()
"""Those of an installation that sets none: 500 runs."""
