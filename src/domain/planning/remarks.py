"""Remarks on the runs of a request, in sentences: the warnings of a plan and of a creation."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_run_groups.domain.control.control import Control
from airflow_run_groups.domain.control.pace import Order
from airflow_run_groups.domain.groups.waiting import held_by_dag, held_by_pause
from airflow_run_groups.domain.model import Dag, in_utc
from airflow_run_groups.domain.planning.facts import PlanningFacts
from airflow_run_groups.domain.planning.request import GroupRequest
from airflow_run_groups.domain.timetable import DagRunInfo


@dataclass(slots=True, kw_only=True)
class LeftOut:
    """Dates that get no run for the same reason, of which the first is named."""

    count: int = 0
    first: DagRunInfo | None = None

    def add(self, info: DagRunInfo) -> None:
        self.count += 1
        self.first = self.first or info


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a request's dates, up to the first one beyond its limit.

    ``created``: how many runs there will be, those that run again among them; ``counting`` of them are not of the type backfill. ``seen``: how many dates may have a run by now, whether they get one or not.
    ``left_alone``: how many of their runs are queued or running, where runs run again. ``control``: that of the group. ``not_yet``: those of a request's list whose run may not start yet. ``without_tasks``: those for which the DAG has no task.
    """

    control: Control | None
    counting: int
    created: int
    seen: int
    not_yet: LeftOut
    without_tasks: LeftOut
    left_alone: int = 0


def remarks(
    request: GroupRequest, facts: PlanningFacts, outcome: Outcome, *, group: str, now: dt.datetime
) -> list[str]:
    """Return the warnings about a request; ``group`` is the name of its group."""
    return [
        *_about_the_range(request, facts.dag, outcome),
        *_about_left_out_dates(facts.dag, outcome),
        *_about_the_group(request, facts, outcome.created, group),
        *_about_the_control(request, facts.dag, outcome, group),
        *_about_the_dag(facts, outcome),
        *_about_the_scheduler(request, facts.runs_per_loop, outcome),
        *_about_the_order(request, facts.dag, outcome.created),
        *_about_manual_runs(facts.dag, outcome),
        *_about_deadlines(request, facts.dag, outcome.created, now),
    ]


def _about_the_range(request: GroupRequest, dag: Dag, outcome: Outcome) -> Iterator[str]:
    start, end = request.start_date, request.end_date
    if request.naive_dates_in is not None:
        yield (
            f"dates without an offset are read in {request.naive_dates_in}, Airflow's default_timezone, and lists show dates "
            "in UTC: write a Z behind a date that is in UTC"
        )
    if start is not None and dag.start_date is not None and start < dag.start_date:
        yield f"the range begins before the DAG's first date, {in_utc(dag.start_date)}: no runs before it"
    if end is not None and dag.end_date is not None and end > dag.end_date:
        yield f"the range ends after the DAG's last date, {in_utc(dag.end_date)}: no runs after it"
    if start is not None and not outcome.seen:
        yield f"the range holds no date of DAG {dag.dag_id!r} whose run may start by now, so that it makes no run"


def _about_left_out_dates(dag: Dag, outcome: Outcome) -> Iterator[str]:
    if outcome.without_tasks.count:
        yield (
            f"{_get_no_run(outcome.without_tasks)}: DAG {dag.dag_id!r} has no task for it, and Airflow would call "
            "its run a success with nothing done"
        )
    if (first := outcome.not_yet.first) is not None:
        yield (
            f"{_get_no_run(outcome.not_yet, 'listed ')}: it may not start before {in_utc(first.run_after)}, and is the "
            "scheduler's"
        )
    if outcome.left_alone:
        noun, verb = ("date has a run", "is") if outcome.left_alone == 1 else ("dates have runs", "are")
        yield f"{outcome.left_alone} {noun} that {verb} queued or running, and left alone"


def _about_the_group(request: GroupRequest, facts: PlanningFacts, created: int, group: str) -> Iterator[str]:
    if created and facts.group is not None and request.new_group is None:
        yield (
            f"group {group!r} of DAG {facts.dag.dag_id!r} exists already, with {facts.group}: the new runs join it, and what "
            "is done to the group is done to all of them; new_group says whether that is meant"
        )


def _about_the_control(request: GroupRequest, dag: Dag, outcome: Outcome, group: str) -> Iterator[str]:
    control = outcome.control
    if control is None or not outcome.created:
        return
    if control.paused and not request.paused:
        yield held_by_pause(group)
    if control.copied:
        yield (
            f"group {group!r} is under control, and may have {control.max_active_runs} runs at once, which is the max_active_runs "
            f"of DAG {dag.dag_id!r} now: Airflow counts them apart from the DAG's other runs; max_active_runs sets another number"
        )


def _about_the_dag(facts: PlanningFacts, outcome: Outcome) -> Iterator[str]:
    """Warn where the DAG's own schedule may be held up: runs of the type backfill do not count, but take places."""
    dag, created = facts.dag, outcome.created
    if not created:
        return
    yield from held_by_dag(dag.dag_id, is_paused=dag.is_paused)
    if dag.is_draining:
        yield (
            f"DAG {dag.dag_id!r} is draining: the runs of the group are executed, and Airflow creates no scheduled runs and "
            "pauses the DAG when all its runs have ended"
        )
    if not dag.is_scheduled:
        return
    cost = "are made later" if dag.catchup else "of that time are never made, as it has catchup=False"
    if outcome.counting and outcome.counting + facts.unfinished_runs >= dag.max_active_runs:
        yield (
            f"with this group the DAG has at least as many unfinished runs as its max_active_runs ({dag.max_active_runs}): until enough "
            f"have ended, Airflow suspends the DAG's scheduled runs, which {cost}"
        )
    elif outcome.control is None and created + facts.unfinished_runs >= dag.max_active_runs:
        yield (
            f"the group can fill all {dag.max_active_runs} places of the DAG (max_active_runs): its scheduled runs then wait, and once "
            f"{dag.max_active_runs} of them wait, the next ones {cost.removeprefix('of that time ')}; max_active_runs in the request "
            "gives the group places of its own"
        )


def _about_the_scheduler(request: GroupRequest, runs_per_loop: int | None, outcome: Outcome) -> Iterator[str]:
    at_once = outcome.created
    if request.pace is not None:
        at_once = min(at_once, request.pace.runs)
    if outcome.control is not None:
        at_once = min(at_once, outcome.control.max_active_runs)
    if runs_per_loop is not None and at_once > runs_per_loop:
        yield (
            f"{at_once} runs of the group may start at the same time, and Airflow's scheduler looks at {runs_per_loop} queued "
            "runs in one loop ([scheduler] max_dagruns_per_loop_to_schedule): they can hold up the runs of other DAGs; "
            "pace lets fewer start at a time"
        )


def _about_the_order(request: GroupRequest, dag: Dag, created: int) -> Iterator[str]:
    """Warn that tasks get slots by priority, then logical date, in whatever order runs start (SchedulerJobRunner, 3.0 to 3.4)."""
    if request.order is not Order.DESC or created <= 1:
        return
    yield (
        "order desc says which runs start first, and no more: of the tasks of runs that have started, Airflow gives free "
        "slots to those with the oldest logical date, so where slots are scarce the oldest dates are done first"
    )
    if dag.depends_on_past and not dag.catchup:
        yield (
            f"tasks of DAG {dag.dag_id!r} wait for the run before (depends_on_past): with order desc that starts later, and "
            f"{dag.max_active_runs} runs (max_active_runs) that all wait let none start"
        )


def _about_manual_runs(dag: Dag, outcome: Outcome) -> Iterator[str]:
    """Warn where Airflow treats manual runs in its own way: docs/migration.md has the list."""
    if not outcome.counting:
        return
    if dag.depends_on_past and dag.catchup:
        yield (
            f"tasks of DAG {dag.dag_id!r} depend on past runs, and as it has catchup=True Airflow looks at runs that are not "
            "manual only: the runs of the group do not wait for each other, and scheduled runs do not wait for them"
        )
    if dag.has_latest_only:
        yield f"DAG {dag.dag_id!r} has a LatestOnlyOperator: it lets the runs of the group pass, whatever their dates"


def _about_deadlines(request: GroupRequest, dag: Dag, created: int, now: dt.datetime) -> Iterator[str]:
    starts_later = request.pace is not None or (request.not_before is not None and request.not_before > now)
    if created and dag.has_deadlines:
        yield (
            f"DAG {dag.dag_id!r} has deadlines: those that count from the logical date are missed by runs of past dates at "
            f"once{', and those that count from the creation of a run by runs that start later' if starts_later else ''}"
        )


def _get_no_run(dates: LeftOut, kind: str = "") -> str:
    noun, verb = ("date", "gets") if dates.count == 1 else ("dates", "get")
    first = "" if dates.first is None else f", the first is {in_utc(dates.first.logical_date)}"
    return f"{dates.count} {kind}{noun} {verb} no run{first}"
