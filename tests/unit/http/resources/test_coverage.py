"""``GET /api/v1/coverage``."""

import datetime as dt

import pytest

from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from tests.unit.http.service import Service, error

UTC = dt.timezone.utc
WEEK = "/api/v1/coverage?dag_id=example_daily&start_date=2020-01-01&end_date=2020-01-07"


@pytest.mark.parametrize("value_format", list(ValueFormat))
def test_each_date_of_a_range_is_shown_with_its_run_in_either_format(value_format):
    service = Service(value_format=value_format)
    service.place(run_id="there", logical_date=dt.datetime(2020, 1, 2, tzinfo=UTC), state="success")
    found = service.ask(f"{WEEK}&detail=dates")["coverage"]
    assert found["dates"][:2] == [
        {"logical_date": "2020-01-01T00:00:00Z", "status": "missing", "run_id": None, "run_type": None},
        {"logical_date": "2020-01-02T00:00:00Z", "status": "success", "run_id": "there", "run_type": "manual"},
    ]
    assert (found["total"], found["complete"], found["counts"]["missing"]) == (7, False, 6)
    assert [(one["status"], one["total"]) for one in found["stretches"]] == [
        ("missing", 1),
        ("success", 1),
        ("missing", 5),
    ]
    assert "dates" not in service.ask(WEEK)["coverage"]


def test_a_range_that_is_filled_and_has_succeeded_is_complete(service):
    service.create(start_date="2020-01-01", end_date="2020-01-07")
    for stored in service.backend.dags["example_daily"].runs:
        stored.run = stored.run._replace(state="success", end_date=dt.datetime(2020, 2, 1, tzinfo=UTC))
    assert service.ask(WEEK)["coverage"]["complete"] is True


def test_a_range_wholly_outside_the_dags_own_dates_is_shown(service):
    found = service.ask("/api/v1/coverage?dag_id=example_daily&start_date=2019-12-01&end_date=2019-12-03")["coverage"]
    assert (found["counts"]["before_start"], found["complete"]) == (3, True)


def test_coverage_that_has_not_changed_is_a_304(service):
    tag = service.get(WEEK).headers["etag"]
    assert service.get(WEEK, headers={"If-None-Match": tag}).status_code == 304
    service.create(start_date="2020-01-01", end_date="2020-01-01")
    assert service.get(WEEK, headers={"If-None-Match": tag}).status_code == 200


def test_a_long_range_is_covered_in_parts():
    service = Service()
    target = "/api/v1/coverage?dag_id=example_hourly&start_date=2020-01-01&end_date=2021-12-31"
    first = service.ask(target)["coverage"]
    assert (first["total"], first["complete"]) == (10_000, False)
    rest = service.ask(target.replace("2020-01-01", first["next_start_date"]))["coverage"]
    assert (first["total"] + rest["total"], rest["next_start_date"]) == (730 * 24 + 1, None)


def test_a_dag_that_the_caller_may_not_see_is_not_found():
    service = Service()
    answer = service.get("/api/v1/coverage?dag_id=secret&start_date=2020-01-01")
    assert (answer.status_code, error(answer)) == (404, "Dag id 'secret' not found")


def test_several_dags_are_counted_a_page_at_a_time(service):
    service.place(run_id="there", logical_date=dt.datetime(2020, 1, 2, tzinfo=UTC), state="success")
    several = f"{WEEK}&dag_id=example_unscheduled&dag_id=example_paused"
    first = service.get(f"{several}&limit=2")
    payload = first.json["response"]
    assert payload["coverages"][0] == {
        "dag_id": "example_daily",
        "total": 7,
        "counts": {**service.ask(WEEK)["coverage"]["counts"], "success": 1, "missing": 6},
        "complete": False,
        "next_start_date": None,
        "problem": None,
    }
    assert [one["dag_id"] for one in payload["coverages"]] == ["example_daily", "example_paused"]
    assert payload["next_start"] == "example_paused"
    assert service.get(f"{several}&limit=2", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    second = service.ask("/api/v1/coverage" + first.headers["link"][1:].partition(">")[0])
    (unscheduled,) = second["coverages"]
    assert (unscheduled["dag_id"], unscheduled["total"], unscheduled["complete"]) == ("example_unscheduled", 0, False)
    assert unscheduled["problem"]["reason"] == "invalid_request"
    assert second["next_start"] is None


def test_one_dag_on_a_page_is_counted(service):
    (one,) = service.ask(f"{WEEK}&limit=5")["coverages"]
    assert (one["dag_id"], one["total"]) == ("example_daily", 7)


def test_a_tag_that_no_dag_has_counts_nothing(service):
    assert service.ask("/api/v1/coverage?tag=none&start_date=2020-01-01") == {"coverages": [], "next_start": None}
