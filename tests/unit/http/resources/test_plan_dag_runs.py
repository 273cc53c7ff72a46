"""``POST /api/v1/dag_runs`` with the keys that plan a group, pace it, and say which runs it has."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.metrics import DAG_RUNS_CREATED
from airflow_run_groups.entrypoints.http.schemas.fields.durations import parse_duration
from tests.demo import RecordingMeter
from tests.unit.http.service import NOW, Service, error

MONTH = {"start_date": "2020-01-01", "end_date": "2020-01-31"}


def test_a_dry_run_answers_with_the_plan_and_creates_nothing(service):
    service.place(run_id="there", logical_date=dt.datetime(2020, 1, 2, tzinfo=dt.timezone.utc), state="failed")
    answer = service.create(start_date="2020-01-01", end_date="2020-01-02", dry_run=True)
    nothing = dict.fromkeys(("state", "created_by", "reason"))
    assert answer.pop("plan_id")
    assert answer == {
        "dag_run_ids": ["manual_0000001_2020-01-01T00:00:00"],
        "existing": 1,
        "next_start_date": None,
        "warnings": [],
        "rerun_dag_run_ids": [],
        "dry_run": True,
        "plan": [
            {
                **dates("2020-01-01T00:00:00Z"),
                "action": "create",
                "run_id": "manual_0000001_2020-01-01T00:00:00",
                **nothing,
                "run_type": "backfill",
                "run_type_reason": "the DAG's schedule goes on beside it",
            },
            {
                **dates("2020-01-02T00:00:00Z"),
                "action": "exists",
                "run_id": "there",
                "state": "failed",
                "run_type": "manual",
                "created_by": None,
                "reason": "the DAG has a run at this date already",
                "run_type_reason": None,
            },
        ],
        "expected_seconds": None,
    }
    assert service.listed() == ["there"]


def test_plan_in_short_has_stretches_of_dates(service):
    service.place(run_id="there", logical_date=dt.datetime(2020, 1, 2, tzinfo=dt.timezone.utc), state="failed")
    answer = service.create(start_date="2020-01-01", end_date="2024-01-01", dry_run=True, detail="stretches")
    assert answer.pop("warnings")[0].startswith("the group can fill all 16 places of the DAG")
    assert answer == {
        "dry_run": True,
        "plan_id": None,
        "counts": {"create": 1461, "rerun": 0, "exists": 1, "left_out": 0, "not_yet": 0, "no_tasks": 0},
        "stretches": [
            {"action": "create", "first": "2020-01-01T00:00:00Z", "last": "2020-01-01T00:00:00Z", "total": 1},
            {"action": "exists", "first": "2020-01-02T00:00:00Z", "last": "2020-01-02T00:00:00Z", "total": 1},
            {"action": "create", "first": "2020-01-03T00:00:00Z", "last": "2024-01-01T00:00:00Z", "total": 1460},
        ],
        "first_run_id": "manual_0000001_2020-01-01T00:00:00",
        "last_run_id": "manual_0001461_2024-01-01T00:00:00",
        "existing": 1,
        "next_start_date": None,
        "expected_seconds": None,
    }
    limited = service.create(start_date="2020-01-01", limit="3", partial=True, dry_run=True, detail="stretches")
    assert limited["counts"]["create"] == 3
    paced = service.create(
        start_date="2020-01-01", end_date="2020-01-09", pace="1/P1D", dry_run=True, detail="stretches"
    )
    assert paced["next_not_before"]
    assert service.listed() == ["there"]


def test_plan_in_short_of_a_slow_timetable_takes_several_answers():
    now = [NOW]

    def clock():
        now[0] += dt.timedelta(milliseconds=10)
        return now[0]

    body = {"start_date": "2020-01-01", "end_date": "2022-12-31", "dry_run": True, "detail": "stretches"}
    first = Service(clock).create(**body)
    assert 250 < first["counts"]["create"] < 350
    assert first["next_start_date"] > first["stretches"][-1]["last"]
    second = Service(clock).create(
        **body | {"start_date": first["next_start_date"], "planned": first["counts"]["create"]}
    )
    assert second["first_run_id"].startswith(f"manual_{first['counts']['create'] + 1:07}_")


def test_detail_needs_dry_run(service):
    answer = service.post(dag_id="example_daily", detail="stretches")
    assert (answer.status_code, error(answer)) == (400, "detail needs dry_run: it says how a plan is shown")


@pytest.mark.parametrize("written", [False, "false", "0"])
def test_without_it_the_answer_has_no_plan(service, written):
    answer = service.create(start_date="2020-01-01", end_date="2020-01-02", dry_run=written)
    assert list(answer) == ["dag_run_ids", "existing", "next_start_date", "warnings", "rerun_dag_run_ids"]
    assert len(service.listed()) == 2


def test_a_plan_may_be_made_by_those_only_who_may_create():
    class SeesAll:
        name = "ada"

        def readable_dag_ids(self, dag_id=None):
            return None

        def may_create_runs(self, dag_id):
            return False

    class Authenticator:
        def identify(self, req):
            return SeesAll()

    service = Service(authenticator=Authenticator())
    assert service.post(dag_id="example_daily", dry_run=True).status_code == 403


def test_how_long_the_runs_will_take_is_told_from_those_that_have_ended(service):
    start = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
    service.place(logical_date=start, start_date=start, end_date=start + dt.timedelta(seconds=90))
    answer = service.create(start_date="2020-01-02", end_date="2020-01-18", dry_run=True)
    assert answer["expected_seconds"] == 180.0
    nothing = service.create(start_date="2020-01-01", end_date="2020-01-01", dry_run=True)
    assert nothing["expected_seconds"] == 0


def test_a_planned_group_is_not_counted_as_created():
    meter, lines = RecordingMeter(), []
    service = Service(meter=meter, log_request=lines.append)
    service.create(dry_run=True, **MONTH)
    assert DAG_RUNS_CREATED not in meter.metrics
    assert "runs_created" not in lines[0]
    assert lines[0]["dag_id"] == "example_daily"
    service.create(**MONTH)
    assert DAG_RUNS_CREATED in meter.metrics


def test_starts_are_in_the_plan(service):
    keys = {"order": "desc", "not_before": "2025-01-02T00:00:00Z", "pace": "2/PT1H"}
    answer = service.create(start_date="2020-01-01", end_date="2020-01-03", dry_run=True, **keys)
    assert [(one["run_id"], one["run_after"]) for one in answer["plan"]] == [
        ("manual_0000001_2020-01-03T00:00:00", "2025-01-02T00:00:00Z"),
        ("manual_0000002_2020-01-02T00:00:00", "2025-01-02T00:00:00.000001Z"),
        ("manual_0000003_2020-01-01T00:00:00", "2025-01-02T01:00:00.000002Z"),
    ]
    assert answer["next_not_before"] == "2025-01-02T02:00:00Z"


def test_the_answer_says_when_a_paced_group_goes_on(service):
    created = service.create(pace="2/PT1H", limit=3, partial=True, **MONTH)
    assert created["next_not_before"] == "2025-01-01T14:00:00Z"
    assert created["next_start_date"] == "2020-01-04T00:00:00Z"


def test_runs_wait_until_they_may_start(service):
    service.create(not_before="2025-01-01T12:00:00.5Z", start_date="2020-01-01", end_date="2020-01-01")
    (stored,) = service.backend.runs
    assert stored.run_after == NOW + dt.timedelta(seconds=0.5)


def test_dates_without_an_offset_are_meant_in_the_default_time_zone():
    service = Service(default_timezone=dt.timezone(dt.timedelta(hours=1)))
    keys = {"dates": ["2020-01-01T01:00:00", "2020-01-02T00:00:00Z"], "not_before": "2026-01-01"}
    answer = service.create(dry_run=True, **keys)
    assert [one["logical_date"] for one in answer["plan"]] == ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"]
    assert answer["plan"][0]["run_after"] == "2025-12-31T23:00:00Z"


def test_conf_and_note_of_each_run_are_kept(service):
    service.create(
        dates=["2020-01-02", "2020-01-01"],
        conf={"a": 1},
        conf_per_run=[{"b": 2}, {"a": 3}],
        note="a note",
    )
    assert [(run.conf, run.note) for run in service.backend.runs] == [
        ({"a": 3}, "a note"),
        ({"a": 1, "b": 2}, "a note"),
    ]
    service.create(dates=["2020-01-03"], conf_per_run={"day": "{logical_date}", "number": "{number}"})
    assert service.backend.runs[-1].conf == {"day": "2020-01-03T00:00:00Z", "number": "3"}


def test_an_interval_is_a_duration_or_a_cron_expression(service):
    asked = {"dag_id": "example_unscheduled", "dry_run": True, **MONTH}
    assert len(service.create(interval="P1W", **asked)["dag_run_ids"]) == 5
    assert len(service.create(interval="0 6 * * 1", **asked)["dag_run_ids"]) == 4


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1S", 1), ("P1DT2H3M4S", 93784), ("P2W", 1209600), ("PT90M", 5400), ("PT1H1S", 3601), ("P3D", 259200)],
)
def test_durations_are_iso_8601(text, seconds):
    assert parse_duration(text) == dt.timedelta(seconds=seconds)


def dates(moment):
    return dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_after"), moment)
