"""One Airflow for the tests of this folder."""

import pytest

from tests.browser.inside_airflow.server import ROOT, AirflowServer, auth_manager


@pytest.fixture(scope="session")
def airflow(tmp_path_factory):
    folder = tmp_path_factory.mktemp("airflow")
    server = AirflowServer(folder, auth_manager(folder))
    try:
        server.wait(f"{ROOT}/api/v2/version", seconds=180)
        yield server
    finally:
        server.stop(60)
