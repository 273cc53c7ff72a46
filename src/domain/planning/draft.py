"""The decision about each date of a request, one after the other: a run of its own, the run that it has again, or nothing."""

import datetime as dt
from typing import Any

from airflow_run_groups.domain.control.change import joined_control
from airflow_run_groups.domain.control.pace import starts_of
from airflow_run_groups.domain.errors import DagNotTriggerable, GroupExists, PlanChanged, Refused, TooManyRuns
from airflow_run_groups.domain.model import Dag, DagRunType, in_utc
from airflow_run_groups.domain.planning.conf import Confs
from airflow_run_groups.domain.planning.facts import ExistingGroup, PlanningFacts
from airflow_run_groups.domain.planning.plan_id import Digest, PlanId
from airflow_run_groups.domain.planning.remarks import LeftOut, Outcome, remarks
from airflow_run_groups.domain.planning.request import GroupRequest, check_request
from airflow_run_groups.domain.planning.rerun import ReprocessBehavior, has_ended, reason_to_leave_alone, was_run_again
from airflow_run_groups.domain.planning.run_type import Frontier, type_of_run
from airflow_run_groups.domain.planning.runs import Action, Before, ExistingRun, NewDagRun, RerunDagRun
from airflow_run_groups.domain.run_id import GroupRunId, check_address, check_run_id, group_prefix
from airflow_run_groups.domain.timetable import DagRunInfo, Timetable

MAX_WITHOUT_TASKS = 10_000
"""The most dates that a request passes over since the DAG has no task for them."""


class Draft:
    """A request's runs, as far as its dates have been decided.

    ``limit`` takes the place of the request's. ``before``: how many runs of the group are planned, and will be created
    before these: numbers and warnings count them. ``identify``: whether what it comes to gets a ``plan_id``.

    A request for a new group whose group exists is refused, unless it is the repeat of the request that made the group:
    it is decided as if the group were not there, and must come to runs that the group has. Then it creates none.

    A request that is to do a plan is decided as if the runs that the plan has made already were not there yet. It must come
    to the same plan; then it does what is left of it, which is all that follows the first date that is not done.
    """

    def __init__(  # noqa: PLR0913 - a request, its facts, and for what it is drafted
        self,
        request: GroupRequest,
        facts: PlanningFacts,
        now: dt.datetime,
        *,
        limit: int | None = None,
        before: int = 0,
        created_by: str | None = None,
        identify: bool = True,
    ) -> None:
        if request.conf_per_run is None:
            facts.check_confs([request.conf or {}])
        check_request(request, now, facts.bounds)
        self._prefix = group_prefix(request.prefix)
        likely = GroupRunId(prefix=self._prefix, number=facts.last_number + 1, logical_date=now.replace(microsecond=0))
        check_run_id(str(likely), pattern=facts.run_id_pattern)
        check_address(self._prefix)
        _check_dag(request, facts.dag, facts.timetable)
        self._request = request
        self._limit = request.limit if limit is None else limit
        self._is_one_request = self._limit <= request.limit
        self._before = before
        self._facts = facts
        self._now = now
        self._control = joined_control(
            facts.control,
            max_active_runs=request.max_active_runs,
            paused=request.paused,
            stop_after=request.stop_after,
            max_active_runs_of_dag=facts.dag.max_active_runs,
            now=now,
            requested_by=created_by,
        )
        self._repeats = facts.group if request.new_group and request.plan_id is None else None
        self._dates_of_group = _dates_in(self._repeats)
        self._last_number = facts.last_number if self._repeats is None else 0
        if request.plan_id is not None:
            self._last_number = request.plan_id.last_number
        self._confs = Confs(
            (request.conf or {}, request.conf_per_run, request.dates or ()),
            check=facts.check_confs,
            at_a_time=None if self._is_one_request else request.limit,
        )
        self._starts = starts_of(request.order, request.not_before, request.pace, now=now)
        self.runs: list[NewDagRun] = []
        self.reruns: list[RerunDagRun] = []
        self._befores: list[Before] = []
        self._done: set[str] = set()
        self._has_gap = False
        self._digest = Digest(facts.dag.dag_id, self._prefix) if identify else None
        self.existing = self._left_alone = self._made = self._seen = 0
        self.next_start_date: dt.datetime | None = None
        self._frontier = Frontier(request, facts)
        self._not_yet = LeftOut()
        self._without_tasks = LeftOut()

    def decide(self, info: DagRunInfo, run: ExistingRun | None) -> Action:
        """Decide about a date that has this run, None for no run."""
        is_within = self.next_start_date is None
        if info.run_after > self._now:
            if is_within and self._request.dates is not None:
                self._not_yet.add(info)
            return Action.NOT_YET
        self._seen += 1
        self._frontier.reaches(info)
        action = self._action(info, run, is_within=is_within)
        if is_within and self.next_start_date is None and self._digest is not None:
            self._digest.add(action.value, info.logical_date)
        return action

    def reason(self, run: ExistingRun) -> str | None:
        """Return why a run that exists is left alone."""
        behavior = self._request.reprocess_behavior
        return reason_to_leave_alone(run, behavior, planned_at=self._request.planned_at)

    def finish(self) -> dict[str, Any]:
        """Return the fields that a creation and a plan share.

        :raises PlanChanged: when the request is to do a plan, and comes to another.
        """
        request, dag, decided = self._request, self._facts.dag, len(self.runs) + len(self.reruns)
        if self._repeats is not None:
            if not self.runs:
                raise GroupExists(dag.dag_id, self._prefix, self._repeats)
            self.existing += decided
            self.runs, self.reruns = [], []
        if self._repeats is None:
            self._confs.check()
        control = self._control if self.runs or self.reruns else self._facts.control
        plan_id = self._plan_id()
        if request.plan_id is not None and plan_id is not None:
            request.plan_id.check_unchanged(plan_id, last_number=self._facts.last_number - self._made)
            if self._has_gap:
                raise PlanChanged(["some of its runs exist already, and not all those before them"])
        self._leave_out_what_is_done()
        is_whole = self._before == 0 and decided <= request.limit
        return {
            "dag_id": dag.dag_id,
            "prefix": self._prefix,
            "runs": tuple(self.runs),
            "reruns": tuple(self.reruns),
            "existing": self.existing,
            "next_start_date": self.next_start_date,
            "next_not_before": self._next_not_before(decided),
            "warnings": tuple(remarks(request, self._facts, self._outcome(), group=self._prefix, now=self._now)),
            "control": control,
            "plan_id": plan_id if is_whole else None,
        }

    def before(self) -> tuple[Before, ...]:
        """Return what comes before each of the runs that run again, once it is finished."""
        return tuple(self._befores)

    def _action(self, info: DagRunInfo, run: ExistingRun | None, *, is_within: bool) -> Action:
        if run is not None and info.logical_date not in self._dates_of_group:
            return self._action_for(run, info, is_within=is_within)
        if run is None and not self._facts.dag.has_task_at(info.logical_date):
            self._frontier.leave_out()
            self._pass_over(info, is_within=is_within)
            return Action.NO_TASKS
        if self._is_full:
            return self._leave_out(info)
        self._add(self._run(info), is_done=False)
        return Action.CREATE if self._repeats is None else Action.EXISTS

    def _action_for(self, run: ExistingRun, info: DagRunInfo, *, is_within: bool) -> Action:
        """Decide about a date that has a run."""
        planned_at = self._request.planned_at
        if planned_at is not None and not self._is_full and run.run_id == self._next_run_id(info):
            self._add(self._run(info), is_done=True)
            return Action.CREATE
        is_done = self._reprocesses and was_run_again(run, planned_at=planned_at)
        if not is_done and self.reason(run) is not None:
            self.existing += is_within
            self._left_alone += is_within and self._reprocesses and not has_ended(run)
            return Action.EXISTS
        if self._is_full:
            return self._leave_out(info)
        self._add(self._rerun(run, info), is_done=is_done)
        return Action.RERUN

    @property
    def _reprocesses(self) -> bool:
        return self._request.reprocess_behavior is not ReprocessBehavior.NONE

    @property
    def _place(self) -> int:
        """How many runs there are before the next one."""
        return len(self.runs) + len(self.reruns)

    @property
    def _is_full(self) -> bool:
        return self._place >= self._limit

    def _leave_out(self, info: DagRunInfo) -> Action:
        if not self._request.partial:
            raise _too_many(self._limit, info.logical_date, self._request.reprocess_behavior)
        self.next_start_date = self.next_start_date or info.logical_date
        return Action.LEFT_OUT

    def _add(self, run: NewDagRun | RerunDagRun, *, is_done: bool) -> None:
        """Add a run. The runs of a plan that exist come before all that do not: a run behind a gap is not the plan's."""
        if self._is_one_request:
            self._facts.bounds.check(self._place + 1, self._facts.dag.dag_id)
        if is_done:
            self._done.add(run.run_id)
            self._has_gap = self._has_gap or len(self._done) <= self._place
        if isinstance(run, NewDagRun):
            if self._digest is not None and self._repeats is None:
                interval = run.data_interval
                self._digest.add(run.run_id, run.run_type.value, run.run_after, interval.start, interval.end)
            self.runs.append(run)
            self._made += is_done
            return
        if self._digest is not None:
            self._digest.add(run.run_id, run.run_after, run.conf is None)
        if not is_done:
            self._befores.append(
                Before(
                    runs=len(self.runs) - self._made,
                    existing=self.existing + len(self._done),
                    next_not_before=self._next_not_before(self._place),
                )
            )
        self.reruns.append(run)

    def _leave_out_what_is_done(self) -> None:
        self.existing += len(self._done)
        self.runs = [run for run in self.runs if run.run_id not in self._done]
        self.reruns = [run for run in self.reruns if run.run_id not in self._done]

    def _next_not_before(self, count: int) -> dt.datetime | None:
        return None if self._starts is None or self._request.pace is None else self._starts.after(count)

    def _outcome(self) -> Outcome:
        counting = sum(run.run_type is not DagRunType.BACKFILL for run in self.runs)
        counting += sum(run.existing.run_type != DagRunType.BACKFILL.value for run in self.reruns)
        return Outcome(
            counting=self._before + counting if counting else 0,
            control=self._control,
            created=self._before + len(self.runs) + len(self.reruns),
            seen=self._before + self._seen,
            not_yet=self._not_yet,
            without_tasks=self._without_tasks,
            left_alone=self._left_alone,
        )

    def _plan_id(self) -> PlanId | None:
        if self._digest is None:
            return None
        control = self._control if self.runs or self.reruns else self._facts.control
        rule = None if control is None or control.stop_after is None else control.stop_after.as_keys
        bounds = () if control is None else (control.max_active_runs, control.copied, control.paused, rule)
        return PlanId(
            time=self._now,
            last_number=self._facts.last_number if self._request.plan_id is None else self._last_number,
            creates=len(self.runs),
            reruns=len(self.reruns),
            dates=str(self._digest),
            conf=str(self._confs.digest),
            dag_version=str(Digest(self._facts.dag_version)),
            control=str(Digest(bounds)),
        )

    def _pass_over(self, info: DagRunInfo, *, is_within: bool) -> None:
        if is_within:
            self._without_tasks.add(info)
        if self._without_tasks.count > MAX_WITHOUT_TASKS:
            msg = (
                f"DAG {self._facts.dag.dag_id!r} has no task for more than {MAX_WITHOUT_TASKS} dates of the range, up to "
                f"{in_utc(info.logical_date)}: narrow the range"
            )
            raise Refused(msg)

    def _next_run_id(self, info: DagRunInfo) -> str:
        number = self._last_number + self._before + len(self.runs) + 1
        return str(GroupRunId(prefix=self._prefix, number=number, logical_date=info.logical_date))

    def _run(self, info: DagRunInfo) -> NewDagRun:
        run_id = self._next_run_id(info)
        if self._repeats is not None and run_id not in self._repeats.run_ids:
            raise GroupExists(self._facts.dag.dag_id, self._prefix, self._repeats)
        check_run_id(run_id, pattern=self._facts.run_id_pattern)
        is_next = self._frontier.reaches(info)
        kind = type_of_run(info, self._request, self._facts.dag, self._now, is_next=is_next)
        _check_type(kind.run_type, self._facts.dag)
        number = self._last_number + self._before + len(self.runs) + 1
        return NewDagRun(
            run_type=kind.run_type,
            type_reason=kind.reason,
            run_id=run_id,
            logical_date=info.logical_date,
            data_interval=info.data_interval,
            run_after=info.run_after if self._starts is None else self._starts.of(self._place, info.run_after),
            conf=self._confs.of(info, number=number, run_id=run_id),
        )

    def _rerun(self, run: ExistingRun, info: DagRunInfo) -> RerunDagRun:
        """Let a run run again: when it may start, unless the request says so, is as before, but not later than now."""
        request, own = self._request, GroupRunId.parse(run.run_id)
        if self._starts is not None:
            run_after = self._starts.of(self._place, info.run_after)
        else:
            is_past = run.run_after is not None and run.run_after <= self._now
            run_after = run.run_after if is_past and run.run_after is not None else info.run_after
        has_conf = request.conf is not None or request.conf_per_run is not None
        conf = self._confs.of(info, number=0 if own is None else own.number, run_id=run.run_id) if has_conf else None
        return RerunDagRun(existing=run, run_after=run_after, conf=conf)


def _check_type(run_type: DagRunType, dag: Dag) -> None:
    is_allowed = dag.allows_backfill_runs if run_type is DagRunType.BACKFILL else dag.allows_manual_runs
    if not is_allowed:
        msg = (
            f"DAG {dag.dag_id!r} does not allow {run_type.value} runs (its allowed_run_types has no {run_type.value!r})"
        )
        raise DagNotTriggerable(msg)


def _dates_in(group: ExistingGroup | None) -> frozenset[dt.datetime]:
    """Return the dates that the run ids of a group hold."""
    parsed = (GroupRunId.parse(run_id) for run_id in (() if group is None else group.run_ids))
    return frozenset(one.logical_date for one in parsed if one is not None)


def _too_many(limit: int, first_left_out: dt.datetime, behavior: ReprocessBehavior) -> TooManyRuns:
    what = (
        "without a run" if behavior is ReprocessBehavior.NONE else "without a run, or with a run that is to run again"
    )
    return TooManyRuns(
        f"the range holds more than limit={limit} dates {what}, the first beyond it is "
        f"{in_utc(first_left_out)}: narrow the range, or set partial to true to create the first {limit}"
    )


def _check_dag(request: GroupRequest, dag: Dag, timetable: Timetable) -> None:
    if dag.has_import_errors:
        msg = f"DAG {dag.dag_id!r} has import errors and cannot be triggered"
        raise DagNotTriggerable(msg)
    if timetable.partitioned:
        consequence = (
            "the run ids of a group, which hold one, do not fit: trigger it in Airflow"
            if request.start_date is None and request.dates is None
            else "no range of dates creates them"
        )
        msg = f"DAG {dag.dag_id!r} has a partitioned timetable: its runs have no logical date, so {consequence}"
        raise DagNotTriggerable(msg)
    if dag.task_windows is not None and not dag.task_windows:
        msg = f"DAG {dag.dag_id!r} has no task: Airflow would call its runs a success with nothing done"
        raise DagNotTriggerable(msg)
