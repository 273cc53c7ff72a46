"""What can go wrong, in families that carry the meaning; each error composes its own message from facts."""

from __future__ import annotations

from collections.abc import Iterable


class DomainError(Exception):
    """An answer that is not the one the caller hoped for. Raised only through one of its families."""


class Refused(DomainError):
    """The request breaks a rule. Sending it again unchanged cannot help."""


class NotFound(DomainError):
    """The thing that the request names does not exist, or the caller may not know that it does."""


class Conflict(DomainError):
    """The request names more than one thing."""


class Unauthenticated(DomainError):
    """The caller did not say who they are, or not believably."""


class Forbidden(DomainError):
    """The caller is known and may not do this; ``dag_id`` is the DAG that it is about, if it is about one."""

    dag_id: str | None = None


class Unavailable(DomainError):
    """The backend cannot answer now. Nothing was written; the same request may succeed later."""


class DagNotFound(NotFound):
    """No DAG with this id, or it is stale, or the caller may not see it."""

    def __init__(self, dag_id: str) -> None:
        super().__init__(f"Dag id {dag_id!r} not found")


class DagRunNotFound(NotFound):
    """No run with this id that the caller may see."""

    def __init__(self) -> None:
        super().__init__("Dag run id not found")


class GroupNotFound(NotFound):
    """No run has such an id in a DAG that the caller may see."""

    def __init__(self) -> None:
        super().__init__("Group not found")


class MayNotCreateRuns(Forbidden):
    """The caller may see the DAG, and may not create runs of it."""

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"you may not create runs of DAG {dag_id!r}")


class MayNotChangeRuns(Forbidden):
    """The caller may see the DAG, and may not change runs of it."""

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"you may not change runs of DAG {dag_id!r}")


class AmbiguousRunId(Conflict):
    """Several DAGs have a run with this id: run ids are unique only within a DAG."""

    def __init__(self, run_id: str, dag_ids: Iterable[str]) -> None:
        names = ", ".join(sorted(dag_ids))
        super().__init__(f"Dag run id {run_id!r} exists in several DAGs: {names}. Pick one with dag_id")
