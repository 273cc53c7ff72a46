"""What the description of the API promises, held against a service that runs, with requests that schemathesis thinks up.

The same few each time; or, as long as AIRFLOW_GROUPS_FUZZ_SECONDS says, each time others, and a failure tells the seed by which
to have it again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.contracts.hostile import HOSTILE

COMMAND = Path(sys.executable).with_name("schemathesis")
CONFIG = [Path(__file__).with_name(name) for name in ("schemathesis.toml", "schemathesis_hooks.py")]
SECONDS = os.environ.get("AIRFLOW_GROUPS_FUZZ_SECONDS")
HOW_MANY = ["--max-time", SECONDS] if SECONDS else ["--generation-deterministic", "--max-examples", "10"]
TOKEN = "s3cret-token"
FIRST_GROUP = {
    "dag_id": "example_daily",
    "prefix": "redo",
    "start_date": "2025-01-01",
    "end_date": "2025-01-05",
}
"""What is there before, for requests to find."""


def fuzz(url: str, folder: Path) -> list[str]:
    """Fuzz the service below this address, which asks for ``TOKEN``, and return the run ids that it says it created."""
    requests = folder / "requests.har"
    command = [
        *(COMMAND, "run", f"{url}/openapi.json", "--url", url, "--checks", "all"),
        *(*HOW_MANY, "--report-har-path", requests, "--no-color"),
    ]
    escaped = ("".join(f"\\x{byte:02x}" for byte in text.encode()) for text in HOSTILE)
    (folder / "hostile.dict").write_text("".join(f'"{text}"\n' for text in escaped), encoding="ascii")
    for path in CONFIG:
        shutil.copy(path, folder)  # where the command finds them
    environment = {**os.environ, "FUZZ_TOKEN": TOKEN}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    created = []
    for entry in json.loads(requests.read_text(encoding="utf-8"))["log"]["entries"]:
        request, response = entry["request"], entry["response"]
        if request["method"] == "POST" and request["url"].endswith("/dag_runs") and response["status"] == 200:
            answer = json.loads(response["content"]["text"])["response"]
            created += [] if "dry_run" in answer else answer["dag_run_ids"]
    return created
