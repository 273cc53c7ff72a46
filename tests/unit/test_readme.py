"""What the README and docs/groups.md show is what the software does."""

import datetime as dt
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from falcon import testing

from tests.demo import demo_app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GROUPS = (ROOT / "docs" / "groups.md").read_text(encoding="utf-8")
SERVICE = "http://127.0.0.1:8000"


@pytest.mark.parametrize(("page", "at_least"), [(README, 10), (GROUPS, 5)], ids=["README.md", "docs/groups.md"])
def test_every_curl_answers_what_the_page_says_when_sent_one_by_one_to_the_demo(page, at_least):
    curls = re.findall(r"^\$ (curl .+)\n(\{\n(?:.+\n)+?\}$|\{.+\}$)", page, re.MULTILINE)
    assert len(curls) > at_least
    demo = Demo()
    for command, answer in curls:
        assert demo.curl(command) == json.loads(answer), command


def test_the_example_of_the_library_prints_what_the_readme_says():
    code, printed = re.search(r"```python\n(.+?)```.+?```text\n(.+?)```", README, re.DOTALL).groups()
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == printed


def test_the_readme_shows_the_table_of_versions():
    document = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    table = re.search(r"^\| Airflow \|.+?\n\n", document, re.DOTALL | re.MULTILINE)[0]
    assert table in README


class Demo:
    """The in-memory backend behind the HTTP side, a second older at each request."""

    def __init__(self):
        self.now = dt.datetime(2026, 11, 22, 8, 40, 18, 363958, tzinfo=dt.timezone.utc)
        self.client = testing.TestClient(demo_app(self.clock), headers={"Host": "127.0.0.1:8000"})

    def clock(self):
        return self.now

    def curl(self, command):
        """Do what a curl command would do, with no option but -d, and return the answer's JSON."""
        words = shlex.split(command)[1:]
        body = words.pop(words.index("-d") + 1) if "-d" in words else None
        (url,) = [word for word in words if word != "-d"]
        self.now += dt.timedelta(seconds=1)
        return self.client.simulate_request(
            "GET" if body is None else "POST", url.removeprefix(SERVICE), body=body
        ).json
