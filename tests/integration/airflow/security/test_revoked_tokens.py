"""A token that Airflow has revoked, as its logout does: no write is made with it, and no read after a second."""

import pytest
from dependency_injector import providers
from falcon import testing

from airflow_run_groups.entrypoints.settings import Auth, Settings
from tests.integration.airflow import versions
from tests.integration.airflow.processes import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")

if versions.REVOKED_TOKENS:

    @pytest.fixture
    def manager(world, monkeypatch):
        monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_ISSUER", "airflow")
        monkeypatch.setenv(
            "AIRFLOW__API_AUTH__JWT_SECRET", "a secret to sign tokens with, as long as one for SHA-512 has to be"
        )
        from airflow_run_groups.adapters.airflow.auth import auth_manager  # noqa: PLC0415 - loads Airflow's API server

        world.dag("a")
        return auth_manager()

    def test_a_revoked_token_is_refused_to_writes_at_once_and_to_reads_in_time(manager):
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - warns

        from airflow_run_groups.entrypoints.container import Container  # noqa: PLC0415 - after the environment

        container = Container()
        container.settings.override(providers.Object(Settings(auth=Auth.AIRFLOW)))
        client = testing.TestClient(container.app())
        token = manager.generate_jwt(SimpleAuthManagerUser(username="Ada", role="admin"))
        headers = {"Authorization": f"Bearer {token}"}

        def read():
            return client.simulate_get("/api/v1/dags", headers=headers).status_code

        def write():
            return client.simulate_post("/api/v1/dag_runs", headers=headers, json={"dag_id": "none"}).status_code

        assert [read(), write()] == [200, 404]
        manager.revoke_token(token)
        assert write() == 401
        wait_until(lambda: read() == 401, what="the 401 of a revoked token")
        assert read() == 401
