"""The HTTP contract over real gunicorn, with two workers, on a real Airflow database."""

import datetime as dt
import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.bad_requests import BAD_REQUESTS, BadRequest
from tests.integration.airflow.processes import service

UTC = dt.timezone.utc


@pytest.fixture(scope="module")
def server(tmp_path_factory, _migrated):
    with service(tmp_path_factory.mktemp("service") / "service.log") as server:
        yield server


@pytest.fixture
def dags(world):
    """Furnish the database with the two DAGs that the requests speak of."""
    world.dag("example_daily", start_date=dt.datetime(2020, 1, 1, tzinfo=UTC), tasks=2)
    world.dag("example_unscheduled", schedule=None)
    return world


def send(server, request: BadRequest, headers=None):
    """Send it as it is, which a friendlier client would not."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    try:
        connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        sent = {"Content-Length": str(len(request.body)), **request.headers, **(headers or {})}
        for name, value in sent.items():
            connection.putheader(name, value.encode() if isinstance(value, str) else value)
        connection.endheaders(request.body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_four_endpoints_by_example(server, dags):
    client = server.client
    body = {"dag_id": "example_daily", "prefix": "p_", "start_date": "2020-01-01", "end_date": "2020-01-02"}
    assert client.post("/api/v1/dag_runs", json=body).json() == {
        "response": {
            "dag_run_ids": ["p_0000001_2020-01-01T00:00:00", "p_0000002_2020-01-02T00:00:00"],
            "existing": 0,
            "next_start_date": None,
            "warnings": [],
            "rerun_dag_run_ids": [],
        }
    }
    listed = client.get("/api/v1/dag_runs", params={"prefix": "p_", "limit": 1})
    (run,) = listed.json()["response"]["dag_runs"]
    assert run == {
        "id": run["id"],
        "dag_id": "example_daily",
        "run_id": "p_0000001_2020-01-01T00:00:00",
        "state": "queued",
        "execution_date": "2020-01-01 00:00:00",
        "start_date": "None",
        "end_date": "None",
        "external_trigger": "True",
    }
    following = client.get(listed.url.join(listed.links["next"]["url"])).json()["response"]
    assert [run["run_id"] for run in following["dag_runs"]] == ["p_0000002_2020-01-02T00:00:00"]
    assert following["next_start"] is None
    one = client.get(f"/api/v1/dag_runs/{run['run_id']}", params={"dag_id": "example_daily"})
    assert one.json() == {"response": {"dag_run": run}}
    assert client.get("/api/v1/dag_runs/unknown").json() == {
        "response": {"error": "Dag run id not found", "reason": "dag_run_not_found"}
    }
    daily, unscheduled = client.get("/api/v1/dags").json()["response"]["dags"]
    assert (daily["dag_id"], daily["is_active"], daily["last_execution"]) == (
        "example_daily",
        True,
        "2020-01-02 00:00:00",
    )
    assert (unscheduled["dag_id"], unscheduled["last_execution"]) == ("example_unscheduled", "None")


def test_bad_requests_are_refused_in_our_envelope_and_change_nothing(server, dags):
    wrong = []
    for request in BAD_REQUESTS:
        status, body = send(server, request)
        error = json.loads(body)["response"]["error"] if request.method != "HEAD" else ""
        if status != request.status or not all(words in error for words in request.says):
            wrong.append((str(request), status, error))
    assert wrong == []
    assert (dags.count_runs(), dags.count_tasks()) == (0, 0)


def test_a_client_that_lost_the_answer_sends_the_same_request_again(server, dags):
    body = json.dumps(
        {
            "dag_id": "example_daily",
            "prefix": "p",
            "start_date": "2020-01-01",
            "end_date": "2021-02-03",
            "note": "a note",
        }
    ).encode()
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.request("POST", "/api/v1/dag_runs", body)
    connection.close()  # while the request is under way
    answers = []
    for _ in range(3):
        answer = server.client.post("/api/v1/dag_runs", content=body)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json()["response"])
        assert len(answers[-1]["dag_run_ids"]) + answers[-1]["existing"] == 400
    assert answers[-1] == {
        "dag_run_ids": [],
        "existing": 400,
        "next_start_date": None,
        "warnings": [],
        "rerun_dag_run_ids": [],
    }
    assert (dags.count_runs(), dags.count_tasks()) == (400, 800)
    listed, start = [], 0
    while start is not None:
        query = {"dag_id": "example_daily", "prefix": "p_", "limit": 100, "start": start}
        page = server.client.get("/api/v1/dag_runs", params=query).json()["response"]
        listed += [run["run_id"] for run in page["dag_runs"]]
        start = page["next_start"]
    first = dt.datetime(2020, 1, 1, tzinfo=UTC)
    assert listed == [
        f"p_{number + 1:07}_{(first + dt.timedelta(days=number)).replace(tzinfo=None).isoformat()}"
        for number in range(400)
    ]


@pytest.mark.parametrize("bodies", ["identical", "overlapping"])
def test_fifty_posts_at_once_create_each_date_once_and_number_it_without_a_gap(server, dags, bodies):
    def post(number):
        end = 1 + (number % 25 if bodies == "overlapping" else 24)
        body = {"dag_id": "example_daily", "prefix": "p", "start_date": "2020-01-01", "end_date": f"2020-01-{end:02}"}
        return server.client.post("/api/v1/dag_runs", json=body)

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(post, range(50)))
    assert {answer.status_code for answer in answers} == {200}
    created = sorted(run_id for answer in answers for run_id in answer.json()["response"]["dag_run_ids"])
    assert [run_id[:9] for run_id in created] == [f"p_{number:07}" for number in range(1, 26)]
    assert len({run_id[10:] for run_id in created}) == 25
    assert (dags.count_runs(), dags.count_tasks()) == (25, 50)
