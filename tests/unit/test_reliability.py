"""What docs/reliability.md says exists, and is set, as it says."""

import ast
import subprocess
import sys

from tests.documents import ROOT, Document, code

RELIABILITY = Document("docs/reliability.md")
PROMISES = RELIABILITY.tables(
    "promise", "fault injected", "how", "result", "test", "naive form, and what the test says"
)
NAMED = [test for table in PROMISES for *_, cell, _ in table for test in code(cell)]


def names_of_tests(*paths):
    """Return the names of the tests in these files."""
    return {
        node.name
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_promise_has_all_its_cells():
    assert len(PROMISES) == 9
    assert all(cell for table in PROMISES for row in table for cell in row)


def test_the_tables_name_tests_that_exist():
    assert len(NAMED) > 50
    assert set(NAMED) <= names_of_tests(*(ROOT / "tests" / "integration").rglob("test_*.py"))


def test_the_document_names_every_test_of_a_fault():
    misbehaving = ROOT / "tests" / "integration" / "http_memory" / "test_misbehaving_clients.py"
    faults = (ROOT / "tests" / "integration" / "faults").rglob("test_*.py")
    assert names_of_tests(misbehaving, *faults) <= set(RELIABILITY.code())


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
    (settings,) = RELIABILITY.tables("option", "default", "reason")
    shown = {name: default for cell, default, _ in settings for name in code(cell) if name in values}
    assert len(shown) == 11
    assert shown == {name: values[name] for name in shown}
