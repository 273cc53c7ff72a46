"""Long proofs under Airflow's own scheduler, each with a make target of its own."""

from tests.integration.airflow.conftest import _migrated, pytest_configure, world  # noqa: F401 - for pytest
