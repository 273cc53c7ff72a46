"""Which type a new run gets: the one that costs the DAG no scheduled run.

Airflow makes no scheduled runs while ``max_active_runs`` runs of other types than ``backfill`` are unfinished; with
``catchup=False`` those of that time are never made (DagModel.exceeds_max_non_backfill, 3.2; the same count before). A run of
the type ``backfill`` does not count; but the next scheduled date follows the latest run that is scheduled or of this type
(airflow.dag_processing.collection, 3.0 to 3.3).
"""

import datetime as dt
from typing import NamedTuple

from airflow_run_groups.domain.model import Dag, DagRunType
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.timetable import DagRunInfo


class TypeOfRun(NamedTuple):
    """A type, and why a run has it: half a sentence."""

    run_type: DagRunType
    reason: str


def type_of_run(info: DagRunInfo, request: GroupRequest, dag: Dag, now: dt.datetime) -> TypeOfRun:
    """Decide the type of one run, ``backfill`` or ``manual``."""
    if request.run_type is not None:
        return TypeOfRun(request.run_type, "the request says so")
    against = _reason_against_backfill(info, dag, now)
    if against is not None:
        return TypeOfRun(DagRunType.MANUAL, against)
    return TypeOfRun(DagRunType.BACKFILL, "the DAG's schedule goes on beside it")


def _reason_against_backfill(info: DagRunInfo, dag: Dag, now: dt.datetime) -> str | None:
    reasons = {
        "the DAG has no schedule that it could hold up": not dag.is_scheduled,
        "the date is none of the DAG's schedule": not info.is_scheduled,
        "the date lies in the future, up to which Airflow would make no scheduled run": info.logical_date > now,
        "the DAG does not allow backfill runs": not dag.allows_backfill_runs,
        "the DAG has catchup=True, and would go on behind the date of a backfill run": dag.catchup,
        "the DAG has a LatestOnlyOperator, which skips past dates of backfill runs": dag.has_latest_only,
        "the DAG has a task whose dates exclude it, which Airflow would run in a backfill run": not dag.has_all_tasks_at(
            info.logical_date
        ),
        "the DAG's schedule counts from its last run, which this one would be": dag.counts_from_last_run
        and (dag.latest_automated is None or info.logical_date > dag.latest_automated),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
