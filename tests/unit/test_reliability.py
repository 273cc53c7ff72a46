"""What docs/reliability.md says exists, and is set, as it says."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTIONS = dict(
    re.findall(
        r"^## (.+?)\n(.+?)(?=^## |\Z)", (ROOT / "docs/reliability.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
)


def rows(section):
    """Return the cells of a section's tables, without those of their heads."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if "---" not in line]


def test_the_tables_name_tests_that_exist():
    code = "".join(path.read_text("utf-8") for path in (ROOT / "tests/integration").rglob("test_*.py"))
    named = [row[4].strip("`") for section in SECTIONS for row in rows(section) if len(row) == 6 and "test_" in row[4]]
    assert len(named) > 50
    assert [name for name in named if f"def {name}(" not in code] == []


def test_the_tables_name_every_test_of_a_fault():
    paths = [*(ROOT / "tests/integration/faults").rglob("test_*.py")]
    paths.append(ROOT / "tests/integration/http_memory/test_misbehaving_clients.py")
    tests = {name for path in paths for name in re.findall(r"def (test_\w+)\(", path.read_text("utf-8"))}
    assert {name for name in tests if f"`{name}`" not in "".join(SECTIONS.values())} == set()


def test_every_promise_has_all_its_cells():
    sections = [section for section in SECTIONS if "| promise |" in SECTIONS[section]]
    assert len(sections) == 8
    assert [row for section in sections for row in rows(section) if len(row) != 6 or not all(row)] == []


def test_gunicorns_options_have_the_defaults_that_are_shown():
    said = subprocess.run(
        [
            *(sys.executable, "-m", "gunicorn", "-c", "python:airflow_run_groups.entrypoints.gunicorn.configuration"),
            *("airflow_run_groups.entrypoints.wsgi:app", "--print-config"),
        ],
        env={"AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "memory"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    values = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in said.splitlines())}
    values["workers"] = "2"  # one, with the memory backend
    shown = {name.strip("`"): default for name, default, _ in rows("Settings") if name.strip("`") in values}
    assert len(shown) == 10
    assert shown == {name: values[name] for name in shown}
