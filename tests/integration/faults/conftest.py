"""The same real Airflow as in the other integration tests, a service on it whose deadlines are short, and an audit."""

import logging
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.airflow.conftest import DATABASE, HOME, _migrated, pytest_configure, world  # noqa: F401 - for pytest
from tests.integration.airflow.processes import Server, free_port, service
from tests.integration.faults.client import AUTHORIZED, LIMITS, MARK, PASSWORD, TOKEN, Client

NEED_POSTGRESQL = [
    "test_airflows_engine.py",
    "test_beside_airflow.py",
    "test_postgresql.py",
    "test_refused_statements.py",
    "test_two_servers.py",
    "torture",
]
collect_ignore = NEED_POSTGRESQL if DATABASE == "sqlite" else ["test_sqlite.py"]

OPTION = "AIRFLOW__AIRFLOW_API_PLUGIN__"
logs: list[Path] = []
"""Of the services that these tests have started."""

for plugin in ("broken_timetables.py", "custom_timetables.py"):
    shutil.copy(Path(__file__).with_name(plugin), HOME / "plugins")  # before Airflow looks for plugins


@pytest.fixture(autouse=True)
def no_secret_is_in_a_log(caplog):
    """See, after each fault, that the logs of services and of this process hold no secret of a conf, token or connection."""
    read = {log: log.stat().st_size for log in logs}
    yield
    formatter = logging.Formatter()
    records = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    lines = [
        line for log in logs for line in log.read_bytes()[read.get(log, 0) :].decode(errors="replace").splitlines()
    ]
    assert [text for text in [*lines, *map(formatter.format, records)] if MARK in text] == []


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
    options = {**LIMITS, "airflow_api_auth": TOKEN}
    environment = {f"{OPTION}{name.upper()}": str(value) for name, value in options.items()}
    if DATABASE == "postgresql":
        port = request.getfixturevalue("proxy").port
        url = f"postgresql+psycopg2://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = url
    log = tmp_path_factory.mktemp("service") / "service.log"
    logs.append(log)
    with service(log, environment=environment) as server:
        server.client.headers.update(AUTHORIZED)
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
            environment={f"{OPTION}DRAIN_DELAY": "600", f"{OPTION}AIRFLOW_API_AUTH": TOKEN},
        )
        logs.append(service.log)
        try:
            service.wait("/health/live")
            service.client.headers.update(AUTHORIZED)
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
    try:
        assert audit(world) == []
    finally:
        world.clear_runs()  # what is wrong here is not wrong in the next test


@pytest.fixture
def client(server, dags):
    return Client(server)
