"""Which groups a list shows, and in which of their states."""

from dataclasses import dataclass
from enum import Enum

from airflow_run_groups.domain.groups.group import Group


class GroupState(str, Enum):
    """The states of groups in a list: those with queued or running runs, or those with failed ones."""

    ACTIVE = "active"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFilter:
    """Which groups a list shows.

    ``dag_id``: those of this DAG, None for those of all. ``prefix``: their prefix begins with it, letter for letter.
    ``created_by``: the creator of their first run has exactly this name.
    ``start``: only groups whose ``last_id`` is smaller, None for all. ``limit``: at most so many, at least 1.
    ``readable``: only groups of these DAGs, None: of any.
    """

    dag_id: str | None = None
    state: GroupState | None = None
    prefix: str | None = None
    created_by: str | None = None
    start: int | None = None
    limit: int = 50
    readable: frozenset[str] | None = None

    def may_be(self, dag_id: str, prefix: str) -> bool:
        """Tell whether a group of this name can pass, whatever its runs are."""
        return (
            self.dag_id in {None, dag_id}
            and (self.readable is None or dag_id in self.readable)
            and (self.prefix is None or prefix.startswith(self.prefix))
        )

    def passes(self, group: Group) -> bool:
        """Tell whether a group of such a name is one of those that are looked for, on whichever page."""
        states = group.states
        if self.state is GroupState.ACTIVE and not (states.queued or states.running):
            return False
        if self.state is GroupState.FAILED and not states.failed:
            return False
        return self.created_by is None or group.created_by == self.created_by
