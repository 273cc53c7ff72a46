"""Which runs that exist run again: Airflow's own words for it, and why a run is left alone."""

import datetime as dt
from enum import Enum

from airflow_run_groups.domain.model import DagRunState
from airflow_run_groups.domain.planning.runs import ExistingRun

EXISTS = "the DAG has a run at this date already"


class ReprocessBehavior(str, Enum):
    """The behavior for dates that have a run (airflow.models.backfill.ReprocessBehavior, 3.0 to 3.4)."""

    NONE = "none"
    FAILED = "failed"
    COMPLETED = "completed"


_OF = {
    ReprocessBehavior.NONE: frozenset[str](),
    ReprocessBehavior.FAILED: frozenset({DagRunState.FAILED.value}),
    ReprocessBehavior.COMPLETED: frozenset({DagRunState.FAILED.value, DagRunState.SUCCESS.value}),
}
"""The states in which a run runs again."""
_ENDED = _OF[ReprocessBehavior.COMPLETED]


def reason_to_leave_alone(
    run: ExistingRun, behavior: ReprocessBehavior, *, planned_at: dt.datetime | None
) -> str | None:
    """Return why a run does not run again, None when it does.

    :param planned_at: the time of the plan that is created, None without one.
    """
    reasons = {
        EXISTS: behavior is ReprocessBehavior.NONE,
        f"its run is {run.state}, and left alone": not has_ended(run),
        "its run has not failed": run.state not in _OF[behavior],
        "its run has no task instance that Airflow could clear": not run.has_tasks,
        "its run is one of an unfinished backfill of Airflow's own": run.is_held,
        "its run was started after the plan": behavior is ReprocessBehavior.COMPLETED
        and _is_after(planned_at, run.start_date, run.queued_at),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def has_ended(run: ExistingRun) -> bool:
    """Tell whether a run has ended; a state that only a newer Airflow knows is one that has not."""
    return run.state in _ENDED


def was_run_again(run: ExistingRun, *, planned_at: dt.datetime | None) -> bool:
    """Tell whether a run of the request's group has been queued anew since the plan, as by an earlier creation of it."""
    return run.in_group and _is_after(planned_at, run.queued_at)


def _is_after(planned_at: dt.datetime | None, *moments: dt.datetime | None) -> bool:
    return planned_at is not None and any(moment is not None and moment > planned_at for moment in moments)
