"""What the in-memory service loads: the less, the sooner it answers."""

import os
import subprocess
import sys

from airflow_run_groups.entrypoints import injection
from tests.unit.test_packaging import loaded_by


def test_the_memory_service_loads_neither_airflow_nor_a_framework_that_it_does_not_use():
    unwanted = ["airflow", "sqlalchemy", "fastapi", "starlette", "pydantic", "pydantic_settings", "yaml", "werkzeug"]
    code = (
        "import sys, airflow_run_groups.entrypoints.gunicorn.configuration, airflow_run_groups.entrypoints.wsgi\n"
        f"print([name for name in {unwanted} if name in sys.modules])"
    )
    environ = {**os.environ, "AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "memory"}
    result = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_whoever_serves_waits_for_nothing_that_the_other_commands_need():
    assert loaded_by("import airflow_run_groups.entrypoints.terminal.command_line").isdisjoint(
        {"falcon", "gunicorn", "httpx", "rich", "tenacity", "yaml"}
    )


def test_what_was_kept_from_loading_can_be_loaded_afterwards():
    assert "_NotInstalled" not in [type(finder).__name__ for finder in sys.meta_path]
    assert injection.ThreadSafeSingleton
