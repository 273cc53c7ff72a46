"""The request for a group, and the rules for it that need no DAG."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from airflow_run_groups.domain.control.control import check_max_active_runs
from airflow_run_groups.domain.control.notification import Notify
from airflow_run_groups.domain.control.pace import Order, Pace
from airflow_run_groups.domain.control.stop_after import StopAfter
from airflow_run_groups.domain.errors import Refused
from airflow_run_groups.domain.model import MAX_LIMIT, Conf, DagRunType, in_utc, require_moments
from airflow_run_groups.domain.planning.bounds import CreationBounds
from airflow_run_groups.domain.planning.conf import ConfPerRun, check_conf_size
from airflow_run_groups.domain.planning.plan_id import PlanId
from airflow_run_groups.domain.planning.rerun import ReprocessBehavior
from airflow_run_groups.domain.run_id import DEFAULT_PREFIX
from airflow_run_groups.domain.timetable import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """A request for runs of one DAG, for every date of its schedule from start to end, both inclusive.

    Without dates: one run now. Without an end: up to now. ``limit`` is 1 to 500 runs, or
    more where the installation allows it. ``partial``: when there are more, create the first ``limit``, instead of none. ``conf`` goes into every run, and has at most ``MAX_CONF_BYTES``.
    No run starts before ``not_before``, and no more per interval than ``pace`` says. ``order``: the order of the runs.
    ``dates``: these dates, as many as the largest ``limit``, in place of a range. ``interval``: the time between two dates of the range, for a
    DAG whose schedule has none. ``conf_per_run`` is merged over ``conf``. ``note`` is put on every run.
    ``description`` and ``labels`` are said of the group, in place of those that it has; None leaves them. ``notify``: where
    notifications of the group go; None leaves it as it is.
    ``new_group``: True refuses a prefix whose group exists, unless this same request made it; False adds to it without a
    warning, and None with one. ``naive_dates_in``: the time zone in which dates without an offset were read, None when
    there were none, or the zone is as UTC is. ``bundle_version``: the runs are of the DAG as it is in this version of its
    bundle, None for the latest one. ``max_active_runs``: at most so many of the group's runs at once, 1 to 10,000, None for
    as many as the DAG allows its runs together. ``paused``: none starts until the group is resumed. ``stop_after``: after
    how many failed runs the rest is held, None for never. ``run_type``: manual or backfill, None for the one that costs the
    DAG no scheduled run. ``reprocess_behavior``: which runs that exist run again, and count for ``limit``. ``plan_id``: do
    exactly this plan, or nothing.

    :raises ValueError: when a date is naive, or lies outside the years 1 to 9999 in UTC.
    """

    dag_id: str
    prefix: str = DEFAULT_PREFIX
    start_date: dt.datetime | None = None
    end_date: dt.datetime | None = None
    limit: int = MAX_LIMIT
    partial: bool = False
    conf: Conf | None = None
    not_before: dt.datetime | None = None
    pace: Pace | None = None
    order: Order = Order.ASC
    dates: tuple[dt.datetime, ...] | None = None
    interval: Interval | None = None
    conf_per_run: ConfPerRun | None = None
    note: str | None = None
    new_group: bool | None = None
    max_active_runs: int | None = None
    paused: bool = False
    stop_after: StopAfter | None = None
    run_type: DagRunType | None = None
    naive_dates_in: str | None = None
    bundle_version: str | None = None
    description: str | None = None
    labels: tuple[str, ...] | None = None
    notify: Notify | None = None
    reprocess_behavior: ReprocessBehavior = ReprocessBehavior.NONE
    plan_id: PlanId | None = None

    def __post_init__(self) -> None:
        single = (date for date in (self.start_date, self.end_date, self.not_before) if date is not None)
        require_moments(*single, *(self.dates or ()))

    @property
    def planned_at(self) -> dt.datetime | None:
        """The time of the plan that is to be done, None without one."""
        return None if self.plan_id is None else self.plan_id.time

    @property
    def looks_at_runs(self) -> bool:
        """Whether it matters what the runs are that its dates have, and not only that there is one."""
        return self.reprocess_behavior is not ReprocessBehavior.NONE or self.plan_id is not None


def check_request(request: GroupRequest, now: dt.datetime, bounds: CreationBounds) -> None:
    """Check a request against the rules that need nothing else of its DAG.

    :raises Refused: naming all the rules that it breaks, and what is allowed.
    """
    check_max_active_runs(request.max_active_runs)
    if request.conf is not None:
        check_conf_size(request.conf, "conf")
    if request.conf_per_run is not None and not isinstance(request.conf_per_run, tuple):
        check_conf_size(request.conf_per_run, "conf_per_run")
    broken = [
        *contradictions(request, max_limit=bounds.max_limit),
        *_one_by_one(request, bounds),
        *_dates_to_come(request, now),
    ]
    if broken:
        raise Refused("; ".join(broken))


def contradictions(request: GroupRequest, *, max_limit: int) -> Iterator[str]:
    """Yield what is wrong with a request whatever the time and the DAG, each a sentence that says what is allowed.

    :param max_limit: the largest ``limit``, and the longest list of ``dates``.
    """
    if not 1 <= request.limit <= max_limit:
        yield f"limit must be 1 to {max_limit}, not {request.limit}"
    yield from _about_conf_per_run(request)
    if request.dates is not None:
        yield from _about_dates(request, request.dates, max_limit)
        return
    start, end = request.start_date, request.end_date
    if start is None and end is not None:
        yield "end_date needs a start_date: a range needs a start"
    if start is None and request.interval is not None:
        yield "interval needs a start_date: it says which dates a range holds"
    if start is not None and end is not None and end < start:
        yield f"end_date {in_utc(end)} lies before start_date {in_utc(start)}"


def _about_dates(request: GroupRequest, dates: tuple[dt.datetime, ...], max_limit: int) -> Iterator[str]:
    others = [name for name in ("start_date", "end_date", "interval") if getattr(request, name) is not None]
    if others:
        yield f"dates cannot be combined with {', '.join(others)}: they take the place of a range"
    if not 1 <= len(dates) <= max_limit:
        yield f"dates must be 1 to {max_limit} dates, not {len(dates)}"
    twice = next((later for earlier, later in pairwise(sorted(dates)) if earlier == later), None)
    if twice is not None:
        yield f"dates holds {in_utc(twice)} twice"


def _about_conf_per_run(request: GroupRequest) -> Iterator[str]:
    if not isinstance(request.conf_per_run, tuple):
        return
    if request.dates is None:
        yield "a list in conf_per_run needs dates, one for each of its objects; for a range it is one object"
    elif len(request.conf_per_run) != len(request.dates):
        confs, dates = len(request.conf_per_run), len(request.dates)
        yield f"conf_per_run has {confs} objects for {dates} dates: it must have one for each"


def _one_by_one(request: GroupRequest, bounds: CreationBounds) -> Iterator[str]:
    if bounds.one_by_one is not None and request.limit > bounds.most:
        yield (
            f"limit must be 1 to {bounds.most}, not {request.limit}, as the runs of DAG {request.dag_id!r} are created one by "
            f"one: {bounds.one_by_one}"
        )


def _dates_to_come(request: GroupRequest, now: dt.datetime) -> Iterator[str]:
    up_to = f"lies in the future: runs are created up to now, {in_utc(now)}"
    if request.dates:
        if (last := max(request.dates)) > now:
            yield f"{in_utc(last)} of dates {up_to}"
    elif request.start_date is not None and request.start_date > now:
        yield f"start_date {in_utc(request.start_date)} {up_to}"
