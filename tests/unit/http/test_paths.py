"""A path has one spelling: what a proxy's rule for a path does not know is a 404, and not the same as what it knows."""

from urllib.parse import urlsplit

import pytest
from falcon import testing

from airflow_run_groups.adapters.memory import demo_backend
from airflow_run_groups.entrypoints.http.middleware import is_spelled
from airflow_run_groups.entrypoints.metrics import MetricsResource, PrometheusMeter
from tests.demo import demo_app
from tests.unit.http.service import NOW, reason

ROUTES = [
    "/metrics",
    "/health/live",
    "/health/ready",
    "/api/v1/metrics",
    "/api/v1/health/live",
    "/api/v1/health/ready",
    "/api/v1/openapi.json",
    "/api/v1/docs/docs.css",
    "/api/v1/dags",
    "/api/v1/dag_runs",
    "/api/v1/dag_runs/a_run",
    "/api/v1/groups",
    "/api/v1/groups/example_daily/p",
    "/api/v1/groups/example_daily/p/cancel",
]
RESPELLED = {
    "slash at the end": lambda path: f"{path}/",
    "two slashes at the end": lambda path: f"{path}//",
    "encoded slash at the end": lambda path: f"{path}%2f",
    "encoded letter": lambda path: path.replace("/", "/%", 1).replace("%", f"%{ord(path[1]):02x}", 1)[:4] + path[2:],
    "encoded slash": lambda path: f"/{path[1:].replace('/', '%2f')}" if path.count("/") > 1 else f"/{path}",
    "two slashes": lambda path: f"{path[:-1].rpartition('/')[0]}//{path[:-1].rpartition('/')[2]}{path[-1]}",
    "slash at the beginning": lambda path: f"/{path}",
    "dot": lambda path: f"/.{path}",
}


@pytest.fixture(scope="module")
def client():
    backend = demo_backend(clock=lambda: NOW)
    return testing.TestClient(
        demo_app(lambda: NOW, backend=backend, metrics=MetricsResource(PrometheusMeter())),
        headers={"Host": "localhost"},
    )


@pytest.mark.parametrize("path", ROUTES)
def test_path_in_its_own_spelling_is_there(client, path):
    answer = client.simulate_post(path) if path.endswith("cancel") else client.simulate_get(path)
    assert answer.status_code == 200 or reason(answer) not in {"route_not_found", "internal_error"}


@pytest.mark.parametrize("spelling", RESPELLED)
@pytest.mark.parametrize("path", ROUTES)
def test_path_in_any_other_spelling_is_not_found(client, path, spelling):
    respelled = RESPELLED[spelling](path)
    assert respelled != path
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
        answer = client.simulate_request(method, respelled)
        assert answer.status_code == 404, (method, respelled)
    assert reason(client.simulate_get(respelled)) == "route_not_found"


def test_path_of_a_server_that_does_not_say_how_it_was_written_is_read_as_it_is(client):
    assert client.simulate_get("/metrics", extras={"RAW_URI": ""}).status_code == 200
    assert client.simulate_get("/metrics/", extras={"RAW_URI": ""}).status_code == 404


def test_path_of_a_request_with_a_host_in_its_target_is_that_of_the_target(client):
    for target, status in (("http://localhost/metrics", 200), ("http://localhost/%6detrics", 404)):
        answer = client.simulate_get(urlsplit(target).path, extras={"RAW_URI": target})
        assert answer.status_code == status, target


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        ("/api/v1/groups/a/b", True),
        ("/below/api/v1/groups/a/b", True),
        ("/api/v1/groups/%61/b%20c", True),
        ("/api/v1/groups/a%2Fb", False),
        ("/api/v1/group%73/a/b", False),
        ("/api%2fv1/groups/a/b", False),
        ("groups/a/b", False),
    ],
)
def test_ids_may_be_written_as_they_like_and_words_of_a_route_may_not(path, spelled):
    assert is_spelled(path, "/api/v1/groups/{dag_id}/{prefix}") is spelled
