"""The service on the memory backend, served on loopback, and an Airflow connection to it. No scheduler is needed."""

import pytest

from tests.integration.airflow.operators.service import Service


@pytest.fixture
def service():
    with Service() as service:
        yield service


@pytest.fixture(autouse=True)
def connection(request, monkeypatch):
    """Let the default connection lead to the service, where a test has one."""
    if "service" in request.fixturenames:
        monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_RUN_GROUPS_DEFAULT", request.getfixturevalue("service").connection())
