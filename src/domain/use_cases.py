"""What the service does that has rules; reads without rules go straight to a port."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from airflow_run_groups.domain.errors import DagNotFound, GroupNotFound, MayNotChangeRuns, MayNotCreateRuns
from airflow_run_groups.domain.estimate import DURATIONS
from airflow_run_groups.domain.groups import GroupAction, GroupActionResult, GroupPage, GroupProgress
from airflow_run_groups.domain.plan import Action, complete
from airflow_run_groups.domain.planning import Batch, plan_group
from airflow_run_groups.domain.ports import Caller, DagContext, DagRunRepository, GroupRepository
from airflow_run_groups.domain.request import GroupRequest
from airflow_run_groups.domain.run_id import group_prefix


class CreateRuns:
    """Create the runs that a request asks for, all or none; or only plan them."""

    def __init__(self, runs: DagRunRepository, clock: Callable[[], dt.datetime]) -> None:
        """Work on these runs; ``clock`` tells the present, aware."""
        self._runs = runs
        self._clock = clock

    def __call__(self, request: GroupRequest, caller: Caller) -> Batch:
        """Create the batch and return it; when the request is to plan only, return it without creating anything.

        :raises DagNotFound: also when the caller may not see the DAG.
        :raises Forbidden: when the caller may see it, and may not create runs of it.
        :raises Refused: naming the rule that the request breaks.
        :raises Unavailable: when the backend cannot do it now; nothing was created.
        """
        if not _sees(caller, request.dag_id):
            raise DagNotFound(request.dag_id)
        if not caller.may_create_runs(request.dag_id):
            raise MayNotCreateRuns(request.dag_id)

        def decide(context: DagContext) -> Batch:
            if request.conf_per_run is None:
                context.check_conf(request.conf or {})
            now = self._clock()
            interval, dates = request.interval, request.dates
            batch = plan_group(
                request,
                dag=context.dag,
                timetable=context.timetable,
                taken=sorted(context.runs_on(dates)) if dates else context.logical_dates(request.start_date or now),
                last_number=context.last_number(group_prefix(request.prefix)),
                now=now,
                run_id_pattern=context.run_id_pattern,
                runs_per_loop=context.runs_per_loop,
                interval_timetable=None if interval is None else context.timetable_of(interval),
            )
            for run in batch.runs:
                if run.conf is not None:
                    context.check_conf(run.conf)
            return replace(batch, created_by=caller.name)

        if not request.dry_run:
            return self._runs.record(request.dag_id, decide)
        return self._runs.preview(request.dag_id, lambda context: self._completed(decide(context), context))

    def _completed(self, batch: Batch, context: DagContext) -> Batch:
        existing = [date.logical_date for date in batch.dates if date.action is Action.EXISTS]
        return complete(
            batch,
            existing=context.runs_on(existing),
            durations=context.recent_durations(DURATIONS),
            max_active_runs=context.dag.max_active_runs,
            now=self._clock(),
        )


class Groups:
    """See which groups there are, and how far they are, and act on them."""

    def __init__(self, groups: GroupRepository, clock: Callable[[], dt.datetime]) -> None:
        """Look at these groups; ``clock`` tells the present, aware."""
        self._groups = groups
        self._clock = clock

    def list(self, dag_id: str, caller: Caller, *, start: int | None = None, limit: int = 50) -> GroupPage:
        """Return a part of a DAG's groups, newest first.

        :raises DagNotFound: also when the caller may not see the DAG.
        """
        if not _sees(caller, dag_id):
            raise DagNotFound(dag_id)
        return self._groups.list(dag_id, start=start, limit=limit)

    def get(self, dag_id: str, prefix: str, caller: Caller) -> GroupProgress:
        """Return how far a group is; its prefix may end in an underscore that the run ids do not repeat.

        :raises GroupNotFound: also when the caller may not see the DAG.
        """
        if not _sees(caller, dag_id):
            raise GroupNotFound
        return self._groups.get(dag_id, prefix.removesuffix("_"), now=self._clock())

    def apply(self, group_action: GroupAction, caller: Caller) -> GroupActionResult:
        """Do to a group what is ordered, in the caller's name; its prefix is read as above.

        :raises GroupNotFound: also when the caller may not see the DAG.
        :raises Forbidden: when the caller may see it, and may not change runs of it.
        """
        if not _sees(caller, group_action.dag_id):
            raise GroupNotFound
        if not caller.may_change_runs(group_action.dag_id):
            raise MayNotChangeRuns(group_action.dag_id)
        return self._groups.apply(
            replace(group_action, prefix=group_action.prefix.removesuffix("_"), requested_by=caller.name)
        )


def _sees(caller: Caller, dag_id: str) -> bool:
    readable = caller.readable_dag_ids(dag_id)
    return readable is None or dag_id in readable
