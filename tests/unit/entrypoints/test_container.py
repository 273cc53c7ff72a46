"""How the parts of the service are put together."""

import threading

import pytest
from dependency_injector import providers
from falcon import testing

from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.settings import Auth, Settings


def _container(**settings):
    container = Container()
    container.settings.override(providers.Object(Settings(**{"backend": "memory", "auth": Auth.NONE, **settings})))
    return container


def test_the_memory_backend_serves_its_example_dags():
    client = testing.TestClient(_container().app(), headers={"Host": "localhost"})
    dags = client.simulate_get("/api/v1/dags").json["response"]["dags"]
    assert "example_daily" in [dag["dag_id"] for dag in dags]


def test_what_was_created_is_seen_by_every_part():
    client = testing.TestClient(_container(value_format="json").app(), headers={"Host": "localhost"})
    client.simulate_post("/api/v1/dag_runs", json={"dag_id": "example_unscheduled"})
    (run,) = client.simulate_get("/api/v1/dag_runs").json["response"]["dag_runs"]
    assert run["dag_id"] == "example_unscheduled"
    assert run["external_trigger"] is True


@pytest.mark.parametrize(("token", "auth", "status"), [(None, Auth.NONE, 200), ("s3cret", Auth.TOKEN, 401)])
def test_a_token_is_asked_for_when_it_is_set(token, auth, status):
    client = testing.TestClient(_container(airflow_api_auth=token, auth=auth).app(), headers={"Host": "localhost"})
    assert client.simulate_get("/api/v1/dags").status_code == status


def test_what_is_set_of_tokens_hosts_and_rates_reaches_the_app(tmp_path):
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text("board: board-0123456789abcdef read-only\n")
    client = testing.TestClient(_container(auth=Auth.TOKEN, airflow_api_auth_file=str(path)).app())
    headers = {"Authorization": "board-0123456789abcdef"}
    assert client.simulate_get("/api/v1/dags", headers=headers).status_code == 200
    assert client.simulate_post("/api/v1/dag_runs", headers=headers).status_code == 403

    client = testing.TestClient(_container(allowed_hosts=frozenset({"a.example"}), write_rate_limit="1/day").app())
    for host, status in {"a.example": 400, "b.example": 403, "127.0.0.1": 429}.items():
        assert client.simulate_post("/api/v1/dag_runs", headers={"Host": host}).status_code == status


def test_a_token_for_some_dags_finds_them_among_those_of_the_backend(tmp_path):
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text("etl: etl-0123456789abcdef dags=*e_hourly\n")
    client = testing.TestClient(_container(auth=Auth.TOKEN, airflow_api_auth_file=str(path)).app())
    answer = client.simulate_get("/api/v1/dags", headers={"Authorization": "etl-0123456789abcdef"})
    assert [dag["dag_id"] for dag in answer.json["response"]["dags"]] == ["example_hourly"]


@pytest.mark.parametrize(
    ("option", "owner"),
    [("max_unfinished_runs_per_dag", "DAG 'example_unscheduled' has"), ("max_unfinished_runs_per_caller", "you have")],
)
def test_limits_of_unfinished_runs_reach_creations_and_retries(option, owner):
    client = testing.TestClient(_container(**{option: 1}).app(), headers={"Host": "localhost"})

    def send(target, **body):
        answer = client.simulate_post(f"/api/v1{target}", json=body)
        return answer.status_code, answer.json["response"]

    group = "/groups/example_unscheduled/manual"
    assert send("/dag_runs", dag_id="example_unscheduled")[0] == 200
    for dry_run in (True, False):
        status, response = send("/dag_runs", dag_id="example_unscheduled", dry_run=dry_run)
        assert (status, response["reason"]) == (409, "too_many_unfinished_runs")
        assert response["error"].startswith(
            f"{owner} 1 unfinished runs of groups, and 1 more would exceed the limit of 1"
        )
    assert send(f"{group}/cancel", running=True)[0] == 200
    assert send("/dag_runs", dag_id="example_unscheduled")[0] == 200
    assert send(f"{group}/retry")[1]["reason"] == "too_many_unfinished_runs"


def test_the_largest_limit_reaches_requests_their_description_and_the_caller():
    client = testing.TestClient(_container(max_limit=2000).app(), headers={"Host": "localhost"})
    hourly = {"dag_id": "example_hourly", "start_date": "2021-01-01", "end_date": "2021-03-31", "dry_run": True}

    def send(**body):
        response = client.simulate_post("/api/v1/dag_runs", json={**hourly, **body}).json["response"]
        return response.get("error") or len(response["dag_run_ids"])

    assert send(limit=2000, partial=True) == 2000
    assert send(limit=2001) == "limit must be 1 to 2000, not 2001"
    assert "more than limit=500 dates" in send()
    days = [
        f"2021-{month:02}-01T{hour:02}:{minute:02}"
        for month in range(1, 12)
        for hour in range(24)
        for minute in range(8)
    ]
    listed = {"start_date": None, "end_date": None, "dates": days[:2000]}
    assert send(**listed, conf_per_run=[{}] * 2000, limit=2000) == 2000
    assert "dates must be a list of 1 to 2000 ISO 8601 dates" in send(**{**listed, "dates": days[:2001]})
    keys = client.simulate_get("/api/v1/openapi.json").json["components"]["schemas"]["GroupRequest"]["properties"]
    assert keys["limit"]["maximum"] == keys["dates"]["maxItems"] == keys["conf_per_run"]["anyOf"][1]["maxItems"] == 2000
    assert client.simulate_get("/api/v1/me").json["response"]["me"]["max_limit"] == 2000


def test_by_default_the_largest_limit_is_500():
    client = testing.TestClient(_container().app(), headers={"Host": "localhost"})
    answer = client.simulate_post("/api/v1/dag_runs", json={"dag_id": "example_unscheduled", "limit": 501})
    assert answer.json["response"]["error"] == "limit must be 1 to 500, not 501"


def test_each_part_is_built_once_however_many_threads_ask_first():
    container = _container()
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(container.app())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert len({id(app) for app in seen}) == 1
