"""``GET /api/v1/dag_runs/<dag_run_id>``, and how the values of a run are written."""

import datetime as dt
from urllib.parse import quote

import pytest

from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from tests.unit.http.service import UTC, Service, error


def _finished(service):
    service.place(
        run_id="scheduled__2017-09-19T12:00:00",
        run_type="scheduled",
        logical_date=dt.datetime(2017, 9, 19, 12, tzinfo=UTC),
        start_date=dt.datetime(2017, 9, 20, 18, 10, 2, 190813, tzinfo=UTC),
        end_date=dt.datetime(2017, 9, 20, 20, 10, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    )
    return service.ask("/api/v1/dag_runs/scheduled__2017-09-19T12:00:00")


def test_as_text_every_value_is_text():
    assert _finished(Service()) == {
        "dag_run": {
            "id": 1,
            "dag_id": "example_daily",
            "run_id": "scheduled__2017-09-19T12:00:00",
            "state": "success",
            "execution_date": "2017-09-19 12:00:00",
            "start_date": "2017-09-20 18:10:02.190813",
            "end_date": "2017-09-20 18:10:02",
            "external_trigger": "False",
        }
    }


def test_as_json_dates_end_in_z_and_truth_values_are_booleans():
    assert _finished(Service(value_format=ValueFormat.JSON)) == {
        "dag_run": {
            "id": 1,
            "dag_id": "example_daily",
            "run_id": "scheduled__2017-09-19T12:00:00",
            "state": "success",
            "execution_date": "2017-09-19T12:00:00Z",
            "start_date": "2017-09-20T18:10:02.190813Z",
            "end_date": "2017-09-20T18:10:02Z",
            "external_trigger": False,
        }
    }


@pytest.mark.parametrize(("value_format", "nothing", "yes"), [("text", "None", "True"), ("json", None, True)])
def test_a_run_that_has_not_started_has_no_dates_of_its_own(value_format, nothing, yes):
    service = Service(value_format=ValueFormat(value_format))
    service.place(state="queued")
    run = service.ask("/api/v1/dag_runs/a_run")["dag_run"]
    assert [run[key] for key in ("execution_date", "start_date", "end_date")] == [nothing] * 3
    assert run["external_trigger"] == yes
    assert run["state"] == "queued"


@pytest.mark.parametrize("run_id", ["manual__2020-01-01T00:00:00+00:00", "a:b+c~d.e-f_g", "ünïcode", "with space"])
def test_a_run_is_found_whether_its_id_is_percent_encoded_or_not(service, run_id):
    service.place(run_id=run_id)
    for path in (run_id, quote(run_id, safe=""), quote(run_id, safe=":+")):
        assert service.ask(f"/api/v1/dag_runs/{path}")["dag_run"]["run_id"] == run_id


def test_a_trailing_slash_is_another_path_at_which_there_is_nothing(service):
    service.place()
    for path in ("/api/v1/dag_runs/a_run/", "/api/v1/dag_runs/"):
        assert service.get(path).status_code == 404


def test_a_run_id_that_several_dags_have_is_a_conflict_that_names_them(service):
    service.place("example_daily")
    service.place("example_hourly")
    result = service.get("/api/v1/dag_runs/a_run")
    assert result.status_code == 409
    assert "example_daily, example_hourly" in error(result)
    assert service.ask("/api/v1/dag_runs/a_run?dag_id=example_hourly")["dag_run"]["dag_id"] == "example_hourly"
