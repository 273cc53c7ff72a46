"""Commands beside an Airflow. They are the same on either database, and each starts an Airflow: once is enough."""

from tests.integration.airflow import versions
from tests.integration.airflow.conftest import DATABASE

collect_ignore_glob = [] if DATABASE == "sqlite" and versions.MINOR >= (3, 2) else ["test_*.py"]
