"""How many unfinished runs one DAG, or one caller, may have through this service.

The runs that count are those of groups, by any creator, which are queued or running.
"""

from dataclasses import dataclass

from airflow_run_groups.domain.errors import TooManyUnfinishedRuns


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRuns:
    """How many there are, of a DAG, and of a caller in all DAGs; None where nobody has to know."""

    of_dag: int | None = None
    of_caller: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRunLimits:
    """The most unfinished runs of one DAG, and of one caller in all DAGs, at least 1; None: no limit."""

    per_dag: int | None = None
    per_caller: int | None = None

    @property
    def exist(self) -> bool:
        return self.per_dag is not None or self.per_caller is not None

    def check(self, unfinished: UnfinishedRuns, *, more: int, dag_id: str) -> None:
        """Check whether there may be so many more.

        :raises TooManyUnfinishedRuns: with the numbers, when there may not. No more is never too many.
        """
        counts = (
            (f"DAG {dag_id!r} has", self.per_dag, unfinished.of_dag),
            ("you have", self.per_caller, unfinished.of_caller),
        )
        for owner, limit, count in counts:
            if limit is not None and count is not None and more and count + more > limit:
                raise TooManyUnfinishedRuns(owner, unfinished=count, more=more, limit=limit)


NO_LIMITS = UnfinishedRunLimits()
