"""``GET /api/v1/dags``."""

import datetime as dt

from airflow_run_groups.adapters.memory.demo import EXAMPLE_DAGS
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from tests.unit.http.service import UTC, Service


def test_a_dag_is_listed_with_its_state_its_file_and_the_date_of_its_last_run(service):
    service.place(run_id="later", logical_date=dt.datetime(2020, 1, 2, 12, tzinfo=UTC))
    service.place(run_id="earlier", logical_date=dt.datetime(2020, 1, 1, tzinfo=UTC))
    assert service.ask("/api/v1/dags")["dags"][0] == {
        "is_active": True,
        "dag_id": "example_daily",
        "full_path": "dags/example_daily.py",
        "last_execution": "2020-01-02 12:00:00",
    }


def test_dags_are_listed_by_their_id(service):
    ids = [dag["dag_id"] for dag in service.ask("/api/v1/dags")["dags"]]
    assert ids == sorted(ids)
    assert set(ids) == {dag.dag_id for dag in EXAMPLE_DAGS}


def test_a_paused_dag_is_not_active_in_either_format():
    for value_format in ValueFormat:
        dags = Service(value_format=value_format).ask("/api/v1/dags")["dags"]
        active = {dag["dag_id"]: dag["is_active"] for dag in dags}
        assert active["example_paused"] is False
        assert active["example_daily"] is True


def test_a_dag_without_runs_has_no_last_execution():
    text = Service().ask("/api/v1/dags")["dags"][0]
    json = Service(value_format=ValueFormat.JSON).ask("/api/v1/dags")["dags"][0]
    assert (text["last_execution"], json["last_execution"]) == ("None", None)


def test_in_json_the_last_execution_is_an_rfc_3339_date():
    service = Service(value_format=ValueFormat.JSON)
    service.place(logical_date=dt.datetime(2020, 1, 2, 12, 0, 0, 5, tzinfo=UTC))
    assert service.ask("/api/v1/dags")["dags"][0]["last_execution"] == "2020-01-02T12:00:00.000005Z"


def test_a_page_of_dags_has_more_keys_and_leads_to_the_next(service):
    first = service.get("/api/v1/dags?limit=2&q=EXAMPLE_")
    payload = first.json["response"]
    assert payload["dags"][0] == {
        "dag_id": "example_daily",
        "is_active": True,
        "full_path": "dags/example_daily.py",
        "last_execution": "None",
        "schedule": "0 0 * * *",
        "is_paused": False,
        "max_active_runs": 16,
        "allows_range": True,
        "may": {"create": True, "change": True},
    }
    assert payload["next_start"] == payload["dags"][1]["dag_id"]
    assert first.headers["link"] == f'<?limit=2&q=EXAMPLE_&start={payload["next_start"]}>; rel="next"'
    rest = service.ask(f"/api/v1/dags?q=example_&start={payload['next_start']}")
    everything = [dag["dag_id"] for dag in service.ask("/api/v1/dags")["dags"] if "example_" in dag["dag_id"]]
    assert [dag["dag_id"] for dag in [*payload["dags"], *rest["dags"]]] == everything
    assert rest["next_start"] is None


def test_without_parameters_the_list_is_the_one_that_it_always_was(service):
    payload = service.ask("/api/v1/dags")
    assert list(payload) == ["dags"]
    assert {frozenset(dag) for dag in payload["dags"]} == {
        frozenset({"dag_id", "is_active", "full_path", "last_execution"})
    }


def test_a_dag_without_a_schedule_allows_no_range(service):
    (dag,) = service.ask("/api/v1/dags?q=unscheduled")["dags"]
    assert (dag["schedule"], dag["allows_range"]) == (None, False)
