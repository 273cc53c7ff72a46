"""What the benchmark sends without HTTP is a request that the service takes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OPTIONS = {"BACKEND": "memory", "AIRFLOW_API_AUTH": "s3cret-token"}
SENT = """
from benchmarks.in_process import responses

print(len(responses()("GET", "/api/v1/dags", "limit=2", None)["dags"]))
"""


def test_the_service_takes_what_is_sent_in_process():
    options = {f"AIRFLOW__AIRFLOW_API_PLUGIN__{name}": value for name, value in OPTIONS.items()}
    command = [sys.executable, "-c", SENT]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **options}, check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, "2\n"), ended.stderr
