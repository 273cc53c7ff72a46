"""Requests and their answers, as the description of the API shows them.

They are a story: sent one after the other to the in-memory backend with its example DAGs, they get these answers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from airflow_run_groups.domain import DagRun, DagSummary
from airflow_run_groups.entrypoints.http.schemas.formats import ValueFormat
from airflow_run_groups.entrypoints.http.schemas.responses import DagAnswer, DagRunAnswer

Json = dict[str, Any]

CREATED_AT = dt.datetime(2025, 3, 1, 12, tzinfo=dt.timezone.utc)
"""When the groups of the story are created; the runs that it lists have ended by then."""
_STARTED_AT = CREATED_AT + dt.timedelta(seconds=1)
_ENDED_AT = CREATED_AT + dt.timedelta(seconds=4)
_RUN_ID = "redo_0000001_2025-02-01T00:00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What is sent to an operation, and what comes back; ``target`` lies below the prefix, ``answer`` below ``response``."""

    operation: str
    name: str
    summary: str
    target: str
    body: Json | None = None
    status: int = 200
    answer: Json


def examples(value_format: ValueFormat) -> list[Example]:
    """Return them in the order of the story, with dates and truth values in this format."""
    return [*_created(), *_read(value_format), *_acted()]


def _create(name: str, summary: str, body: Json, answer: Json, status: int = 200) -> Example:
    return Example(
        operation="create_dag_runs",
        name=name,
        summary=summary,
        target="/dag_runs",
        body=body,
        status=status,
        answer=answer,
    )


def _group(
    *run_ids: str, existing: int = 0, next_start_date: str | None = None, warnings: tuple[str, ...] = ()
) -> Json:
    return {
        "dag_run_ids": list(run_ids),
        "existing": existing,
        "next_start_date": next_start_date,
        "warnings": list(warnings),
    }


def _planned(date: str, *, action: str = "create", run_after: str | None = None, **known: str) -> Json:
    nothing = dict.fromkeys(("run_id", "state", "run_type", "created_by", "reason"))
    return {
        "logical_date": date,
        "data_interval_start": date,
        "data_interval_end": date,
        "run_after": run_after or date,
        "action": action,
        **nothing,
        **known,
    }


_PLAN: Json = {
    **_group("redo_0000006_2025-02-07T12:00:00", "redo_0000007_2025-02-06T00:00:00", existing=1),
    "next_not_before": "2025-03-01T22:20:00Z",
    "dry_run": True,
    "plan": [
        _planned("2025-02-07T12:00:00Z", run_after="2025-03-01T22:00:00Z", run_id="redo_0000006_2025-02-07T12:00:00"),
        _planned(
            "2025-02-06T00:00:00Z", run_after="2025-03-01T22:10:00.000001Z", run_id="redo_0000007_2025-02-06T00:00:00"
        ),
        _planned(
            "2025-02-05T00:00:00Z",
            action="exists",
            run_id="redo_0000005_2025-02-05T00:00:00",
            state="queued",
            run_type="manual",
            reason="the DAG has a run at this date already",
        ),
    ],
    "expected_seconds": None,
}


def _created() -> list[Example]:
    february = {"dag_id": "example_daily", "prefix": "redo", "start_date": "2025-02-01"}
    hours = {"dag_id": "example_hourly", "start_date": "2025-01-01", "limit": 2}
    return [
        _create(
            "group",
            "A group of three runs",
            {**february, "end_date": "2025-02-03"},
            _group(
                _RUN_ID,
                "redo_0000002_2025-02-02T00:00:00",
                "redo_0000003_2025-02-03T00:00:00",
            ),
        ),
        _create(
            "more",
            "A longer range of the same group",
            {**february, "end_date": "2025-02-05"},
            _group("redo_0000004_2025-02-04T00:00:00", "redo_0000005_2025-02-05T00:00:00", existing=3),
        ),
        _create(
            "plan",
            "The plan for a group, of which nothing is created",
            {
                "dag_id": "example_daily",
                "prefix": "redo",
                "dates": ["2025-02-05", "2025-02-07T12:00:00Z", "2025-02-06"],
                "conf_per_run": {"path": "data/{logical_date}.csv"},
                "note": "Corrected prices",
                "order": "desc",
                "not_before": "2025-03-01T22:00:00Z",
                "pace": "1/PT10M",
                "dry_run": True,
            },
            _PLAN,
        ),
        _create(
            "interval",
            "A range of a DAG without a schedule, with a run each week",
            {
                "dag_id": "example_unscheduled",
                "start_date": "2025-01-01",
                "end_date": "2025-01-31",
                "interval": "P1W",
                "limit": 1,
                "partial": True,
                "dry_run": True,
            },
            {
                **_group(
                    "manual_0000001_2025-01-01T00:00:00",
                    next_start_date="2025-01-08T00:00:00Z",
                ),
                "dry_run": True,
                "plan": [
                    _planned("2025-01-01T00:00:00Z", run_id="manual_0000001_2025-01-01T00:00:00"),
                    *(
                        _planned(f"2025-01-{day:02}T00:00:00Z", action="left_out", reason="it lies beyond the limit")
                        for day in (8, 15, 22, 29)
                    ),
                ],
                "expected_seconds": None,
            },
        ),
        _create(
            "too_many",
            "More dates than the limit",
            hours,
            {
                "error": "the range holds more than limit=2 dates without a run, the first beyond it is "
                "2025-01-01T02:00:00Z: narrow the range, or set partial to true to create the first 2"
            },
            400,
        ),
        _create(
            "partial",
            "As many as the limit allows",
            {**hours, "partial": True},
            _group(
                "manual_0000001_2025-01-01T00:00:00",
                "manual_0000002_2025-01-01T01:00:00",
                next_start_date="2025-01-01T02:00:00Z",
            ),
        ),
        _create(
            "paused",
            "A DAG that is paused",
            {"dag_id": "example_paused", "start_date": "2025-01-01", "end_date": "2025-01-01"},
            _group(
                "manual_0000001_2025-01-01T00:00:00",
                warnings=("DAG 'example_paused' is paused: its runs wait until it is unpaused",),
            ),
        ),
        _create(
            "now",
            "One run now, with a configuration",
            {"dag_id": "example_unscheduled", "conf": {"colour": "red"}},
            _group("manual_0000001_2025-03-01T12:00:00"),
        ),
        _create(
            "no_schedule",
            "A range of a DAG without a schedule",
            {"dag_id": "example_unscheduled", "start_date": "2025-01-01", "end_date": "2025-01-31"},
            {
                "error": "DAG 'example_unscheduled' has no periodic schedule, so a range holds no dates: give start_date "
                "alone for one run at that date, or no dates for one run now"
            },
            400,
        ),
        _create(
            "backfill",
            "A prefix that is not allowed",
            {"dag_id": "example_daily", "prefix": "my_backfill"},
            {"error": "prefix 'my_backfill' cannot contain the word \"backfill\""},
            400,
        ),
        _create(
            "no_dag",
            "A DAG that does not exist",
            {"dag_id": "nowhere"},
            {"error": "Dag id 'nowhere' not found"},
            404,
        ),
    ]


def _read(value_format: ValueFormat) -> list[Example]:
    run = DagRunAnswer(value_format)
    first, second = (
        DagRun(
            id=day,
            dag_id="example_daily",
            run_id=f"redo_000000{day}_2025-02-0{day}T00:00:00",
            state="success",
            run_type="manual",
            logical_date=dt.datetime(2025, 2, day, tzinfo=dt.timezone.utc),
            start_date=_STARTED_AT,
            end_date=_ENDED_AT,
        )
        for day in (1, 2)
    )
    twice = "manual_0000001_2025-01-01T00:00:00"
    ambiguous = {
        "error": f"Dag run id {twice!r} exists in several DAGs: example_hourly, example_paused. Pick one with dag_id"
    }
    listed = "list_dag_runs"
    got = "get_dag_run"
    return [
        Example(
            operation=listed,
            name="page",
            summary="?prefix=redo_&limit=2",
            target="/dag_runs?prefix=redo_&limit=2",
            answer={"dag_runs": run.dump([first, second], many=True), "next_start": 2},
        ),
        Example(
            operation=listed,
            name="none",
            summary="?state=failed",
            target="/dag_runs?state=failed",
            answer={"dag_runs": [], "next_start": None},
        ),
        Example(
            operation=listed,
            name="unknown_parameter",
            summary="?stat=failed",
            target="/dag_runs?stat=failed",
            status=400,
            answer={
                "error": "unknown query parameter 'stat': known are start, limit, state, external_trigger, prefix, dag_id"
            },
        ),
        Example(
            operation=listed,
            name="no_run",
            summary="?start=nothing",
            target="/dag_runs?start=nothing",
            status=404,
            answer={"error": "Dag run id not found"},
        ),
        Example(
            operation=listed,
            name="several",
            summary=f"?start={twice}",
            target=f"/dag_runs?start={twice}",
            status=409,
            answer=ambiguous,
        ),
        Example(
            operation=got,
            name="run",
            summary=_RUN_ID,
            target=f"/dag_runs/{_RUN_ID}",
            answer={"dag_run": run.dump(first)},
        ),
        Example(
            operation=got,
            name="no_run",
            summary="nothing",
            target="/dag_runs/nothing",
            status=404,
            answer={"error": "Dag run id not found"},
        ),
        Example(
            operation=got,
            name="several",
            summary=twice,
            target=f"/dag_runs/{twice}",
            status=409,
            answer=ambiguous,
        ),
        *_groups(),
        Example(
            operation="list_dags",
            name="dags",
            summary="Five DAGs",
            target="/dags",
            answer={
                "dags": [
                    DagAnswer(value_format).dump(
                        DagSummary(
                            dag_id=dag_id,
                            is_paused=dag_id == "example_paused",
                            fileloc=f"dags/{dag_id}.py",
                            last_logical_date=last,
                        )
                    )
                    for dag_id, last in _LAST_DATES.items()
                ]
            },
        ),
        *(
            Example(operation=name, name=name, summary=name, target=f"/health/{name}", answer={"status": name})
            for name in ("live", "ready")
        ),
    ]


def _groups() -> list[Example]:
    redo = {
        "dag_id": "example_daily",
        "prefix": "redo",
        "runs": 5,
        "states": {"queued": 0, "running": 0, "success": 5, "failed": 0},
        "first_logical_date": "2025-02-01T00:00:00Z",
        "last_logical_date": "2025-02-05T00:00:00Z",
    }
    return [
        Example(
            operation="list_groups",
            name="groups",
            summary="?dag_id=example_daily",
            target="/groups?dag_id=example_daily",
            answer={"groups": [redo], "next_start": None},
        ),
        Example(
            operation="list_groups",
            name="no_dag",
            summary="?dag_id=nowhere",
            target="/groups?dag_id=nowhere",
            status=404,
            answer={"error": "Dag id 'nowhere' not found"},
        ),
        Example(
            operation="get_group",
            name="done",
            summary="A group that is done",
            target="/groups/example_daily/redo",
            answer={
                "group": {
                    **redo,
                    "done": 1.0,
                    "max_active_runs": 16,
                    "is_paused": False,
                    "oldest_queued_seconds": None,
                    "expected_end": None,
                }
            },
        ),
        Example(
            operation="get_group",
            name="paused",
            summary="A group of a paused DAG",
            target="/groups/example_paused/manual_",
            answer={
                "group": {
                    "dag_id": "example_paused",
                    "prefix": "manual",
                    "runs": 1,
                    "states": {"queued": 1, "running": 0, "success": 0, "failed": 0},
                    "first_logical_date": "2025-01-01T00:00:00Z",
                    "last_logical_date": "2025-01-01T00:00:00Z",
                    "done": 0.0,
                    "max_active_runs": 16,
                    "is_paused": True,
                    "oldest_queued_seconds": 60,
                    "expected_end": None,
                }
            },
        ),
        Example(
            operation="get_group",
            name="no_group",
            summary="nothing",
            target="/groups/example_daily/nothing",
            status=404,
            answer={"error": "Group not found"},
        ),
    ]


def _acted() -> list[Example]:
    waiting = "manual_0000001_2025-01-01T00:00:00"
    paused = "example_paused/manual"

    def done(*run_ids: str, next_start: int | None = None, dry_run: bool = False) -> Json:
        return {"dag_run_ids": list(run_ids), "next_start": next_start, "dry_run": dry_run}

    return [
        _action("cancel", "queued", f"{paused}: what is queued", {}, done(waiting)),
        _action("cancel", "nothing", f"{paused}: when nothing is left", {"running": True}, done()),
        _action("retry", "would", f"{paused}: what would run again", {"dry_run": True}, done(waiting, dry_run=True)),
        _action("retry", "failed", f"{paused}: what has failed", {"which": "failed"}, done(waiting)),
        _action("retry", "no_group", "example_daily/no: no group", {"which": "all"}, {"error": "Group not found"}),
        _action(
            "note",
            "two",
            "example_daily/redo: two runs at a time",
            {"note": "wrong prices in the source", "limit": 2},
            done(_RUN_ID, "redo_0000002_2025-02-02T00:00:00", next_start=2),
        ),
    ]


def _action(action: str, name: str, summary: str, body: Json, answer: Json) -> Example:
    return Example(
        operation=f"{action}_group",
        name=name,
        summary=summary,
        target=f"/groups/{summary.partition(':')[0]}/{action}",
        body=body,
        status=404 if "error" in answer else 200,
        answer=answer,
    )


_LAST_DATES = {
    "example_daily": dt.datetime(2025, 2, 5, tzinfo=dt.timezone.utc),
    "example_hourly": dt.datetime(2025, 1, 1, 1, tzinfo=dt.timezone.utc),
    "example_paused": dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc),
    "example_six_hourly": None,
    "example_unscheduled": CREATED_AT,
}
