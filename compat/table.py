"""`make compat`: the tests in which Airflows differ, in one environment after the other, and what came of them as a table."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "compatibility.md"
PINS = ROOT / "compat"
DATABASES = ("sqlite", "postgresql")
FOLDER = Path("tests/integration/airflow")
TESTS = [
    FOLDER / name
    for name in (
        "test_contracts.py",
        "test_versions.py",
        "groups",
        "notifications/test_notifications.py",
        "schedules",
        "operators",
        "plugin",
        "scheduler",
    )
]
TEXT = """\
# Versions of Airflow

Airflow 3.0.6 to 3.4, of which the pre-release 3.4.0b2 is tried until its final can be pinned. `make compat` runs the tests in which Airflows could differ in each of these environments, whose pins
are in `compat/`, and writes this table. They hold the backend to what its ports promise, compare every column of a group's
rows with those that Airflow's own `create_dagrun` writes, go through the kinds of DAGs and schedules, the actions on groups, their control and notifications, have Airflow's scheduler execute and rerun groups, and, on PostgreSQL, use the
plugin inside Airflow's API server. Last, from Airflow 3.1 on, Chromium opens the page of groups within Airflow's own UI (`make browser-compat`).

<!-- versions -->
| Airflow | Python | SQLAlchemy | SQLite | PostgreSQL |
|---|---|---|---|---|
{rows}
Airflow 3.4 needs Python 3.11 or newer. Python 3.14, which Airflow 3.4 supports, has not been tried yet.

An older Airflow is refused when the service starts. With a newer minor version the service starts and logs a warning. It reads, and it
creates groups: Airflow itself then makes each run, which takes longer. `cancel` and `retry` are refused with the reason
`unsupported_airflow_version`, as they change tasks that may be stored in another way. On every version, groups are refused with 503 while the database requires
values that the installed Airflow does not know, as after an upgrade of Airflow elsewhere.
"""


def main(environments: Iterable[str]) -> int:
    """Test these environments; a run over all of them rewrites the document."""
    environments = sorted(environments)
    rows = {environment: _row(environment) for environment in environments}
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows.values())
    print(f"\n{table}")  # noqa: T201 - what it is run for
    if environments == sorted(path.stem for path in PINS.glob("[0-9]*.txt")):
        DOCUMENT.write_text(TEXT.format(rows=table), encoding="utf-8")
    return int(any("failed" in cell for row in rows.values() for cell in row))


def _row(environment: str) -> list[str]:
    python = ROOT / ".venvs" / environment / "bin" / "python"
    with ThreadPoolExecutor() as pool:
        return [*_versions(python), *pool.map(partial(_outcome, python), DATABASES)]


def _versions(python: Path) -> list[str]:
    ask = (
        "from importlib.metadata import version; from platform import python_version as python;"
        "print(version('apache-airflow'), python(), version('sqlalchemy'))"
    )
    return subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.split()


def _outcome(python: Path, database: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        environment = {**os.environ, "AIRFLOW_GROUPS_TEST_DB": database}
        run = subprocess.run(
            [python, "-m", "pytest", "-q", f"--junitxml={report}", *TESTS], cwd=ROOT, env=environment, check=False
        )
        return _count(next(ET.parse(report).getroot().iter("testsuite")).attrib, run.returncode)


def _count(suite: Mapping[str, str], status: int) -> str:
    """Put the counts into words; what pytest objects to after the last test is a failure that the report does not have."""
    tests, skipped, *bad = (int(suite[name]) for name in ("tests", "skipped", "failures", "errors"))
    passed = tests - skipped - sum(bad)
    counts = {"passed": passed, "failed": sum(bad) or int(status != 0), "skipped": skipped}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
