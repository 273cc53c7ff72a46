"""The rules of a batch: which dates get a run, under which ids, and when a request is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_run_groups.domain.conf import Confs
from airflow_run_groups.domain.dates import dates_of
from airflow_run_groups.domain.errors import DagNotTriggerable, TooManyRuns
from airflow_run_groups.domain.model import Conf, Dag, DagRunInfo, DataInterval, in_utc
from airflow_run_groups.domain.pace import Pace, starts_of
from airflow_run_groups.domain.plan import MAX_OTHERS, Action, PlannedDate
from airflow_run_groups.domain.request import GroupRequest, check_request
from airflow_run_groups.domain.run_id import (
    DEFAULT_RUN_ID_PATTERN,
    GroupRunId,
    check_run_id,
    group_prefix,
)

if TYPE_CHECKING:
    from airflow_run_groups.domain.ports import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDagRun:
    """A run that is to be created; ``conf`` is its own configuration, None when it has that of its batch."""

    run_id: str
    logical_date: dt.datetime
    data_interval: DataInterval
    run_after: dt.datetime
    conf: Conf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The outcome of planning: the runs to create, in their order, and what the caller should know.

    ``existing``: how many of the dates looked at have a run already, and so get none.
    ``next_start_date``: the first date in that order that a partial batch leaves out, None when nothing is left out.
    ``next_not_before``: with a pace, when the runs may start that come after these.
    ``conf`` is that of every run which has none of its own; ``note`` is put on every run.
    ``created_by``: the name of who asked, None when nobody asked who they are.
    ``dates`` and ``expected`` are there when the request is to plan only: every date that was looked at, in the order of
    the runs, and how long the runs will take from now, None when nothing is known of it.
    """

    dag_id: str
    prefix: str
    runs: tuple[NewDagRun, ...]
    conf: Conf | None = None
    note: str | None = None
    existing: int = 0
    next_start_date: dt.datetime | None = None
    next_not_before: dt.datetime | None = None
    warnings: tuple[str, ...] = ()
    created_by: str | None = None
    dry_run: bool = False
    dates: tuple[PlannedDate, ...] = ()
    expected: dt.timedelta | None = None

    def conf_of(self, run: NewDagRun) -> dict[str, object]:
        """Return the configuration of one of its runs."""
        return dict(run.conf if run.conf is not None else self.conf or {})


def plan_group(  # noqa: PLR0913 - one argument for each thing that the plan depends on, and nothing hidden
    request: GroupRequest,
    *,
    dag: Dag,
    timetable: Timetable,
    taken: Iterable[dt.datetime],
    last_number: int,
    now: dt.datetime,
    run_id_pattern: str = DEFAULT_RUN_ID_PATTERN,
    runs_per_loop: int | None = None,
    interval_timetable: Timetable | None = None,
) -> Batch:
    """Decide which runs a request creates. Draws no more dates from the timetable than it needs.

    :param taken: the logical dates that the DAG's runs have, ascending, at least from the request's first date on (or from
        ``now`` when it has none); read only as far as the dates that are looked at.
    :param last_number: the highest number that the group has so far, 0 for a new group.
    :param now: the present, aware. A date whose run may not start before later is the scheduler's, and gets none.
    :param interval_timetable: what the request's interval stands for, when it has one.
    :param runs_per_loop: how many queued runs of all DAGs the scheduler looks at in one loop, None when nobody knows.
    :raises Refused: naming the rule that the request breaks, and what is allowed.
    """
    check_request(request, now)
    prefix = group_prefix(request.prefix)
    likely = GroupRunId(prefix=prefix, number=last_number + 1, logical_date=now.replace(microsecond=0))
    check_run_id(str(likely), pattern=run_id_pattern)
    _check_dag(dag, timetable)
    warnings = [] if request.start_date is None else _beyond_the_dag(request.start_date, request.end_date, dag)
    confs = None if request.conf_per_run is None else Confs(request)
    starts = starts_of(request.order, request.not_before, request.pace, now=now)
    chosen: list[NewDagRun] = []
    looked_at = _LookedAt() if request.dry_run else None
    existing = 0
    next_start_date = None
    dates = dates_of(request, dag=dag, timetable=timetable, interval_timetable=interval_timetable, taken=taken, now=now)
    for info, is_taken in dates:
        if info.run_after > now:
            action = Action.NOT_YET
        elif is_taken:
            action = Action.EXISTS
            existing += next_start_date is None
        elif len(chosen) < request.limit:
            action = Action.CREATE
            number = last_number + len(chosen) + 1
            run_id = str(GroupRunId(prefix=prefix, number=number, logical_date=info.logical_date))
            check_run_id(run_id, pattern=run_id_pattern)
            chosen.append(
                NewDagRun(
                    run_id=run_id,
                    logical_date=info.logical_date,
                    data_interval=info.data_interval,
                    run_after=info.run_after if starts is None else starts.of(len(chosen), info.run_after),
                    conf=None if confs is None else confs.of(info, number=number, run_id=run_id),
                )
            )
        elif request.partial:
            action = Action.LEFT_OUT
            next_start_date = next_start_date or info.logical_date
        else:
            raise _too_many(request.limit, info.logical_date)
        if looked_at is not None:
            looked_at.add(info, action, chosen)
        if next_start_date is not None and (looked_at is None or looked_at.is_cut):
            break
    warnings += _about_the_dag(dag, len(chosen))
    warnings += _about_the_scheduler(len(chosen), request.pace, runs_per_loop)
    if looked_at is not None and looked_at.is_cut:
        warnings.append(f"the plan is cut: beside the runs to create it shows {MAX_OTHERS} dates, and there are more")
    return Batch(
        dag_id=dag.dag_id,
        prefix=prefix,
        runs=tuple(chosen),
        conf=request.conf,
        note=request.note,
        existing=existing,
        next_start_date=next_start_date,
        next_not_before=None if starts is None or request.pace is None else starts.after(len(chosen)),
        warnings=tuple(warnings),
        dry_run=request.dry_run,
        dates=() if looked_at is None else tuple(looked_at.dates),
    )


def _too_many(limit: int, first_left_out: dt.datetime) -> TooManyRuns:
    return TooManyRuns(
        f"the range holds more than limit={limit} dates without a run, the first beyond it is "
        f"{in_utc(first_left_out)}: narrow the range, or set partial to true to create the first {limit}"
    )


class _LookedAt:
    """The dates that a plan shows, up to a bound for those that get no run."""

    def __init__(self) -> None:
        self.dates: list[PlannedDate] = []
        self.is_cut = False
        self._others = 0

    def add(self, info: DagRunInfo, action: Action, chosen: list[NewDagRun]) -> None:
        is_new = action is Action.CREATE
        if not is_new and self._others == MAX_OTHERS:
            self.is_cut = True
            return
        self._others += not is_new
        run_after = chosen[-1].run_after if is_new else info.run_after
        self.dates.append(
            PlannedDate(
                logical_date=info.logical_date,
                data_interval=info.data_interval,
                run_after=run_after,
                action=action,
                run_id=chosen[-1].run_id if is_new else None,
                reason=_reason(action, run_after),
            )
        )


def _reason(action: Action, run_after: dt.datetime) -> str | None:
    return {
        Action.CREATE: None,
        Action.EXISTS: "the DAG has a run at this date already",
        Action.LEFT_OUT: "it lies beyond the limit",
        Action.NOT_YET: f"its run may not start before {in_utc(run_after)}",
    }[action]


def _check_dag(dag: Dag, timetable: Timetable) -> None:
    if dag.has_import_errors:
        msg = f"DAG {dag.dag_id!r} has import errors and cannot be triggered"
        raise DagNotTriggerable(msg)
    if not dag.allows_manual_runs:
        msg = f"DAG {dag.dag_id!r} does not allow manual runs (its allowed_run_types has no 'manual')"
        raise DagNotTriggerable(msg)
    if timetable.partitioned:
        msg = f"DAG {dag.dag_id!r} has a partitioned timetable: its runs have no logical date, so no range of dates creates them"
        raise DagNotTriggerable(msg)


def _beyond_the_dag(start: dt.datetime, end: dt.datetime | None, dag: Dag) -> list[str]:
    warnings = []
    if dag.start_date is not None and start < dag.start_date:
        warnings.append(f"the range begins before the DAG's first date, {in_utc(dag.start_date)}: no runs before it")
    if end is not None and dag.end_date is not None and end > dag.end_date:
        warnings.append(f"the range ends after the DAG's last date, {in_utc(dag.end_date)}: no runs after it")
    return warnings


def _about_the_dag(dag: Dag, count: int) -> list[str]:
    warnings = []
    if dag.is_paused and count:
        warnings.append(f"DAG {dag.dag_id!r} is paused: its runs wait until it is unpaused")
    if count >= dag.max_active_runs:
        warnings.append(
            f"the group has at least as many runs as the DAG's max_active_runs ({dag.max_active_runs}): "
            "Airflow suspends the DAG's scheduled runs until the group has drained"
        )
    return warnings


def _about_the_scheduler(count: int, pace: Pace | None, runs_per_loop: int | None) -> list[str]:
    at_once = count if pace is None else min(count, pace.runs)
    if runs_per_loop is None or at_once <= runs_per_loop:
        return []
    warning = (
        f"{at_once} runs of the group may start at the same time, and Airflow's scheduler looks at {runs_per_loop} queued runs "
        "in one loop ([scheduler] max_dagruns_per_loop_to_schedule): they can hold up the runs of other DAGs; "
        "pace lets fewer start at a time"
    )
    return [warning]
