"""Creating and planning one step of a group."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from airflow_run_groups.adapters.client.errors import RefusedByService
from airflow_run_groups.adapters.client.groups.steps import GroupRequest, as_planned, exact_range, runs_in, without_rest
from airflow_run_groups.adapters.client.responses import CreatedRuns, Plan
from airflow_run_groups.domain import PlanChanged, ReprocessBehavior

ATTEMPTS = 4
"""How often a step is planned whose plan has changed by the time at which it is done."""


class Creations:
    """Sends what creates or plans a step."""

    def __init__(self, post: Callable[..., Any]) -> None:
        """Send it by this function of a path, a body, the kind of the response, and whether a retry is safe and fewer runs help."""
        self._post = post

    def create(self, request: GroupRequest, limit: int, *, partial: bool, can_shrink: bool = False) -> CreatedRuns:
        body = {**request.body, **_bounds(request, limit, partial=partial)}
        is_safe = request.has_dates or request.plan_id is not None
        created: CreatedRuns = self._post("/dag_runs", body, CreatedRuns, safe_to_retry=is_safe, can_shrink=can_shrink)
        return created

    def plan(self, request: GroupRequest, limit: int, *, partial: bool, can_shrink: bool = False) -> Plan:
        body = {**request.body, **_bounds(request, limit, partial=partial), "dry_run": True}
        plan: Plan = self._post("/dag_runs", body, Plan, safe_to_retry=True, can_shrink=can_shrink)
        return plan

    def create_step(self, request: GroupRequest, size: int) -> CreatedRuns:
        """Create a step of a larger group. A request that could mean other runs when it is sent twice is planned first."""
        if request.plan_id is None and _needs_plan(request):
            return self._do_plan(request, size)
        if request.pace is None or not request.has_dates:
            return self.create(request, size, partial=True, can_shrink=request.has_dates and size > 1)
        plan = without_rest(self.plan_step(request, size), request.order)
        if not plan["dag_run_ids"]:
            return as_planned(plan, plan)
        created = self.create(exact_range(request, plan), size, partial=False, can_shrink=size > 1)
        return as_planned(plan, created)

    def plan_step(self, request: GroupRequest, size: int) -> Plan:
        return self.plan(request, size, partial=True, can_shrink=request.has_dates and size > 1)

    def _do_plan(self, request: GroupRequest, size: int) -> CreatedRuns:
        """Plan a step, and do exactly that, in as many requests as it takes; plan it anew when others change what it is about."""
        for attempt in range(1, ATTEMPTS + 1):
            plan = self.plan_step(request, size)
            try:
                return self._do(request.of_plan(plan), plan, size)
            except RefusedByService as error:
                is_other = error.status == HTTPStatus.CONFLICT and error.reason == PlanChanged.reason
                if not is_other or attempt == ATTEMPTS:
                    raise
        raise AssertionError

    def _do(self, request: GroupRequest, plan: Plan, size: int) -> CreatedRuns:
        """Do what is left of the plan with the same request, again and again: a step that takes too long ends early."""
        done = self.create(request, size, partial=True, can_shrink=size > 1)
        while done["next_start_date"] != plan["next_start_date"]:
            more = self.create(request, size, partial=True, can_shrink=size > 1)
            if not runs_in(more):
                break
            done = CreatedRuns(
                **{
                    **more,
                    "dag_run_ids": [*done["dag_run_ids"], *more["dag_run_ids"]],
                    "rerun_dag_run_ids": [*done.get("rerun_dag_run_ids", []), *more.get("rerun_dag_run_ids", [])],
                    "existing": more["existing"] - runs_in(done),
                    "warnings": done["warnings"],
                }
            )
        return done


def _needs_plan(request: GroupRequest) -> bool:
    """Tell whether a second request could mean more: runs that have ended run again, or the next ones of a pace."""
    behavior = request.reprocess_behavior
    return behavior == ReprocessBehavior.COMPLETED.value or (
        behavior == ReprocessBehavior.FAILED.value and request.pace is not None
    )


def _bounds(request: GroupRequest, limit: int, *, partial: bool) -> dict[str, Any]:
    return {"limit": limit, "partial": partial} if request.has_dates else {}
