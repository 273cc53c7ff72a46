"""What the in-memory service and the commands load: the less, the sooner they start."""

import os
import subprocess
import sys

from tests.unit.test_packaging import loaded_by


def test_the_memory_service_loads_neither_airflow_nor_sqlalchemy():
    code = (
        "import sys, airflow_run_groups.entrypoints.gunicorn.configuration, airflow_run_groups.entrypoints.wsgi\n"
        "print([name for name in ('airflow', 'sqlalchemy') if name in sys.modules])"
    )
    environ = {**os.environ, "AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "memory"}
    result = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_whoever_serves_waits_for_nothing_that_the_other_commands_need():
    assert loaded_by("import airflow_run_groups.entrypoints.terminal.command_line.main").isdisjoint(
        {"falcon", "gunicorn", "httpx", "rich", "tenacity", "yaml"}
    )
