"""The operations of the service that have rules; reads without rules go straight to a port."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace

from airflow_run_groups.domain import coverage
from airflow_run_groups.domain.control import GroupChange
from airflow_run_groups.domain.coverage import Coverage, CoverageRequest, covered_dates, scheduled_dates
from airflow_run_groups.domain.errors import DagNotFound, GroupNotFound, MayNotChangeRuns, MayNotCreateRuns, NotFound
from airflow_run_groups.domain.estimate import DURATIONS
from airflow_run_groups.domain.group_actions import GroupAction, GroupActionResult, Retry
from airflow_run_groups.domain.group_search import GroupFilter
from airflow_run_groups.domain.groups import (
    GroupChangeResult,
    GroupPage,
    GroupProgress,
    GroupRunFilter,
    GroupRunPage,
    PausedPage,
)
from airflow_run_groups.domain.notification import Notify
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.plan import plan_group, runs_to_create, with_details
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.rerun import ReprocessBehavior
from airflow_run_groups.domain.planning.runs import CreatedRuns, Plan
from airflow_run_groups.domain.planning.summary import MAX_TIME, PlanSummary, summarise
from airflow_run_groups.domain.ports import Caller, DagRunRepository, DagSnapshot, DagTransaction, GroupRepository
from airflow_run_groups.domain.run_id import name_of_group
from airflow_run_groups.domain.unfinished import NO_LIMITS, UnfinishedRunLimits


class CreateRuns:
    """Create the runs of a request, all or none, or show what would be created."""

    def __init__(
        self,
        runs: DagRunRepository,
        clock: Callable[[], dt.datetime],
        limits: UnfinishedRunLimits = NO_LIMITS,
        notifiers: Collection[str] = (),
    ) -> None:
        """Use these runs, within these limits, and these notifiers; ``clock`` returns the present, aware."""
        self._runs = runs
        self._clock = clock
        self._limits = limits
        self._notifiers = notifiers

    def create(self, request: GroupRequest, caller: Caller) -> CreatedRuns:
        """Create the runs, and let those run again that exist and are to.

        :raises DagNotFound: also when the caller may not see the DAG.
        :raises Forbidden: when the caller may see it, and may not create runs of it, or change runs that are to run again.
        :raises Refused: naming the rule that the request breaks.
        :raises PlanChanged: when the request is to do a plan, and comes to another; nothing was created.
        :raises PlanExpired: when that plan is too old.
        :raises TooManyUnfinishedRuns: when the DAG or the caller would have more than they may.
        :raises Unavailable: when the backend cannot do it now; nothing was created.
        :raises OutcomeUnknown: when nobody knows whether the runs were created.
        """
        self._check(request, caller)

        def create(dag: DagTransaction) -> CreatedRuns:
            now = self._now_of(request)
            facts = dag.facts(request, now)
            created = runs_to_create(request, facts, now=now, created_by=caller.display_name, requested_by=caller.name)
            self._check_unfinished(dag, caller, request, more=len(created.runs) + len(created.reruns))
            return dag.add(created)

        return self._runs.transaction(request.dag_id, create)

    def plan(self, request: GroupRequest, caller: Caller) -> Plan:
        """Show what the same request would create.

        :raises DomainError: as ``create``.
        """
        self._check(request, caller)

        def plan(dag: DagSnapshot) -> Plan:
            now = self._clock()
            facts = dag.facts(request, now)
            plan = plan_group(request, facts, now=now)
            self._check_unfinished(dag, caller, request, more=len(plan.runs) + len(plan.reruns))
            return _with_details(plan, dag, facts, now)

        return self._runs.snapshot(request.dag_id, plan)

    def summarise(self, request: GroupRequest, caller: Caller, *, limited: bool, planned: int = 0) -> PlanSummary:
        """Show the same in short, for the whole range unless it is limited: then for the runs up to the request's limit.

        ``planned``: how many runs the summaries before this one would create.

        :raises DomainError: as ``create``.
        """
        self._check(request, caller)

        def plan(dag: DagSnapshot) -> PlanSummary:
            now = self._clock()
            facts = dag.facts(request, now)
            summary = summarise(
                request,
                facts,
                now=now,
                limited=limited,
                planned=planned,
                is_enough=lambda _: self._clock() > now + MAX_TIME,
            )
            more = planned + len(summary.plan.runs) + len(summary.plan.reruns)
            self._check_unfinished(dag, caller, request, more=more)
            return replace(summary, plan=_with_details(summary.plan, dag, facts, now))

        return self._runs.snapshot(request.dag_id, plan)

    def _check(self, request: GroupRequest, caller: Caller) -> None:
        _check_may_create(caller, request)
        if request.notify is not None:
            request.notify.check_notifier(self._notifiers)

    def _now_of(self, request: GroupRequest) -> dt.datetime:
        """Return the moment for which a request is decided: that of the plan that it is to do, else the present."""
        now = self._clock()
        if request.plan_id is None:
            return now
        request.plan_id.check_age(now)
        return request.plan_id.time

    def _check_unfinished(self, dag: DagSnapshot, caller: Caller, request: GroupRequest, *, more: int) -> None:
        if more and self._limits.exist:
            self._limits.check(dag.unfinished(self._limits, caller.display_name), more=more, dag_id=request.dag_id)


class Coverages:
    """See whether the past of a DAG is complete."""

    def __init__(self, runs: DagRunRepository, clock: Callable[[], dt.datetime]) -> None:
        """Use these runs; ``clock`` returns the present, aware."""
        self._runs = runs
        self._clock = clock

    def of(self, request: CoverageRequest, caller: Caller) -> Coverage:
        """Return what became of each date that the DAG's schedule holds in a range.

        :raises DagNotFound: also when the caller may not see the DAG.
        :raises Refused: when the schedule holds no dates.
        """
        dag_id = request.dag_id
        _check_may_see(caller, dag_id, DagNotFound(dag_id))

        def look(snapshot: DagSnapshot) -> Coverage:
            now = self._clock()
            last_moment = now + coverage.MAX_TIME
            dag, timetable = snapshot.schedule()
            infos, rest = scheduled_dates(
                request, dag, timetable, now=now, is_enough=lambda: self._clock() > last_moment
            )
            runs = snapshot.existing_runs([info.logical_date for info in infos])
            return Coverage(dag_id=dag_id, dates=tuple(covered_dates(infos, dag, runs, now=now)), next_start_date=rest)

        return self._runs.snapshot(dag_id, look)


class Groups:
    """See which groups there are, and how far they are, and act on them."""

    def __init__(
        self,
        groups: GroupRepository,
        clock: Callable[[], dt.datetime],
        limits: UnfinishedRunLimits = NO_LIMITS,
        notifiers: Collection[str] = (),
    ) -> None:
        """Use these groups, within these limits, and these notifiers; ``clock`` returns the present, aware."""
        self._groups = groups
        self._clock = clock
        self._limits = limits
        self._notifiers = notifiers

    def list(self, where: GroupFilter, caller: Caller) -> GroupPage:
        """Return a part of the groups that the caller may see, newest first.

        :raises DagNotFound: when it is for a DAG that the caller may not see, too.
        """
        if where.dag_id is not None:
            _check_may_see(caller, where.dag_id, DagNotFound(where.dag_id))
            return self._groups.list(where)
        return self._groups.list(replace(where, readable=caller.readable_dag_ids()))

    def get(self, dag_id: str, prefix: str, caller: Caller) -> GroupProgress:
        """Return how far the group with exactly this prefix is.

        :raises GroupNotFound: also when the caller may not see the DAG. It names the group that may be meant.
        """
        _check_may_see(caller, dag_id, GroupNotFound(dag_id, prefix))
        try:
            progress = self._groups.get(dag_id, prefix, now=self._clock())
        except GroupNotFound as error:
            raise self._not_found(dag_id, prefix) from error
        return replace(progress, may=caller.rights([dag_id])[dag_id])

    def paused(
        self, caller: Caller, *, dag_id: str | None = None, start: int | None = None, limit: int = 50
    ) -> PausedPage:
        """Return a part of the groups that are paused, of a DAG or of all that the caller may see.

        :raises DagNotFound: when it is one that the caller may not see.
        """
        if dag_id is not None:
            _check_may_see(caller, dag_id, DagNotFound(dag_id))
        found = self._groups.paused(dag_id, readable=caller.readable_dag_ids(dag_id), start=start, limit=limit)
        groups = []
        for name, prefix in found.groups:
            with suppress(GroupNotFound):  # its runs were deleted
                groups.append(self._groups.get(name, prefix, now=self._clock()))
        may = caller.rights({progress.group.dag_id for progress in groups})
        shown = tuple(replace(progress, may=may[progress.group.dag_id]) for progress in groups)
        return PausedPage(groups=shown, next_start=found.next_start)

    def runs(self, dag_id: str, prefix: str, where: GroupRunFilter, caller: Caller) -> GroupRunPage:
        """Return a part of a group's runs, in the order of their creation.

        :raises GroupNotFound: as ``get``.
        """
        _check_may_see(caller, dag_id, GroupNotFound(dag_id, prefix))
        try:
            return self._groups.runs(dag_id, prefix, where)
        except GroupNotFound as error:
            raise self._not_found(dag_id, prefix) from error

    def apply(self, group_action: GroupAction, caller: Caller) -> GroupActionResult:
        """Do an action to a group in the caller's name.

        :raises GroupNotFound: as ``get``.
        :raises Forbidden: when the caller may see it, and may not change runs of it.
        :raises TooManyUnfinishedRuns: when a retry would lead to more than there may be.
        :raises OutcomeUnknown: when nobody knows whether it was done.
        """
        dag_id = group_action.dag_id
        _check_may_change(caller, dag_id, group_action.prefix)
        try:
            result = self._groups.apply(
                replace(group_action, requested_by=caller.name, display_name=caller.display_name, limits=self._limits)
            )
        except GroupNotFound as error:
            raise self._not_found(dag_id, group_action.prefix) from error
        if not isinstance(group_action.action, Retry) or not result.dag_run_ids:
            return result
        progress = self._groups.get(dag_id, group_action.prefix, now=self._clock())
        return replace(result, warnings=(*result.warnings, *progress.holds))

    def change(self, change: GroupChange, caller: Caller) -> GroupChangeResult:
        """Change a group in the caller's name, and return how it stands then.

        :raises GroupNotFound: as ``get``.
        :raises Forbidden: as ``apply``.
        :raises OutcomeUnknown: when nobody knows whether it was changed. The same change again changes nothing more.
        """
        _check_may_change(caller, change.dag_id, change.prefix)
        if isinstance(change.notify, Notify):
            change.notify.check_notifier(self._notifiers)
        try:
            own = replace(change, requested_by=caller.name, display_name=caller.display_name)
            changed = self._groups.change(own, now=self._clock())
        except GroupNotFound as error:
            raise self._not_found(change.dag_id, change.prefix) from error
        progress = self.get(change.dag_id, change.prefix, caller)
        if change.dry_run:
            progress = replace(progress, group=replace(progress.group, control=changed.control))
        return GroupChangeResult(
            progress=progress,
            changed_runs=changed.changed_runs,
            dry_run=change.dry_run,
            warnings=(*changed.warnings, *_about_the_pause(change, progress)),
        )

    def _not_found(self, dag_id: str, prefix: str) -> GroupNotFound:
        """Return the error for a group that is not there: a request's prefix has one underscore more than its group."""
        name = name_of_group(prefix)
        if name not in {"", prefix}:
            with suppress(GroupNotFound):
                self._groups.get(dag_id, name, now=self._clock())
                return GroupNotFound(dag_id, prefix, similar=name)
        return GroupNotFound(dag_id, prefix)


def _with_details(plan: Plan, dag: DagSnapshot, facts: PlanningFacts, now: dt.datetime) -> Plan:
    return with_details(
        plan,
        existing=dag.existing_runs(plan.existing_dates),
        durations=dag.recent_durations(DURATIONS),
        max_active_runs=facts.dag.max_active_runs,
        now=now,
    )


def _check_may_see(caller: Caller, dag_id: str, otherwise: NotFound) -> None:
    readable = caller.readable_dag_ids(dag_id)
    if readable is not None and dag_id not in readable:
        raise otherwise


def _about_the_pause(change: GroupChange, progress: GroupProgress) -> Iterator[str]:
    """Warn where a pause holds nothing yet, or runs of a group that is resumed are held by something else."""
    if change.paused is True and not progress.group.states.queued:
        yield "no run of the group is queued: the pause holds runs that are retried later"
    elif change.paused is False and progress.group.states.queued:
        yield from progress.holds


def _check_may_change(caller: Caller, dag_id: str, prefix: str) -> None:
    _check_may_see(caller, dag_id, GroupNotFound(dag_id, prefix))
    if not caller.may_change_runs(dag_id):
        raise MayNotChangeRuns(dag_id)


def _check_may_create(caller: Caller, request: GroupRequest) -> None:
    dag_id = request.dag_id
    _check_may_see(caller, dag_id, DagNotFound(dag_id))
    if not caller.may_create_runs(dag_id):
        raise MayNotCreateRuns(dag_id)
    if request.reprocess_behavior is not ReprocessBehavior.NONE and not caller.may_change_runs(dag_id):
        raise MayNotChangeRuns(dag_id)
