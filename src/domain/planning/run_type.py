"""Which type a new run gets: the one that costs the DAG no scheduled run.

Airflow makes no scheduled runs while ``max_active_runs`` runs of other types than ``backfill`` are unfinished; with
``catchup=False`` those of that time are never made (DagModel.exceeds_max_non_backfill, 3.2; the same count before). A run of
the type ``backfill`` does not count; but the next scheduled date follows the latest run that is scheduled or of this type
(airflow.dag_processing.collection, 3.0 to 3.3).
"""

import datetime as dt
from typing import NamedTuple

from airflow_run_groups.domain.control.pace import Order
from airflow_run_groups.domain.model import Dag, DagRunType
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.timetable import DagRunInfo


class TypeOfRun(NamedTuple):
    """A type, and why a run has it: half a sentence."""

    run_type: DagRunType
    reason: str


class Frontier:
    """Whether a DAG with catchup loses no date when Airflow goes on behind a run: each date before it has a run by then.

    Airflow passes over one date that has a run in each loop of the scheduler, and begins anew behind the latest run that is
    scheduled or of the type backfill whenever the DAG's file is processed. So manual runs right there, more of them than
    there are loops meanwhile, would stop the schedule for good.
    """

    def __init__(self, request: GroupRequest, facts: PlanningFacts) -> None:
        self._dag = facts.dag
        self._timetable = facts.timetable
        self._is_whole: bool | None = None
        if not facts.dag.catchup or request.start_date is None or request.order is not Order.ASC:
            self._is_whole = False

    def reaches(self, info: DagRunInfo) -> bool:
        """Tell whether no date before this one is left without a run; the dates of a range come one after the other."""
        if self._is_whole is None:
            self._is_whole = info.is_scheduled and self._follows(info.logical_date)
        latest = self._dag.latest_automated
        return self._is_whole and (latest is None or info.logical_date > latest)

    def leave_out(self) -> None:
        """Note that a date gets no run, so that none behind it is reached."""
        self._is_whole = False

    def _follows(self, date: dt.datetime) -> bool:
        """Tell whether no date of the schedule lies between this one and where Airflow goes on."""
        latest, start = self._dag.latest_automated, self._dag.start_date
        after = start if latest is None else latest + _TICK
        return after is not None and next(self._timetable.infos_between(after, date - _TICK), None) is None


_TICK = dt.timedelta(microseconds=1)


def type_of_run(
    info: DagRunInfo, request: GroupRequest, dag: Dag, now: dt.datetime, *, is_next: bool = False
) -> TypeOfRun:
    """Decide the type of one run, ``backfill`` or ``manual``; ``is_next``: as ``Frontier.reaches`` has it."""
    if request.run_type is not None:
        return TypeOfRun(request.run_type, "the request says so")
    against = _reason_against_backfill(info, dag, now, is_next=is_next)
    if against is not None:
        return TypeOfRun(DagRunType.MANUAL, against)
    if dag.catchup:
        return TypeOfRun(DagRunType.BACKFILL, "the date is the next of the DAG's schedule, which goes on behind it")
    return TypeOfRun(DagRunType.BACKFILL, "the DAG's schedule goes on beside it")


def _reason_against_backfill(info: DagRunInfo, dag: Dag, now: dt.datetime, *, is_next: bool) -> str | None:
    reasons = {
        "the DAG has no schedule that it could hold up": not dag.is_scheduled,
        "the date is none of the DAG's schedule": not info.is_scheduled,
        "the date lies in the future, up to which Airflow would make no scheduled run": info.logical_date > now,
        "the DAG does not allow backfill runs": not dag.allows_backfill_runs,
        "the DAG has catchup=True, and would go on behind the date of a backfill run": dag.catchup and not is_next,
        "the DAG has a LatestOnlyOperator, which skips past dates of backfill runs": dag.has_latest_only,
        "the DAG has a task whose dates exclude it, which Airflow would run in a backfill run": not dag.has_all_tasks_at(
            info.logical_date
        ),
        "the DAG's schedule counts from its last run, which this one would be": dag.counts_from_last_run
        and (dag.latest_automated is None or info.logical_date > dag.latest_automated),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
