"""``POST /api/v1/dag_runs`` with ``reprocess_behavior`` and ``plan_id``: what comes back, and who may."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.metrics import DAG_RUNS_RERUN
from airflow_run_groups.entrypoints.http.security.authentication import FullAccess
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate
from tests.demo import RecordingMeter
from tests.unit.http.service import Service, error, reason

FEBRUARY = {"prefix": "g", "start_date": "2020-02-01", "end_date": "2020-02-03", "reprocess_behavior": "failed"}


def with_runs(**parts):
    """A service that has a failed run of 1 February, and a successful one of the 2nd."""
    service = Service(**parts)
    for day, state in ((1, "failed"), (2, "success")):
        date = dt.datetime(2020, 2, day, tzinfo=dt.timezone.utc)
        service.place(run_id=f"r{day}", logical_date=date, state=state)
    return service


def test_a_response_names_the_runs_that_run_again():
    lines, meter = [], RecordingMeter()
    answer = with_runs(log_request=lines.append, meter=meter).create(**FEBRUARY)
    assert answer["dag_run_ids"] == ["g_0000001_2020-02-03T00:00:00"]
    assert answer["rerun_dag_run_ids"] == ["r1"]
    assert answer["existing"] == 1
    assert (lines[-1]["runs_created"], lines[-1]["runs_rerun"], lines[-1]["existing_dates"]) == (1, 1, 1)
    assert (DAG_RUNS_RERUN, 1) in meter.values


def test_a_plan_shows_what_runs_again_and_a_creation_does_that_plan():
    service = with_runs()
    plan = service.create(**FEBRUARY, dry_run=True)
    assert [(one["action"], one["run_id"], one["state"], one["run_type"]) for one in plan["plan"]] == [
        ("rerun", "r1", "failed", "manual"),
        ("exists", "r2", "success", "manual"),
        ("create", "g_0000001_2020-02-03T00:00:00", None, "backfill"),
    ]
    assert plan["rerun_dag_run_ids"] == ["r1"]
    short = service.create(**FEBRUARY, dry_run=True, detail="stretches")
    assert (short["counts"]["rerun"], short["counts"]["create"]) == (1, 1)
    assert short["plan_id"]
    created = service.create(**FEBRUARY, plan_id=plan["plan_id"])
    assert (created["dag_run_ids"], created["rerun_dag_run_ids"]) == (plan["dag_run_ids"], plan["rerun_dag_run_ids"])
    again = service.create(**FEBRUARY, plan_id=plan["plan_id"])
    assert (again["dag_run_ids"], again["rerun_dag_run_ids"], again["existing"]) == ([], [], 3)


def test_a_plan_that_has_changed_is_a_409():
    service = with_runs()
    plan = service.create(**FEBRUARY, dry_run=True)
    service.place(run_id="other", logical_date=dt.datetime(2020, 2, 3, tzinfo=dt.timezone.utc))
    answer = service.post(dag_id="example_daily", **FEBRUARY, plan_id=plan["plan_id"])
    assert (answer.status_code, reason(answer)) == (409, "plan_changed")
    assert "it was to create 1 and to run again 1, and now it is 0 and 1" in error(answer)
    assert service.listed("?state=failed") == ["r1"]


def test_the_plan_of_a_minute_ago_and_of_an_hour_ago():
    now = [dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc)]
    service = with_runs(clock=lambda: now[0])
    plan = service.create(**FEBRUARY, dry_run=True)
    now[0] += dt.timedelta(hours=1)
    answer = service.post(dag_id="example_daily", **FEBRUARY, plan_id=plan["plan_id"])
    assert (answer.status_code, reason(answer)) == (409, "plan_expired")
    now[0] -= dt.timedelta(minutes=59)
    assert service.create(**FEBRUARY, plan_id=plan["plan_id"])["rerun_dag_run_ids"] == ["r1"]


class Creator(FullAccess):
    """May create runs, and not change them."""

    def may_change_runs(self, dag_id):
        return False


class Reader(Creator):
    """May see other DAGs only."""

    def readable_dag_ids(self, dag_id=None):
        return frozenset({"example_hourly"})


class As:
    def __init__(self, caller):
        self._caller = caller

    def identify(self, req):
        return self._caller


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("caller", "status", "expected"),
    [(Creator("ada"), 403, "may_not_change_runs"), (Reader("ada"), 404, "dag_not_found")],
)
def test_running_again_takes_the_permission_to_change_runs(dry_run, caller, status, expected):
    service = with_runs(authenticator=As(caller))
    answer = service.post(dag_id="example_daily", **FEBRUARY, dry_run=dry_run)
    assert (answer.status_code, reason(answer)) == (status, expected)
    assert [stored.run.state for stored in service.backend.runs] == ["failed", "success"]


def test_dry_runs_have_a_rate_limit_of_their_own():
    service = Service(write_rate=WriteRate("1/hour", plans="3/hour"))
    body = {"dag_id": "example_daily", "start_date": "2020-01-01", "end_date": "2020-01-02"}
    assert [service.post(**body, dry_run=True).status_code for _ in range(3)] == [200] * 3
    refused = service.post(**body, dry_run="true")
    assert (refused.status_code, reason(refused)) == (429, "rate_limited")
    assert error(refused) == "rate limit exceeded: 3/hour requests with dry_run per caller"
    assert service.post(**body).status_code == 200
    assert service.post(**body).status_code == 429
    for path in ("cancel", "retry"):
        assert service.request("POST", f"/api/v1/groups/example_daily/manual/{path}", json={}).status_code == 429


def test_dry_runs_of_other_requests_count_with_them():
    service = Service(write_rate=WriteRate("2/hour"))
    service.create(start_date="2020-01-01", end_date="2020-01-02")
    path = "/api/v1/groups/example_daily/manual"
    assert service.request("POST", f"{path}/cancel", json={"dry_run": True}).status_code == 200
    assert service.request("PATCH", path, json={"paused": True, "dry_run": True}).status_code == 200
    assert service.request("POST", f"{path}/retry", json={"dry_run": True}).status_code == 429
    assert service.request("POST", f"{path}/retry", json={"dry_run": "perhaps"}).status_code == 400
    assert service.request("PATCH", path, json={"paused": True}).status_code == 429


def test_dry_runs_alone_can_be_limited():
    service = Service(write_rate=WriteRate(None, plans="1/hour"))
    body = {"dag_id": "example_daily", "start_date": "2020-01-01", "end_date": "2020-01-02"}
    assert [service.post(**body, dry_run=True).status_code for _ in range(2)] == [200, 429]
    assert {service.post(**body).status_code for _ in range(3)} == {200}
