"""The rules of a group: which dates get a run, under which ids, and when a request is refused."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.groups.estimate import expected_end
from airflow_run_groups.domain.model import in_utc
from airflow_run_groups.domain.planning.dates import dates_of
from airflow_run_groups.domain.planning.draft import Draft
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.rerun import EXISTS, ReprocessBehavior
from airflow_run_groups.domain.planning.runs import (
    Action,
    CreatedRuns,
    ExistingRun,
    NewDagRun,
    Plan,
    PlannedDate,
    RerunDagRun,
)
from airflow_run_groups.domain.timetable import DagRunInfo

MAX_OTHERS = 1000
"""The most dates that a plan shows beside those that get a run, or whose run runs again."""
CUT = "the plan is cut"
"""How the warning begins that a plan does not show all of them."""
_DUE = frozenset({Action.CREATE, Action.RERUN})


def runs_to_create(
    request: GroupRequest,
    facts: PlanningFacts,
    *,
    now: dt.datetime,
    created_by: str | None,
    requested_by: str | None = None,
) -> CreatedRuns:
    """Decide which runs a request creates, and which ones run again. Draws no more dates than it needs from the timetable and the existing dates.

    :param now: the present, aware, or the time of the plan that is to be done. A date whose run may not start before later is the scheduler's, and gets none.
    :raises Refused: naming the rule that the request breaks, and what is allowed.
    :raises PlanChanged: when the request is to do a plan, and comes to another.
    """
    if request.reprocess_behavior is ReprocessBehavior.COMPLETED and request.plan_id is None:
        msg = (
            "reprocess_behavior completed needs a plan_id, so that a repeat of the request lets no run run twice: plan with "
            "dry_run first, and take the plan_id of the response"
        )
        raise Refused(msg)
    draft = Draft(request, facts, now, created_by=created_by, identify=request.plan_id is not None)
    for info, run in dates_of(request, facts, now=now, not_yet=0):
        draft.decide(info, run)
        if draft.next_start_date is not None:
            break
    return CreatedRuns(
        **draft.finish(),
        before=draft.before(),
        now=now,
        note=request.note,
        description=request.description,
        labels=request.labels,
        notify=request.notify,
        created_by=created_by,
        requested_by=requested_by,
        bundle_version=request.bundle_version,
    )


def plan_group(request: GroupRequest, facts: PlanningFacts, *, now: dt.datetime) -> Plan:
    """Decide the same for a request that is only planned, and show its dates; ``with_details`` adds what else is known.

    :raises Refused: as ``runs_to_create``.
    """
    draft = Draft(request, facts, now)
    dates: list[PlannedDate] = []
    others = 0
    for info, run in dates_of(request, facts, now=now, not_yet=MAX_OTHERS + 1):
        action = draft.decide(info, run)
        others += action not in _DUE
        if action in _DUE or others <= MAX_OTHERS:
            dates.append(_planned_date(info, action, run, draft))
        if draft.next_start_date is not None and others > MAX_OTHERS:
            break
    plan = Plan(**draft.finish(), dates=tuple(dates))
    if others <= MAX_OTHERS:
        return plan
    cut = f"{CUT}: beside the runs to create it shows {MAX_OTHERS} dates, and there are more"
    return replace(plan, warnings=(*plan.warnings, cut))


def with_details(
    plan: Plan,
    *,
    existing: Mapping[dt.datetime, ExistingRun],
    durations: Sequence[dt.timedelta],
    max_active_runs: int,
    now: dt.datetime,
) -> Plan:
    """Add to a plan what is known about the existing runs, and how long its runs will probably take.

    :param durations: how long the DAG's last runs took, empty when there are none.
    """
    dates = tuple(_with_run(date, existing.get(date.logical_date)) for date in plan.dates)
    moments = sorted([*(run.run_after for run in plan.runs), *(run.run_after for run in plan.reruns)])
    starts = [(len(moments) - before, moment) for before, moment in enumerate(moments)]
    control = plan.control
    places = max_active_runs if control is None else control.max_active_runs
    end = expected_end(starts, durations, max_active_runs=places, now=now)
    if control is not None and control.paused and moments:
        end = None
    return replace(plan, dates=dates, expected=None if end is None else end - now)


def _planned_date(info: DagRunInfo, action: Action, run: ExistingRun | None, draft: Draft) -> PlannedDate:
    due: NewDagRun | RerunDagRun | None = None
    if action is Action.CREATE:
        due = draft.runs[-1]
    elif action is Action.RERUN:
        due = draft.reruns[-1]
    new = due if isinstance(due, NewDagRun) else None
    return PlannedDate(
        logical_date=info.logical_date,
        data_interval=info.data_interval,
        run_after=info.run_after if due is None else due.run_after,
        action=action,
        run_id=None if due is None else due.run_id,
        state=run.state if run is not None and action is Action.RERUN else None,
        run_type=None if new is None else new.run_type.value,
        reason=_reason(action, info, run, draft),
        run_type_reason=None if new is None else new.type_reason,
    )


def _reason(action: Action, info: DagRunInfo, run: ExistingRun | None, draft: Draft) -> str | None:
    if action is Action.EXISTS:
        return EXISTS if run is None else draft.reason(run) or EXISTS
    return {
        Action.LEFT_OUT: "it lies beyond the limit",
        Action.NOT_YET: f"its run may not start before {in_utc(info.run_after)}",
        Action.NO_TASKS: "the DAG has no task for it",
    }.get(action)


def _with_run(date: PlannedDate, run: ExistingRun | None) -> PlannedDate:
    if date.action not in {Action.EXISTS, Action.RERUN} or run is None:
        return date
    return replace(date, run_id=run.run_id, state=run.state, run_type=run.run_type, created_by=run.created_by)
