"""Requests that nobody would send who means well, to the service on a real database."""

import datetime as dt
from urllib.parse import quote

import pytest
from airflow.models.dagrun import DagRun
from sqlalchemy import select

from tests.contracts.fuzzing import FIRST_GROUP, TOKEN, fuzz
from tests.contracts.hostile import HOSTILE
from tests.envelope import is_error
from tests.integration.airflow.processes import service

AUTHORIZED = {"Authorization": TOKEN}


@pytest.fixture(scope="module")
def server(tmp_path_factory, _migrated):
    log = tmp_path_factory.mktemp("service") / "service.log"
    with service(log, environment={"AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH": TOKEN}) as server:
        yield server
    assert "Traceback" not in log.read_text()


@pytest.fixture
def first(server, world):
    """Furnish the database, and return the run ids of a first group in it."""
    start = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
    world.dag("example_daily", start_date=start, tasks=2)
    world.dag("example_hourly", schedule="0 * * * *", start_date=start, tasks=2)
    world.dag("example_unscheduled", schedule=None, tasks=2)
    answer = server.client.post("/api/v1/dag_runs", json=FIRST_GROUP, headers=AUTHORIZED)
    return answer.json()["response"]["dag_run_ids"]


def test_every_answer_is_as_described_and_what_is_refused_changes_nothing(server, world, first, tmp_path):
    created = fuzz(f"{server.url}/api/v1", tmp_path)
    assert len(created) > 0
    assert world.count_runs() == len(first + created)
    assert world.count_tasks() == 2 * len(first + created)


def test_a_text_means_nothing_but_itself_to_the_database(server, world, first):
    wrong = []
    for text in HOSTILE:
        word = quote(text, safe="").replace(".", "%2E")  # or a client would take two dots for the folder above
        for target, expected in {
            f"/api/v1/dag_runs?prefix={word}": [run_id for run_id in first if run_id.startswith(text)],
            f"/api/v1/dag_runs?dag_id={word}": [],
            f"/api/v1/dag_runs?dag_id=example_daily&prefix={word}": [id_ for id_ in first if id_.startswith(text)],
        }.items():
            answer = server.client.get(target, headers=AUTHORIZED)
            listed = [run["run_id"] for run in answer.json()["response"].get("dag_runs", [])]
            if (answer.status_code, listed) != (200, expected):
                wrong.append((target, answer.status_code, answer.text))
        for target, status in {
            f"/api/v1/dag_runs?start={word}": 400 if text.isdigit() else 404,
            f"/api/v1/dag_runs?state={word}": 400,
            f"/api/v1/dag_runs?{word}=1": 400,
            f"/api/v1/dag_runs/{word}": 404,
            f"/api/v1/dag_runs/{word}?dag_id=example_daily": 404,
            f"/api/v1/dag_runs/{first[0]}?dag_id={word}": 404,
        }.items():
            answer = server.client.get(target, headers=AUTHORIZED)
            if answer.status_code != status or not is_error(answer.json()):
                wrong.append((target, answer.status_code, answer.text))
        for body in (
            {"dag_id": text},
            {"dag_id": "example_daily", "start_date": text},
            {"dag_id": "example_daily", "limit": text},
            {"dag_id": "example_daily", "partial": f" {text}"},
            {"dag_id": "example_daily", "conf": text},
            {"dag_id": "example_daily", text: 1},
        ):
            answer = server.client.post("/api/v1/dag_runs", json=body, headers=AUTHORIZED)
            if answer.status_code not in (400, 404) or not is_error(answer.json()):
                wrong.append((body, answer.status_code, answer.text))
    assert wrong == []
    assert (world.count_runs(), world.count_tasks()) == (len(first), 2 * len(first))


def test_a_configuration_is_stored_letter_for_letter(server, world, first):
    conf = {text: [text, {text: text}] for text in HOSTILE}
    body = {"dag_id": "example_unscheduled", "prefix": "conf", "conf": conf}
    (run_id,) = server.client.post("/api/v1/dag_runs", json=body, headers=AUTHORIZED).json()["response"]["dag_run_ids"]
    with world.sessions() as session:
        assert session.scalar(select(DagRun.conf).where(DagRun.run_id == run_id)) == conf
