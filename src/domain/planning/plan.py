"""The rules of a group: which dates get a run, under which ids, and when a request is refused."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from airflow_run_groups.domain.control import Control, joined_control
from airflow_run_groups.domain.errors import DagNotTriggerable, GroupExists, Refused, TooManyRuns
from airflow_run_groups.domain.estimate import expected_end
from airflow_run_groups.domain.model import Conf, Dag, DagRunType, in_utc
from airflow_run_groups.domain.pace import starts_of
from airflow_run_groups.domain.planning.conf import Confs
from airflow_run_groups.domain.planning.dates import dates_of
from airflow_run_groups.domain.planning.facts import ExistingGroup, PlanningFacts
from airflow_run_groups.domain.planning.remarks import LeftOut, Outcome, remarks
from airflow_run_groups.domain.planning.request import GroupRequest, check_request
from airflow_run_groups.domain.planning.run_type import Frontier, type_of_run
from airflow_run_groups.domain.run_id import GroupRunId, check_address, check_run_id, group_prefix
from airflow_run_groups.domain.timetable import DagRunInfo, DataInterval, Timetable

MAX_OTHERS = 1000
"""The most dates that a plan shows beside those that get a run."""
MAX_WITHOUT_TASKS = 10_000
"""The most dates that a request passes over since the DAG has no task for them."""
CUT = "the plan is cut"
"""How the warning begins that a plan does not show all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDagRun:
    """A run that is to be created, with its whole configuration; ``type_reason``: why it has its type."""

    run_id: str
    logical_date: dt.datetime
    data_interval: DataInterval
    run_after: dt.datetime
    conf: Conf
    run_type: DagRunType = DagRunType.MANUAL
    type_reason: str | None = None


class Action(str, Enum):
    CREATE = "create"
    EXISTS = "exists"
    LEFT_OUT = "left_out"
    NOT_YET = "not_yet"
    NO_TASKS = "no_tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRun:
    """The run that a date has already; ``created_by`` is the name of its creator, None where Airflow knows none."""

    logical_date: dt.datetime
    run_id: str
    state: str
    run_type: str
    created_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDate:
    """A date of a plan.

    ``run_id`` and ``run_type``: those of the run to create, or of the existing run. ``state`` and ``created_by`` are those
    of the existing run. ``reason``: why no run is created. ``run_type_reason``: why the run to create has its type.
    """

    logical_date: dt.datetime
    data_interval: DataInterval
    run_after: dt.datetime
    action: Action
    run_id: str | None = None
    state: str | None = None
    run_type: str | None = None
    created_by: str | None = None
    reason: str | None = None
    run_type_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _GroupRuns:
    """The runs of a request, in their order, and what the caller should know about them.

    ``existing``: how many dates get no run because they have one.
    ``next_start_date``: the first date in that order beyond the limit of a partial request, None when there is none.
    ``next_not_before``: with a pace, when the runs after these may start. ``control``: that of the group with these runs.
    """

    dag_id: str
    prefix: str
    runs: tuple[NewDagRun, ...]
    existing: int
    next_start_date: dt.datetime | None
    next_not_before: dt.datetime | None
    warnings: tuple[str, ...]
    control: Control | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedRuns(_GroupRuns):
    """What a request creates. ``note`` is put on every run, ``description`` and ``labels`` are said of the group.

    ``created_by``: the name of the caller that the runs bear, and ``requested_by`` that of the audit log; None without one.
    ``bundle_version``: that of the request.
    """

    note: str | None
    created_by: str | None
    requested_by: str | None = None
    bundle_version: str | None = None
    description: str | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(_GroupRuns):
    """What a request would create.

    ``dates``: its dates in the order of the runs, of those that get no run at most ``MAX_OTHERS``.
    ``expected``: how long the runs will take from now on, None when nothing is known about it.
    """

    dates: tuple[PlannedDate, ...]
    expected: dt.timedelta | None = None

    @property
    def existing_dates(self) -> tuple[dt.datetime, ...]:
        """The dates shown that have a run already."""
        return tuple(date.logical_date for date in self.dates if date.action is Action.EXISTS)


def runs_to_create(
    request: GroupRequest,
    facts: PlanningFacts,
    *,
    now: dt.datetime,
    created_by: str | None,
    requested_by: str | None = None,
) -> CreatedRuns:
    """Decide which runs a request creates. Draws no more dates than it needs from the timetable and the existing dates.

    :param now: the present, aware. A date whose run may not start before later is the scheduler's, and gets none.
    :raises Refused: naming the rule that the request breaks, and what is allowed.
    """
    draft = Draft(request, facts, now, created_by=created_by)
    for info, exists in dates_of(request, facts, now=now, not_yet=0):
        draft.decide(info, exists=exists)
        if draft.next_start_date is not None:
            break
    return CreatedRuns(
        **draft.finish(),
        note=request.note,
        description=request.description,
        labels=request.labels,
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
    for info, exists in dates_of(request, facts, now=now, not_yet=MAX_OTHERS + 1):
        action = draft.decide(info, exists=exists)
        others += action is not Action.CREATE
        if action is Action.CREATE or others <= MAX_OTHERS:
            dates.append(_planned_date(info, action, draft.runs))
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
    starts = [(len(plan.runs) - before, run.run_after) for before, run in enumerate(plan.runs)]
    control = plan.control
    places = max_active_runs if control is None else control.max_active_runs
    end = expected_end(starts, durations, max_active_runs=places, now=now)
    if control is not None and control.paused and plan.runs:
        end = None
    return replace(plan, dates=dates, expected=None if end is None else end - now)


class Draft:
    """A request's runs, as far as its dates have been decided.

    ``limit`` takes the place of the request's. ``before``: how many runs of the group are planned, and will be created
    before these: numbers and warnings count them.

    A request for a new group whose group exists is refused, unless it is the repeat of the request that made the group:
    it is decided as if the group were not there, and must come to runs that the group has. Then it creates none.
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
    ) -> None:
        if request.conf_per_run is None:
            facts.check_confs([request.conf or {}])
        check_request(request, now)
        self._prefix = group_prefix(request.prefix)
        likely = GroupRunId(prefix=self._prefix, number=facts.last_number + 1, logical_date=now.replace(microsecond=0))
        check_run_id(str(likely), pattern=facts.run_id_pattern)
        check_address(self._prefix)
        _check_dag(request, facts.dag, facts.timetable)
        self._request = request
        self._limit = request.limit if limit is None else limit
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
        self._repeats = facts.group if request.new_group else None
        self._dates_of_group = _dates_in(self._repeats)
        self._last_number = facts.last_number if self._repeats is None else 0
        self._confs = Confs(
            (request.conf or {}, request.conf_per_run, request.dates or ()),
            check=facts.check_confs,
            at_a_time=request.limit if self._limit > request.limit else None,
        )
        self._starts = starts_of(request.order, request.not_before, request.pace, now=now)
        self.runs: list[NewDagRun] = []
        self.existing = 0
        self.next_start_date: dt.datetime | None = None
        self._seen = 0
        self._frontier = Frontier(request, facts)
        self._not_yet = LeftOut()
        self._without_tasks = LeftOut()

    def decide(self, info: DagRunInfo, *, exists: bool) -> Action:
        is_within = self.next_start_date is None
        if info.run_after > self._now:
            if is_within and self._request.dates is not None:
                self._not_yet.add(info)
            return Action.NOT_YET
        self._seen += 1
        self._frontier.reaches(info)
        if exists and info.logical_date not in self._dates_of_group:
            self.existing += is_within
            return Action.EXISTS
        if not exists and not self._facts.dag.has_task_at(info.logical_date):
            self._frontier.leave_out()
            self._pass_over(info, is_within=is_within)
            return Action.NO_TASKS
        if len(self.runs) < self._limit:
            self.runs.append(self._run(info))
            return Action.CREATE if self._repeats is None else Action.EXISTS
        if not self._request.partial:
            raise _too_many(self._limit, info.logical_date)
        self.next_start_date = self.next_start_date or info.logical_date
        return Action.LEFT_OUT

    def finish(self) -> dict[str, Any]:
        """Return the fields that a creation and a plan share."""
        request, dag, decided = self._request, self._facts.dag, len(self.runs)
        if self._repeats is not None:
            if not decided:
                raise GroupExists(dag.dag_id, self._prefix, self._repeats)
            self.existing += decided
            self.runs = []
        if self._repeats is None:
            self._confs.check()
        counting = sum(run.run_type is not DagRunType.BACKFILL for run in self.runs)
        outcome = Outcome(
            counting=self._before + counting if counting else 0,
            control=self._control,
            created=self._before + len(self.runs),
            seen=self._before + self._seen,
            not_yet=self._not_yet,
            without_tasks=self._without_tasks,
        )
        return {
            "dag_id": dag.dag_id,
            "prefix": self._prefix,
            "runs": tuple(self.runs),
            "existing": self.existing,
            "next_start_date": self.next_start_date,
            "next_not_before": None if self._starts is None or request.pace is None else self._starts.after(decided),
            "warnings": tuple(remarks(request, self._facts, outcome, group=self._prefix, now=self._now)),
            "control": self._control if self.runs else self._facts.control,
        }

    def _pass_over(self, info: DagRunInfo, *, is_within: bool) -> None:
        if is_within:
            self._without_tasks.add(info)
        if self._without_tasks.count > MAX_WITHOUT_TASKS:
            msg = (
                f"DAG {self._facts.dag.dag_id!r} has no task for more than {MAX_WITHOUT_TASKS} dates of the range, up to "
                f"{in_utc(info.logical_date)}: narrow the range"
            )
            raise Refused(msg)

    def _run(self, info: DagRunInfo) -> NewDagRun:
        number = self._last_number + self._before + len(self.runs) + 1
        run_id = str(GroupRunId(prefix=self._prefix, number=number, logical_date=info.logical_date))
        if self._repeats is not None and run_id not in self._repeats.run_ids:
            raise GroupExists(self._facts.dag.dag_id, self._prefix, self._repeats)
        check_run_id(run_id, pattern=self._facts.run_id_pattern)
        is_next = self._frontier.reaches(info)
        kind = type_of_run(info, self._request, self._facts.dag, self._now, is_next=is_next)
        _check_type(kind.run_type, self._facts.dag)
        return NewDagRun(
            run_type=kind.run_type,
            type_reason=kind.reason,
            run_id=run_id,
            logical_date=info.logical_date,
            data_interval=info.data_interval,
            run_after=info.run_after if self._starts is None else self._starts.of(len(self.runs), info.run_after),
            conf=self._confs.of(info, number=number, run_id=run_id),
        )


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


def _too_many(limit: int, first_left_out: dt.datetime) -> TooManyRuns:
    return TooManyRuns(
        f"the range holds more than limit={limit} dates without a run, the first beyond it is "
        f"{in_utc(first_left_out)}: narrow the range, or set partial to true to create the first {limit}"
    )


def _planned_date(info: DagRunInfo, action: Action, runs: Sequence[NewDagRun]) -> PlannedDate:
    run = runs[-1] if action is Action.CREATE else None
    return PlannedDate(
        logical_date=info.logical_date,
        data_interval=info.data_interval,
        run_after=info.run_after if run is None else run.run_after,
        action=action,
        run_id=None if run is None else run.run_id,
        run_type=None if run is None else run.run_type.value,
        reason=_reason(action, info),
        run_type_reason=None if run is None else run.type_reason,
    )


def _reason(action: Action, info: DagRunInfo) -> str | None:
    return {
        Action.CREATE: None,
        Action.EXISTS: "the DAG has a run at this date already",
        Action.LEFT_OUT: "it lies beyond the limit",
        Action.NOT_YET: f"its run may not start before {in_utc(info.run_after)}",
        Action.NO_TASKS: "the DAG has no task for it",
    }[action]


def _with_run(date: PlannedDate, run: ExistingRun | None) -> PlannedDate:
    if date.action is not Action.EXISTS or run is None:
        return date
    return replace(date, run_id=run.run_id, state=run.state, run_type=run.run_type, created_by=run.created_by)


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
