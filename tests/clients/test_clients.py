"""Public tools find nothing wrong in the service's description, and what they make of it works with the service of `make demo`.

The tools come from the indexes of their ecosystems, in these versions; what they make lies in .venvs/clients.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.documents import ROOT
from tests.integration.http_memory.server import serving

LINTER = "@redocly/cli@2.77.0"
PYTHON_CLIENT = "openapi-python-client==0.29.1"
TYPESCRIPT = "typescript@5.9.3"
TYPESCRIPT_TYPES = "openapi-typescript@7.13.0"
FOLDER = ROOT / ".venvs" / "clients"
HERE = ROOT / "tests" / "clients"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "npm_config_update_notifier": "false"}


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """Return the address below which the endpoints lie; their description is in openapi.json."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serving(tmp_path_factory.mktemp("service") / "log") as server:
        url = f"http://127.0.0.1:{server.port}/api/v1"
        (FOLDER / "openapi.json").write_text(httpx.get(f"{url}/openapi.json").text, encoding="utf-8")
        yield url


@pytest.mark.usefixtures("service")
def test_a_linter_has_nothing_to_say_about_the_description():
    report = npx(LINTER, "redocly", "lint", "openapi.json", "--extends", "recommended", "--format", "json")
    assert json.loads(report)["problems"] == []


def test_a_generated_python_client_plays_the_story(service):
    options = ("--path", "openapi.json", "--output-path", "run_groups", "--meta", "none", "--overwrite")
    generated = uv("tool", "run", "--quiet", "--from", PYTHON_CLIENT, "openapi-python-client", "generate", *options)
    assert "WARNING" not in generated
    shutil.copy(HERE / "story.py", FOLDER)
    needed = ("--with", "attrs", "--with", "httpx", "--with", "python-dateutil", "--with", "types-python-dateutil")
    alone = ("run", "--quiet", "--no-project", "--python", ">=3.11", *needed)
    uv(*alone, "--with", "mypy", "mypy", "--config-file=", "--strict", "--follow-imports=silent", "story.py")
    uv(*alone, "python", "-W", "error", "story.py", service)


@pytest.mark.usefixtures("service")
def test_generated_typescript_types_fit_the_story():
    options = ("--output", "schema.d.ts", "--default-non-nullable", "false")  # what has a default may be left out
    npx(TYPESCRIPT_TYPES, "openapi-typescript", "openapi.json", *options)
    shutil.copy(HERE / "story.ts", FOLDER)
    npx(TYPESCRIPT, "tsc", "--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "story.ts")


def npx(package, *command):
    return run("npx", "--yes", "--package", package, *command)


def uv(*command):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return run(shutil.which("uv", path=path), *command)


def run(*command):
    """Run a command where the clients are made; return what it writes."""
    environment = {**os.environ, **QUIET, "npm_config_cache": str(FOLDER / "npm")}
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
