"""What can go wrong, in families that carry the meaning; each error composes its own message from facts."""

from collections.abc import Iterable
from typing import ClassVar


class DomainError(Exception):
    """An error that a caller may see; only its families and their members are raised.

    ``reason`` is a stable word for logs, metrics and alerts, of its own for each class; docs/operations.md lists them.
    """

    reason: ClassVar[str]


class Refused(DomainError):
    """The request breaks a rule. Sending it again unchanged cannot help."""

    reason = "invalid_request"


class NotFound(DomainError):
    """The thing that the request names does not exist, or the caller may not know that it does."""

    reason = "not_found"


class Conflict(DomainError):
    """The request names more than one thing."""

    reason = "conflict"


class Unauthenticated(DomainError):
    """The request has no valid credentials."""

    reason = "unauthenticated"


class Forbidden(DomainError):
    """The caller is known and may not do this; ``dag_id`` is the DAG that it is about, if it is about one."""

    reason = "forbidden"
    dag_id: str | None = None


class Unavailable(DomainError):
    """The backend is not available now; the same request may succeed later. Nothing was written."""

    reason = "unavailable"


class OutcomeUnknown(DomainError):
    """The database went away while the transaction was being committed: nobody knows whether it was written."""

    reason = "outcome_unknown"

    def __init__(self) -> None:
        super().__init__(
            "the metadata database went away while the runs were being recorded, so that they may exist or not: "
            "look for them before you send the request again"
        )


class TooManyRuns(Refused):
    """The request would create more runs than its limit."""

    reason = "too_many_runs"


class InvalidConf(Refused):
    """A run's configuration is too long, or does not fit the DAG's params."""

    reason = "invalid_conf"


class UnsupportedAirflowVersion(Refused):
    """The installed version of Airflow lacks what the request needs, or this service has not been tried with it."""

    reason = "unsupported_airflow_version"


class DagNotTriggerable(Refused):
    """The DAG takes no manual runs, or none with a logical date, as it stands."""

    reason = "dag_not_triggerable"


class DagUnreadable(Refused):
    """Airflow cannot deserialize the DAG, such as when a custom timetable is not installed here."""

    reason = "dag_unreadable"

    def __init__(self, dag_id: str, cause: Exception) -> None:
        super().__init__(f"Airflow cannot read DAG {dag_id!r}: {type(cause).__name__}: {cause}")


class TimetableFailed(Refused):
    """The DAG's timetable raised an error, or does what no timetable may do."""

    reason = "timetable_failed"

    def __init__(self, failure: str, cause: object) -> None:
        super().__init__(f"{failure}: {cause}")


class ClusterPolicyFailed(Refused):
    """A hook that this Airflow's administrators have installed does not let a run be created."""

    reason = "cluster_policy_failed"

    def __init__(self, hook: str, run_id: str, cause: Exception) -> None:
        super().__init__(
            f"the cluster policy {hook} of this Airflow failed for run {run_id!r}: {type(cause).__name__}: {cause}"
        )


class DagNotFound(NotFound):
    """No DAG with this id, or it is stale, or the caller may not see it."""

    reason = "dag_not_found"

    def __init__(self, dag_id: str) -> None:
        super().__init__(f"Dag id {dag_id!r} not found")


class BundleVersionNotFound(NotFound):
    """The DAG has no version of this version of its bundle."""

    reason = "bundle_version_not_found"

    def __init__(self, dag_id: str, bundle_version: str) -> None:
        super().__init__(f"DAG {dag_id!r} has no version for bundle_version {bundle_version!r}")


class DagRunNotFound(NotFound):
    """No run with this id that the caller may see."""

    reason = "dag_run_not_found"

    def __init__(self) -> None:
        super().__init__("Dag run id not found")


class GroupNotFound(NotFound):
    """No run has such an id in a DAG that the caller may see."""

    reason = "group_not_found"

    def __init__(self, similar: str | None = None) -> None:
        """Take the name of a group of the same DAG that may be meant, None without one."""
        hint = "" if similar is None else f": a group is named as lists show it, and there is one named {similar!r}"
        super().__init__(f"Group not found{hint}")


NAMED_DAGS = 10
"""DAGs that an error names, the first by their ids."""


class AmbiguousRunId(Conflict):
    """Several DAGs have a run with this id: run ids are unique only within a DAG."""

    reason = "ambiguous_run_id"

    def __init__(self, run_id: str, dag_ids: Iterable[str]) -> None:
        names = sorted(dag_ids)
        more = f" and {len(names) - NAMED_DAGS} more" if len(names) > NAMED_DAGS else ""
        listed = ", ".join(names[:NAMED_DAGS])
        super().__init__(f"Dag run id {run_id!r} exists in several DAGs: {listed}{more}. Pick one with dag_id")


class GroupExists(Conflict):
    """The request is for a new group, and there is one of this name already."""

    reason = "group_exists"

    def __init__(self, dag_id: str, prefix: str, existing: object) -> None:
        """Say what the group has; ``existing`` is written as it is."""
        super().__init__(
            f"group {prefix!r} of DAG {dag_id!r} exists already, with {existing}: choose another prefix, or leave out "
            "new_group to add to it"
        )


class MayNotCreateRuns(Forbidden):
    """The caller may see the DAG, and may not create runs of it."""

    reason = "may_not_create_runs"

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"you may not create runs of DAG {dag_id!r}")


class MayNotChangeRuns(Forbidden):
    """The caller may see the DAG, and may not change runs of it."""

    reason = "may_not_change_runs"

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"you may not change runs of DAG {dag_id!r}")


class DagBusy(Unavailable):
    """Other requests are writing runs of the same DAG."""

    reason = "dag_busy"


class SchemaUnknown(Unavailable):
    """The database has a schema that this service cannot fill."""

    reason = "schema_unknown"


class DeadlineExceeded(Unavailable):
    """The work took longer than it may, and was broken off. The database responds: less work may succeed."""

    reason = "deadline_exceeded"
