"""The rules of a batch: which dates of a range get a run, under which ids, and when a request is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_api_plugin.domain.errors import Refused
from airflow_api_plugin.domain.model import Conf, Dag, DagRunInfo, DataInterval, require_moments
from airflow_api_plugin.domain.run_id import (
    DEFAULT_PREFIX,
    DEFAULT_RUN_ID_PATTERN,
    GroupRunId,
    check_run_id,
    group_prefix,
)

if TYPE_CHECKING:
    from airflow_api_plugin.domain.ports import Timetable

MAX_LIMIT = 500
"""The most runs that one request creates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """What somebody asks for: runs of one DAG, for every date of its schedule from start to end, both inclusive.

    Without dates: one run now. Without an end: up to now. ``limit`` is 1 to 500 runs. ``partial``: when there are more,
    create the first ``limit``, instead of none. ``conf`` goes into every run.

    :raises ValueError: when a date is naive, or lies outside the years 1 to 9999 in UTC.
    """

    dag_id: str
    prefix: str = DEFAULT_PREFIX
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    limit: int = MAX_LIMIT
    partial: bool = False
    conf: Conf | None = None

    def __post_init__(self) -> None:
        """Refuse dates that are no moment in time."""
        require_moments(*(date for date in (self.start_date, self.end_date) if date is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDagRun:
    """A run that is to be created."""

    run_id: str
    logical_date: dt.datetime
    data_interval: DataInterval
    run_after: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The outcome of planning: the runs to create, in the order of their dates, and what the caller should know.

    ``existing``: how many of the dates looked at have a run already, and so get none.
    ``next_start_date``: the first date that a partial batch leaves out, None when nothing is left out.
    ``created_by``: the name of who asked, None when nobody asked who they are.
    """

    dag_id: str
    prefix: str
    runs: tuple[NewDagRun, ...]
    conf: Conf | None = None
    existing: int = 0
    next_start_date: dt.datetime | None = None
    warnings: tuple[str, ...] = ()
    created_by: str | None = None


def plan_batch(  # noqa: PLR0913 - one argument for each thing that the plan depends on, and nothing hidden
    request: BatchRequest,
    *,
    dag: Dag,
    timetable: Timetable,
    taken: Iterable[dt.datetime],
    last_number: int,
    now: dt.datetime,
    run_id_pattern: str = DEFAULT_RUN_ID_PATTERN,
) -> Batch:
    """Decide which runs a request creates. Draws no more dates from the timetable than it needs.

    :param taken: the logical dates that the DAG's runs have, ascending, at least from the request's start on (or from
        ``now`` when it has none); read only as far as the dates that are looked at.
    :param last_number: the highest number that the group has so far, 0 for a new group.
    :param now: the present, aware. A date whose run may not start before later is the scheduler's, and gets none.
    :raises Refused: naming the rule that the request breaks, and what is allowed.
    """
    _check_request(request, now)
    prefix = group_prefix(request.prefix)
    likely = GroupRunId(prefix=prefix, number=last_number + 1, logical_date=now.replace(microsecond=0))
    check_run_id(str(likely), pattern=run_id_pattern)
    _check_dag(dag, timetable)
    warnings = [] if request.start_date is None else _beyond_the_dag(request.start_date, request.end_date, dag)
    fresh = _Fresh(_dates(request, dag, timetable, now), taken)
    chosen: list[NewDagRun] = []
    next_start_date = None
    for info in fresh:
        if len(chosen) == request.limit:
            if not request.partial:
                raise _TooMany(request.limit, info.logical_date)
            next_start_date = info.logical_date
            break
        number = last_number + len(chosen) + 1
        run_id = str(GroupRunId(prefix=prefix, number=number, logical_date=info.logical_date))
        check_run_id(run_id, pattern=run_id_pattern)
        chosen.append(
            NewDagRun(
                run_id=run_id,
                logical_date=info.logical_date,
                data_interval=info.data_interval,
                run_after=info.run_after,
            )
        )
    return Batch(
        dag_id=dag.dag_id,
        prefix=prefix,
        runs=tuple(chosen),
        conf=request.conf,
        existing=fresh.existing,
        next_start_date=next_start_date,
        warnings=(*warnings, *_about_the_dag(dag, len(chosen))),
    )


class _TooMany(Refused):
    def __init__(self, limit: int, first_left_out: dt.datetime) -> None:
        super().__init__(
            f"the range holds more than limit={limit} dates without a run, the first beyond it is "
            f"{_text(first_left_out)}: narrow the range, or set partial to true to create the first {limit}"
        )


class _Fresh:
    """The dates that have no run yet. Both sides ascend, so one walk along them is enough."""

    def __init__(self, infos: Iterable[DagRunInfo], taken: Iterable[dt.datetime]) -> None:
        self._infos = infos
        self._taken = iter(taken)
        self.existing = 0

    def __iter__(self) -> Iterator[DagRunInfo]:
        taken = next(self._taken, None)
        for info in self._infos:
            while taken is not None and taken < info.logical_date:
                taken = next(self._taken, None)
            if taken == info.logical_date:
                self.existing += 1
            else:
                yield info


def _check_request(request: BatchRequest, now: dt.datetime) -> None:
    start, end = request.start_date, request.end_date
    if not 1 <= request.limit <= MAX_LIMIT:
        msg = f"limit must be 1 to {MAX_LIMIT}, not {request.limit}"
        raise Refused(msg)
    if start is None:
        if end is not None:
            msg = "end_date needs a start_date: a range needs a start"
            raise Refused(msg)
        return
    if end is not None and end < start:
        msg = f"end_date {_text(end)} lies before start_date {_text(start)}"
        raise Refused(msg)
    if start > now:
        msg = f"start_date {_text(start)} lies in the future: runs are created up to now, {_text(now)}"
        raise Refused(msg)


def _check_dag(dag: Dag, timetable: Timetable) -> None:
    if dag.has_import_errors:
        msg = f"DAG {dag.dag_id!r} has import errors and cannot be triggered"
        raise Refused(msg)
    if not dag.allows_manual_runs:
        msg = f"DAG {dag.dag_id!r} does not allow manual runs (its allowed_run_types has no 'manual')"
        raise Refused(msg)
    if timetable.partitioned:
        msg = f"DAG {dag.dag_id!r} has a partitioned timetable: its runs have no logical date, so no range of dates creates them"
        raise Refused(msg)


def _dates(request: BatchRequest, dag: Dag, timetable: Timetable, now: dt.datetime) -> Iterator[DagRunInfo]:
    start, end = request.start_date, request.end_date
    if start is None:
        return _single(dag, timetable, now, now)
    if timetable.periodic:
        return _range(start, now if end is None else end, dag, timetable, now)
    if end is None or end == start:
        return _single(dag, timetable, start, now)
    msg = (
        f"DAG {dag.dag_id!r} has no periodic schedule, so a range holds no dates: "
        "give start_date alone for one run at that date, or no dates for one run now"
    )
    raise Refused(msg)


def _single(dag: Dag, timetable: Timetable, date: dt.datetime, now: dt.datetime) -> Iterator[DagRunInfo]:
    """One run, as Airflow's own manual trigger makes it (TriggerDAGRunPostBody.validate_context, 3.0 to 3.3)."""
    _check_bounds(date, date, dag)
    yield DagRunInfo(logical_date=date, data_interval=timetable.manual_interval(date), run_after=now)


def _range(
    start: dt.datetime, end: dt.datetime, dag: Dag, timetable: Timetable, now: dt.datetime
) -> Iterator[DagRunInfo]:
    _check_bounds(start, end, dag)
    first = start if dag.start_date is None else max(start, dag.start_date)
    last = end if dag.end_date is None else min(end, dag.end_date)
    for info in timetable.infos_between(first, last):
        if info.run_after > now:
            return
        yield info


def _check_bounds(start: dt.datetime, end: dt.datetime, dag: Dag) -> None:
    """Airflow gives a manual run outside these bounds no tasks, and calls it a success."""
    if dag.start_date is not None and end < dag.start_date:
        msg = f"{_text(end)} lies before the first date of DAG {dag.dag_id!r}, {_text(dag.start_date)}"
        raise Refused(msg)
    if dag.end_date is not None and start > dag.end_date:
        msg = f"{_text(start)} lies after the last date of DAG {dag.dag_id!r}, {_text(dag.end_date)}"
        raise Refused(msg)


def _beyond_the_dag(start: dt.datetime, end: dt.datetime | None, dag: Dag) -> list[str]:
    warnings = []
    if dag.start_date is not None and start < dag.start_date:
        warnings.append(f"the range begins before the DAG's first date, {_text(dag.start_date)}: no runs before it")
    if end is not None and dag.end_date is not None and end > dag.end_date:
        warnings.append(f"the range ends after the DAG's last date, {_text(dag.end_date)}: no runs after it")
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


def _text(date: dt.datetime) -> str:
    return date.astimezone(dt.timezone.utc).isoformat().replace("+00:00", "Z")
