"""Coverage of a year of hourly dates beside the timetable's own walk, and dates that run again beside Airflow's own way."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from benchmarks.airflow_process import AirflowProcess
from benchmarks.console import log
from benchmarks.growth import Table
from benchmarks.in_process import responses
from benchmarks.line import Line, at_most, faster
from benchmarks.rounds import in_turn
from benchmarks.seeding import delete_runs

DATES = 8760
"""The hours of 2021."""
_YEAR = ("2021-01-01T00:00:00Z", "2021-12-31T23:00:00Z")
_RERUN = 100
"""Runs that one request runs again, of 10 tasks each."""
_WORK = f"coverage of a year of {DATES:,} hourly dates, half of them with a run"


def lines(tables: list[tuple[Table, AirflowProcess]], rounds: int) -> list[Line]:
    """Compare coverage with the walk in each table, the small one first, and measure runs that run again in the same."""
    found = []
    for table, process in tables:
        log(f"coverage of a year {table.database.name}")
        ours, walk = process.call(_coverage, 2 * rounds)
        found.append(
            at_most(f"{_WORK}, of {table.runs:,}", ours, "the timetable's walk of the same dates alone", walk, 1.3)
        )
        delete_runs(table.database, "hourly")
        log(f"running {_RERUN} runs again, {table.database.name}")
        ours, theirs = process.call(_run_again, rounds)
        found.append(
            faster(
                f"run {_RERUN} x 10 tasks again by one request, of {table.runs:,}",
                ours,
                "Airflow's `clear`, run by run, each in its own transaction",
                theirs,
            )
        )
        delete_runs(table.database, "tasks_10")
    return found


# What follows runs in a process with Airflow.


def _coverage(repeats: int) -> tuple[list[float], list[float]]:
    """Return the seconds of responses of our application, and those of the walk, in turn."""
    from airflow import settings
    from airflow.models.serialized_dag import SerializedDagModel
    from sqlalchemy.orm import Session

    from airflow_run_groups.adapters.airflow.timetables import AirflowTimetable

    post = responses()
    half = {"dag_id": "hourly", "prefix": "year", "end_date": "2021-06-30T23:00:00Z", "partial": True}
    start: str | None = _YEAR[0]
    while start is not None:
        start = post("POST", "/api/v1/dag_runs", "", {**half, "start_date": start})["next_start_date"]
    with Session(settings.engine) as session:
        stored = SerializedDagModel.get("hourly", session=session)
        assert stored is not None
        timetable = AirflowTimetable.of_dag("hourly", stored.dag.timetable, lambda: None)
    first_date, last_date = (dt.datetime.fromisoformat(date.replace("Z", "+00:00")) for date in _YEAR)
    query = f"dag_id=hourly&start_date={_YEAR[0]}&end_date={_YEAR[1]}"

    def coverage() -> object:
        found = post("GET", "/api/v1/coverage", query, None)["coverage"]
        assert found["total"] == DATES, found
        return found

    def walk() -> object:
        found = list(timetable.infos_between(first_date, last_date))
        assert len(found) == DATES
        return found

    return _in_turn(repeats, coverage, walk)


def _run_again(repeats: int) -> tuple[list[float], list[float]]:
    """Return the seconds in which one request runs failed runs again, and those of Airflow's own clear, run by run."""
    from airflow import settings
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select, update
    from sqlalchemy.orm import Session

    post = responses()
    body = {"dag_id": "tasks_10", "prefix": "again", "start_date": "2021-01-01", "end_date": "2021-04-10"}
    created = post("POST", "/api/v1/dag_runs", "", body)["dag_run_ids"]
    assert len(created) == _RERUN

    def fail() -> None:
        with Session(settings.engine) as session, session.begin():
            for model in (DagRun, TaskInstance):
                mine = model.dag_id == "tasks_10", model.run_id.in_(created)
                session.execute(update(model).where(*mine).values(state="failed"))

    def ours() -> float:
        fail()
        begin = time.perf_counter()
        start: str | None = body["start_date"]
        again: list[str] = []
        while start is not None:
            step = post("POST", "/api/v1/dag_runs", "", {**body, "start_date": start, "reprocess_behavior": "failed"})
            again += step["rerun_dag_run_ids"]
            start = step["next_start_date"]
        assert again == created
        return time.perf_counter() - begin

    def theirs() -> float:
        fail()
        with Session(settings.engine) as session:
            stored = SerializedDagModel.get("tasks_10", session=session)
            assert stored is not None
            dag = stored.dag
            run_ids = session.scalars(select(DagRun.run_id).where(DagRun.run_id.in_(created))).all()
        begin = time.perf_counter()
        for run_id in run_ids:
            with Session(settings.engine) as session, session.begin():
                dag.clear(run_id=run_id, session=session)
        return time.perf_counter() - begin

    ours_values, their_values = in_turn(repeats, ours, theirs)
    return ours_values, their_values


def _in_turn(repeats: int, *works: Callable[[], object]) -> tuple[list[float], list[float]]:
    def timed(work: Callable[[], object]) -> Callable[[], float]:
        def measure() -> float:
            begin = time.perf_counter()
            work()
            return time.perf_counter() - begin

        return measure

    for work in works:
        work()
    ours, theirs = in_turn(repeats, *map(timed, works))
    return ours, theirs
