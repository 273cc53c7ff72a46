"""The same real Airflow as in the other integration tests, a service on it whose deadlines are short, and an audit."""

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.airflow.conftest import DATABASE, HOME, _migrated, pytest_configure, world  # noqa: F401 - for pytest
from tests.integration.airflow.processes import Server, free_port, service
from tests.integration.faults.client import LIMITS, Client

NEED_POSTGRESQL = [
    "test_airflows_engine.py",
    "test_beside_airflow.py",
    "test_postgresql.py",
    "test_two_servers.py",
    "torture",
]
collect_ignore = NEED_POSTGRESQL if DATABASE == "sqlite" else ["test_sqlite.py"]

for plugin in ("broken_timetables.py", "custom_timetables.py"):
    shutil.copy(Path(__file__).with_name(plugin), HOME / "plugins")  # before Airflow looks for plugins


@pytest.fixture(scope="session")
def postgres(_migrated):  # noqa: F811 - the fixture
    from tests.integration.faults.postgres import Postgres  # noqa: PLC0415 - only where there is one

    return Postgres()


@pytest.fixture(scope="session")
def proxy(postgres):
    from tests.integration.faults.proxy import FaultProxy  # noqa: PLC0415 - as above

    proxy = FaultProxy(postgres.socket)
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def server(request, _migrated, tmp_path_factory):  # noqa: F811 - the fixture
    environment = {f"AIRFLOW__AIRFLOW_API_PLUGIN__{name.upper()}": str(value) for name, value in LIMITS.items()}
    if DATABASE == "postgresql":
        port = request.getfixturevalue("proxy").port
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://postgres@127.0.0.1:{port}/postgres"
    with service(tmp_path_factory.mktemp("service") / "service.log", environment=environment) as server:
        yield server


@pytest.fixture(scope="session")
def start_service(_migrated, tmp_path_factory):  # noqa: F811 - the fixture
    """Start services with the limits that they have by default, whose masters have used the database before they fork."""

    @contextmanager
    def start_service(name):
        port = free_port()
        service = Server(
            *(sys.executable, "-m", "gunicorn", "-c", str(Path(__file__).with_name("connected_master.py"))),
            *("airflow_run_groups.entrypoints.wsgi:app", "--bind", f"127.0.0.1:{port}"),
            port=port,
            log=tmp_path_factory.mktemp(name) / "service.log",
            environment={"AIRFLOW__AIRFLOW_API_PLUGIN__DRAIN_DELAY": "600"},
        )
        try:
            service.wait("/health/live")
            yield service
        finally:
            service.client.close()
            service.kill()

    return start_service


@pytest.fixture(scope="session")
def first(start_service):
    with start_service("first") as first:
        yield first


@pytest.fixture(scope="session")
def second(start_service):
    with start_service("second") as second:
        yield second


@pytest.fixture
def dags(world):  # noqa: F811 - the fixture
    """Furnish the database, and see that nothing in it is half done when the test is over."""
    from tests.integration.faults.audit import audit  # noqa: PLC0415 - after the environment

    world.dag("a_dag", tasks=2)
    world.dag("other", tasks=2)
    yield world
    assert audit(world) == []


@pytest.fixture
def client(server, dags):
    return Client(server)
