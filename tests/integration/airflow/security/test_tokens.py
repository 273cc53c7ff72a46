"""Whose token it was stands in Airflow's database, through a real gunicorn with two workers."""

import json
import os
import subprocess
import sys

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from sqlalchemy import delete, select

from tests.integration.airflow import versions
from tests.integration.airflow.processes import service

CI, BOARD, SHARED = "ci-0123456789abcdef", "board-0123456789abcdef", "shared-0123456789abcdef"
ETL = "etl-0123456789abcdef"
OPTION = "AIRFLOW__AIRFLOW_API_PLUGIN__"


@pytest.fixture(scope="module")
def server(tmp_path_factory, _migrated):
    folder = tmp_path_factory.mktemp("service")
    path = folder / "tokens"
    path.touch(mode=0o600)
    path.write_text(f"ci: {CI}\nboard: {BOARD} read-only\netl: {ETL} create dags=etl_*\n")
    environment = {f"{OPTION}AIRFLOW_API_AUTH_FILE": str(path), f"{OPTION}AIRFLOW_API_AUTH": SHARED}
    with service(folder / "service.log", environment=environment) as server:
        yield server


@pytest.fixture
def ask(server, world):
    world.dag("unscheduled", schedule=None)
    with world.sessions.begin() as session:
        session.execute(delete(Log))

    def ask(token):
        headers = {"Authorization": f"Bearer {token}"}
        return server.client.post("/api/v1/dag_runs", json={"dag_id": "unscheduled"}, headers=headers)

    return ask


def entries(world):
    with world.sessions() as session:
        return session.scalars(select(Log).order_by(Log.id)).all()


@pytest.mark.parametrize(("token", "name"), [(CI, "ci"), (SHARED, None)])
def test_what_is_created_bears_the_name_of_the_token_unless_it_is_shared(world, ask, token, name):
    assert ask(token).status_code == 200
    (entry,) = entries(world)
    assert (entry.event, entry.owner, entry.owner_display_name) == ("trigger_dag_run", name or "anonymous", name)
    if versions.USER_OF_THE_TRIGGER:
        with world.sessions() as session:
            assert session.scalars(select(DagRun.triggering_user_name)).all() == [name]


def test_a_read_only_token_creates_nothing_but_an_entry(world, ask):
    answer = ask(BOARD)
    assert answer.status_code == 403
    (entry,) = entries(world)
    assert (entry.event, entry.dag_id, entry.owner) == ("forbidden", None, "board")
    assert json.loads(entry.extra) == {
        "request": "POST /api/v1/dag_runs",
        "reason": answer.json()["response"]["error"],
    }
    assert world.count_runs() == 0


def test_a_token_for_some_dags_sees_no_other_and_creates_runs_of_its_own_only(server, world):
    world.dag("etl_a", schedule=None)
    world.dag("other", schedule=None)
    for dag_id in ("etl_a", "other"):
        world.run(dag_id, "a_run")
    headers = {"Authorization": ETL}

    def get(target):
        return server.client.get(f"/api/v1{target}", headers=headers)

    assert [dag["dag_id"] for dag in get("/dags").json()["response"]["dags"]] == ["etl_a"]
    assert [run["dag_id"] for run in get("/dag_runs").json()["response"]["dag_runs"]] == ["etl_a"]
    assert get("/dag_runs/a_run").json()["response"]["dag_run"]["dag_id"] == "etl_a"
    assert get("/groups?dag_id=other").status_code == 404
    created = [
        server.client.post("/api/v1/dag_runs", json={"dag_id": dag_id}, headers=headers).status_code
        for dag_id in ("etl_a", "other")
    ]
    assert created == [200, 404]
    answer = server.client.post("/api/v1/groups/etl_a/manual/cancel", headers=headers)
    assert answer.json()["response"]["reason"] == "may_not_change_runs"
    assert world.count_runs() == 3


def test_a_caller_who_does_not_stop_is_refused_each_time_and_entered_a_few_times(world, ask):
    assert {ask(BOARD).status_code for _ in range(50)} == {403}
    assert 0 < len(entries(world)) <= 2 * 2 * 10  # in each of two workers, and in two minutes at most


@pytest.mark.usefixtures("_migrated")
def test_a_command_that_prints_the_token_runs_once(tmp_path):
    script, runs = tmp_path / "script", tmp_path / "runs"
    script.write_text(f"#!/bin/sh\necho run >> {runs}\necho s3cret-token\n")
    script.chmod(0o700)

    def count_runs(*module):
        runs.write_text("")
        environment = {**os.environ, f"{OPTION}AIRFLOW_API_AUTH_CMD": str(script)}
        subprocess.run([sys.executable, *module], env=environment, capture_output=True, check=True)
        return len(runs.read_text().splitlines())

    configuration = ("-c", "python:airflow_run_groups.entrypoints.gunicorn.configuration")
    start = ("-m", "gunicorn", "--check-config", *configuration, "airflow_run_groups.entrypoints.wsgi:app")
    of_airflow_itself = count_runs("-c", "import airflow.configuration")  # to mask the token in its logs
    assert count_runs(*start) == of_airflow_itself + 1
