"""The plugin as it is installed. It is the same on either database, and its tests take long: once is enough."""

import pytest

from tests.integration.airflow.conftest import DATABASE
from tests.integration.airflow.plugin import installed

collect_ignore_glob = [] if DATABASE == "postgresql" else ["test_*.py"]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return a folder with the built wheel in it, which goes before whatever else is installed."""
    return installed.install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def database(_migrated):
    """Return the database with two DAGs in it, ``example_daily`` and ``example_unscheduled``."""
    return installed.furnish()
