"""Creating a group of runs, and planning one."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import replace

from airflow_run_groups.domain.groups.estimate import DURATIONS
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.plan import plan_group, runs_to_create, with_details
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.planning.runs import CreatedRuns, Plan
from airflow_run_groups.domain.planning.summary import MAX_TIME, PlanSummary, summarise
from airflow_run_groups.domain.ports import Caller, DagRunRepository, DagSnapshot, DagTransaction
from airflow_run_groups.domain.unfinished import NO_LIMITS, UnfinishedRunLimits
from airflow_run_groups.domain.use_cases.access import check_may_create


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
        check_may_create(caller, request)
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


def _with_details(plan: Plan, dag: DagSnapshot, facts: PlanningFacts, now: dt.datetime) -> Plan:
    return with_details(
        plan,
        existing=dag.existing_runs(plan.existing_dates),
        durations=dag.recent_durations(DURATIONS),
        max_active_runs=facts.dag.max_active_runs,
        now=now,
    )
