"""All errors, in families that carry the meaning; each error composes its own message from facts."""

from collections.abc import Iterable
from typing import ClassVar

MAX_TEXT = 8_000
"""Characters of an error's text, of which no error of ours needs the half."""
MAX_WORDS = 500
"""Characters of what other people's code says in an error."""


def words_of(cause: object) -> str:
    """Return what an error of other people's code says, of any length and even if it fails to, in ``MAX_WORDS`` characters."""
    try:
        text = str(cause)
    except Exception as error:  # noqa: BLE001 - whatever it is, the error that says nothing is the news
        text = f"(its text cannot be read: {type(error).__name__})"
    return _shortened(text, MAX_WORDS)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


class DomainError(Exception):
    """An error that a caller may see; only its families and their members are raised.

    ``reason`` is a stable word for logs, metrics and alerts, of its own for each class; docs/operations.md lists them.
    """

    reason: ClassVar[str]

    def __init__(self, text: str = "") -> None:
        super().__init__(_shortened(text, MAX_TEXT))

    @property
    def public(self) -> str:
        """The text for callers whom nobody has identified, such as a health check: it tells nothing of the installation."""
        return str(self)


class Refused(DomainError):
    """The request breaks a rule. Sending it again unchanged cannot help."""

    reason = "invalid_request"


class NotFound(DomainError):
    """The thing that the request names does not exist, or the caller may not know that it does."""

    reason = "not_found"


class Conflict(DomainError):
    """The request does not fit what is there: it names more than one thing, or would make more of them than there may be."""

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


class TooManyTaskInstances(Refused):
    """The request would create more than 500 runs, and more task instances than one such request may."""

    reason = "too_many_task_instances"

    def __init__(self, dag_id: str, *, most: int, task_instances: int, allowed: int) -> None:
        """``most``: how many runs with so many task instances each are allowed."""
        super().__init__(
            f"a run of DAG {dag_id!r} has {task_instances} task instances, and a request for more than 500 runs may create "
            f"{allowed} at most: set limit to at most {most}, and partial to true or a narrower range"
        )


class InvalidConf(Refused):
    """A run's configuration is too long, or does not fit the DAG's params."""

    reason = "invalid_conf"


class UnsupportedAirflowVersion(Refused):
    """The installed version of Airflow lacks what the request needs, or this service has not been tried with it."""

    reason = "unsupported_airflow_version"


class NoListener(Refused):
    """Nothing would hold a group when its rule says so, or notify anybody, as not each of Airflow's schedulers has a listener of ours."""

    reason = "no_listener"

    def __init__(self, key: str, *, schedulers: int, listening: int) -> None:
        """``key``: the one of the request that needs it, ``stop_after`` or ``notify``."""
        found = (
            f"{listening} of {schedulers} schedulers has one" if schedulers else "no scheduler is alive at the moment"
        )
        super().__init__(
            f"{key} needs the listener of this package in each of Airflow's schedulers, and {found}: set listener = true in "
            "[airflow_api_plugin] of the schedulers and API servers, where this package is installed, and restart them; without it, "
            f"airflow-groups wait --{key.replace('_', '-')} does it from outside"
        )


class UnknownNotifier(Refused):
    """The installation has no notifier of this name."""

    reason = "unknown_notifier"

    def __init__(self, notifier: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known))
        has = f"known are {names}" if names else "there is none: notifiers in [airflow_api_plugin] has them"
        super().__init__(f"notify names the notifier {notifier!r}, which this installation does not have: {has}")


class DagNotTriggerable(Refused):
    """The DAG takes no manual runs, or none with a logical date, as it stands."""

    reason = "dag_not_triggerable"


class DagUnreadable(Refused):
    """Airflow cannot deserialize the DAG, such as when a custom timetable is not installed here."""

    reason = "dag_unreadable"

    def __init__(self, dag_id: str, cause: BaseException) -> None:
        super().__init__(f"Airflow cannot read DAG {dag_id!r}: {type(cause).__name__}: {words_of(cause)}")


class TimetableFailed(Refused):
    """The DAG's timetable raised an error, or does what no timetable may do."""

    reason = "timetable_failed"

    def __init__(self, failure: str, cause: BaseException | str) -> None:
        words = cause if isinstance(cause, str) else f"{type(cause).__name__}: {words_of(cause)}"
        super().__init__(f"{failure}: {words}")


class ClusterPolicyFailed(Refused):
    """A hook that this Airflow's administrators have installed does not let a run be created."""

    reason = "cluster_policy_failed"

    def __init__(self, hook: str, run_id: str, cause: BaseException) -> None:
        super().__init__(
            f"the cluster policy {hook} of this Airflow failed for run {run_id!r}: {type(cause).__name__}: {words_of(cause)}"
        )


class CustomCodeTimeout(Unavailable):
    """Code that this Airflow has of its own did not return in time. Nothing was written."""

    reason = "custom_code_timeout"

    def __init__(self, whose: str, what: str) -> None:
        super().__init__(f"{whose} {what}: the log of the service says where it is")


class CustomCodeFailed(Unavailable):
    """Code that this Airflow has of its own raised what would have ended the process. Nothing was written."""

    reason = "custom_code_failed"

    def __init__(self, whose: str, cause: BaseException) -> None:
        super().__init__(f"{whose} raised {type(cause).__name__}: {words_of(cause)}")


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

    def __init__(self, dag_id: str | None = None, prefix: str = "", similar: str | None = None) -> None:
        """Name the group, unless it has a name that none can have.

        :param similar: the name of a group of the same DAG that may be meant, None without one.
        """
        named = "" if dag_id is None else f": you may see no group {prefix!r} of a DAG {dag_id!r}"
        hint = "" if similar is None else f"; a group is named as lists show it, and there is one named {similar!r}"
        super().__init__(f"Group not found{named}{hint}")


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


class PlanChanged(Conflict):
    """The request is to do a plan, and would not come to that plan now."""

    reason = "plan_changed"

    def __init__(self, changes: Iterable[str]) -> None:
        """Say what has changed, each in half a sentence."""
        super().__init__(f"the plan has changed: {'; '.join(changes)}. Plan again with dry_run, and take its plan_id")


class PlanExpired(Conflict):
    """The request is to do a plan that is too old."""

    reason = "plan_expired"

    def __init__(self, planned_at: str, minutes: int) -> None:
        super().__init__(
            f"the plan is of {planned_at}, and a plan holds for {minutes} minutes: plan again with dry_run, and take its plan_id"
        )


class TooManyUnfinishedRuns(Conflict):
    """The DAG, or the caller, would have more unfinished runs than they may have through this service."""

    reason = "too_many_unfinished_runs"

    def __init__(self, owner: str, *, unfinished: int, more: int, limit: int) -> None:
        """``owner`` begins the sentence, such as ``you have``."""
        room = limit - unfinished
        hint = f", or ask for {room} at most" if room > 0 else ""
        super().__init__(
            f"{owner} {unfinished} unfinished runs of groups, and {more} more would exceed the limit of {limit}: wait until "
            f"some have ended{hint}"
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
    """The database has a schema that this service cannot read or fill; the text names versions."""

    reason = "schema_unknown"

    @property
    def public(self) -> str:
        return "the metadata database has a schema that this service does not know: the log of the service says more"


class DatabaseReadOnly(Unavailable):
    """The database takes no writes, such as a standby, or a main server that has just become one."""

    reason = "database_read_only"

    def __init__(self) -> None:
        super().__init__("the metadata database is read-only, so nothing was written: try again when it accepts writes")


class InsufficientPrivilege(Unavailable):
    """The role with which this service uses the database may not do what it has to."""

    reason = "insufficient_privilege"

    def __init__(self, missing: Iterable[str] = ()) -> None:
        """Name what is missing, such as ``INSERT on dag_run``, as far as that is known."""
        what = ", ".join(missing)
        named = f", it lacks {what}" if what else "; the log of the service names the table"
        super().__init__(
            f"the role of this service may not do this in the metadata database{named}: docs/deployment.md has its grants"
        )


class DeadlineExceeded(Unavailable):
    """The work took longer than it may, and was broken off. The database responds: less work may succeed."""

    reason = "deadline_exceeded"
