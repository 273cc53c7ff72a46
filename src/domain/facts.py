"""What a plan depends on beside the request: one DAG, its schedule and its runs, and Airflow's configuration."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from airflow_run_groups.domain.model import Conf, Dag
from airflow_run_groups.domain.run_id import DEFAULT_RUN_ID_PATTERN
from airflow_run_groups.domain.timetable import Timetable


def _accept(_: Conf) -> None:
    """Take any configuration, as a DAG without params does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningFacts:
    """The facts about one DAG that a request's plan depends on, as they stand in one transaction.

    ``existing_dates``: the logical dates of the DAG's runs, of whatever type and state: those among the request's
    ``dates``, or all from its ``start_date`` on (without one: from now on). They ascend, without a repeat, and are read
    while they are drawn.
    ``last_number``: the highest number of the request's group, 0 for a new group.
    ``run_id_pattern``: the regular expression that new run ids must match.
    ``runs_per_loop``: how many queued runs of all DAGs the scheduler examines in one loop, at least 1, None when unknown.
    ``interval_timetable``: the timetable with the request's ``interval`` between its dates, None without an interval.
    ``check_conf``: checks a run's configuration against the DAG's params, and raises InvalidConf with the param's name.
    """

    dag: Dag
    timetable: Timetable
    existing_dates: Iterable[dt.datetime]
    last_number: int
    run_id_pattern: str = DEFAULT_RUN_ID_PATTERN
    runs_per_loop: int | None = None
    interval_timetable: Timetable | None = None
    check_conf: Callable[[Conf], None] = _accept
