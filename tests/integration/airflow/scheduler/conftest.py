"""One Airflow with scheduler, DAG processor and API server, and the service beside it, for all the tests of this folder."""

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.airflow.conftest import HOME, empty_world
from tests.integration.airflow.processes import airflow, service, wait_until
from tests.receiver import Receiver

EXAMPLE = Path(__file__).parents[4] / "examples" / "dags" / "example_run_group.py"
DAGS = [*sorted(Path(__file__).with_name("dags").glob("*.py")), EXAMPLE]
OF_TESTS = "executed paused paced waiting failing long dependent governed doomed quick filled"
DAG_IDS = {*OF_TESTS.split(), EXAMPLE.stem}
LISTENER = {"AIRFLOW__AIRFLOW_API_PLUGIN__LISTENER": "true"}

TOLD = HOME / "told"
"""Where the notifier ``write`` writes keys."""
NOTIFIERS = {"write": {"class": "tests.integration.airflow.told.Writing", "arguments": {"path": str(TOLD)}}}


@pytest.fixture(scope="package")
def world(_migrated):
    with empty_world() as world:
        yield world


@pytest.fixture(scope="package")
def receiver():
    """Return a web server, not started yet, to which the connection ``team`` leads."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="package")
def server(world, receiver, tmp_path_factory):
    folder = tmp_path_factory.mktemp("airflow")
    flags = [HOME / name for name in ("fail", "sleep")]
    for flag in flags:
        flag.touch()
    for file in DAGS:
        shutil.copy(file, HOME / "dags")
    team = json.dumps({"conn_type": "airflow_run_groups_webhook", "host": receiver.url})
    environment = {
        **LISTENER,
        "AIRFLOW_CONN_TEAM": team,
        "AIRFLOW__AIRFLOW_API_PLUGIN__NOTIFIERS": json.dumps(NOTIFIERS),
    }
    with airflow(folder, environment) as api, service(folder / "service.log", environment=environment) as server:
        server.airflow = api.client

        def dag_ids():
            return {dag["dag_id"] for dag in server.client.get("/api/v1/dags").json()["response"]["dags"]}

        wait_until(lambda: dag_ids() >= DAG_IDS, seconds=240, what="the DAGs in our list")
        yield server
        for flag in flags:  # the scheduler waits for the tasks that wait for them
            flag.unlink(missing_ok=True)
    for file in DAGS:
        (HOME / "dags" / file.name).unlink()
