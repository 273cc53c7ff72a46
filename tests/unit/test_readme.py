"""What the README shows is what the software does; tests/unit/http/openapi/test_examples.py has its requests."""

import subprocess
import sys

from tests.documents import Document

README = Document("README.md")


def test_the_example_of_the_library_prints_what_the_readme_says():
    command = [sys.executable, "-c", README.block("library")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == README.block("library output")


def test_the_readme_shows_the_table_of_versions():
    assert README.table("versions") == Document("docs/compatibility.md").table("versions")
