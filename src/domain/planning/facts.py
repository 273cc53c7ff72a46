"""The facts on which a plan depends beside the request: one DAG, its schedule and its runs, and Airflow's configuration."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from airflow_run_groups.domain.control.control import Control
from airflow_run_groups.domain.model import Conf, Dag, in_utc
from airflow_run_groups.domain.planning.bounds import DEFAULT_BOUNDS, CreationBounds
from airflow_run_groups.domain.planning.runs import ExistingRun
from airflow_run_groups.domain.run_id import DEFAULT_RUN_ID_PATTERN
from airflow_run_groups.domain.timetable import Timetable


def _accept(_: Iterable[Conf]) -> None:
    """Take any configurations, as a DAG without params does."""


_NAMES = 5
"""The most creators that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingGroup:
    """The group of a request, as far as it exists already.

    ``run_ids``: those of its runs, at least one. ``created_at``: when the first of them was created, None when unknown.
    ``created_by``: the names of their creators, each once and in order, as far as they are known.
    """

    run_ids: frozenset[str]
    created_at: dt.datetime | None = None
    created_by: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say how many runs it has, since when, and whose."""
        text = f"{len(self.run_ids)} run{'' if len(self.run_ids) == 1 else 's'}"
        if self.created_at is not None:
            text += f" since {in_utc(self.created_at.replace(microsecond=0))}"
        if self.created_by:
            more = len(self.created_by) - _NAMES
            text += f", created by {', '.join(self.created_by[:_NAMES])}{f' and {more} more' if more > 0 else ''}"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningFacts:
    """The facts about one DAG that a request's plan depends on, as they stand in one transaction.

    ``existing_dates``: the logical dates of the DAG's runs, of whatever type and state: those among the request's
    ``dates``, or all from its ``start_date`` on (without one: from now on). They ascend, without a repeat, and are read
    while they are drawn. ``existing_runs``: the runs at the same dates in their place, in the same way, where the request
    looks at them (``GroupRequest.looks_at_runs``), else None. ``dag_version``: what tells the version of the DAG from others.
    ``last_number``: the highest number of the request's group, 0 for a new group. ``group``: what that group has so far, None
    for a new one, and where it does not matter as the request says that it adds to it. ``control``: that of the group.
    ``unfinished_runs``: how many of the DAG's runs, but for Airflow's own backfills, are queued or running; it is counted
    up to ``max_active_runs``.
    ``run_id_pattern``: the regular expression that new run ids must match.
    ``runs_per_loop``: how many queued runs of all DAGs the scheduler examines in one loop, at least 1, None when unknown.
    ``interval_timetable``: the timetable with the request's ``interval`` between its dates, None without an interval.
    ``bounds``: how many runs the request may create.
    ``check_confs``: checks the configurations of runs against the DAG's params, and raises InvalidConf with the param's name.
    """

    dag: Dag
    timetable: Timetable
    existing_dates: Iterable[dt.datetime]
    last_number: int
    group: ExistingGroup | None = None
    control: Control | None = None
    unfinished_runs: int = 0
    run_id_pattern: str = DEFAULT_RUN_ID_PATTERN
    runs_per_loop: int | None = None
    interval_timetable: Timetable | None = None
    check_confs: Callable[[Iterable[Conf]], None] = _accept
    existing_runs: Iterable[ExistingRun] | None = None
    dag_version: str | None = None
    bounds: CreationBounds = DEFAULT_BOUNDS
