"""What the README shows is what the software does; tests/unit/http/openapi/test_examples.py has its requests."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_library_prints_what_the_readme_says():
    code, printed = re.search(r"```python\n(.+?)```.+?```text\n(.+?)```", README, re.DOTALL).groups()
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == printed


def test_the_readme_shows_the_table_of_versions():
    document = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    table = re.search(r"^\| Airflow \|.+?\n\n", document, re.DOTALL | re.MULTILINE)[0]
    assert table in README
