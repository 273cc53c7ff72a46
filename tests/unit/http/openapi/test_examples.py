"""The examples of the description, and of the pages in ``PAGES``, are what the software responds.

``make examples``, which is this file with ``AIRFLOW_GROUPS_WRITE_EXAMPLES=1``, writes the responses into ``examples.json``, and the
marked blocks of the pages from there. A new example is a request in the file, and its name in a mark:
``<!-- example: group, more -->`` above a block of the language ``console``.
"""

import datetime as dt
import json
import os
import re
import shlex
from pathlib import Path

import pytest

from airflow_run_groups.entrypoints.http.openapi.examples import EXAMPLES
from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from tests.unit.http.service import Service

ROOT = Path(__file__).parents[4]
STORIES = json.loads(EXAMPLES.read_text(encoding="utf-8"))
PAGES = ["README.md", "docs/http.md", "docs/groups.md", "docs/coverage.md"]
WRITE = os.environ.get("AIRFLOW_GROUPS_WRITE_EXAMPLES") == "1"
BLOCK = re.compile(r"<!-- example: (?P<names>[^>]+) -->\n```console\n(?P<shown>.+?)```\n", re.DOTALL)
WIDTH = 140


@pytest.mark.parametrize(
    ("story", "value_format"),
    [*(("openapi", value_format) for value_format in ValueFormat), *((page, ValueFormat.TEXT) for page in PAGES)],
)
def test_every_story_gets_its_responses(story, value_format):
    responses = list(played(STORIES[story], value_format))
    if WRITE:
        for step, (status, response) in zip(STORIES[story], responses, strict=True):
            write(step, status, response, value_format)
        EXAMPLES.write_text(json.dumps(STORIES, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for step, (status, response) in zip(STORIES[story], responses, strict=True):
        expected = step.get(f"response_{value_format.value}", step["response"])
        assert (step["name"], status, response) == (step["name"], step["status"], expected)


def played(steps, value_format):
    """Send the requests of a story one after the other; yield status and payload of each response."""
    now = None
    service = Service(lambda: now, value_format=value_format)
    for step in steps:
        now = dt.datetime.fromisoformat(step["at"].replace("Z", "+00:00"))
        result = service.request(method_of(step), step["target"], body=body_of(step))
        yield result.status_code, result.json["response"]


def method_of(step):
    return step.get("method", "POST" if "body" in step else "GET")


def body_of(step):
    body = step.get("body")
    return body if body is None or isinstance(body, str) else json.dumps(body)


def write(step, status, response, value_format):
    """Keep a response; that of the other value format apart, where it differs."""
    step["status"] = status
    if value_format is ValueFormat.TEXT:
        step["response"] = response
    elif response == step["response"]:
        step.pop("response_json", None)
    else:
        step["response_json"] = response


@pytest.mark.parametrize("page", PAGES)
def test_every_marked_block_shows_its_examples(page):
    steps = {step["name"]: step for step in STORIES[page]}
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    if WRITE:
        text = BLOCK.sub(lambda block: block[0].replace(block["shown"], rendered(block["names"], steps)), text)
        path.write_text(text, encoding="utf-8")
    for block in BLOCK.finditer(text):
        assert block["shown"] == rendered(block["names"], steps)
    assert [name for block in BLOCK.finditer(text) for name in block["names"].split(", ")] == list(steps)
    assert re.findall(r"^\$ curl .+\n\{", BLOCK.sub("", text), re.MULTILINE) == []


def rendered(names, steps):
    return "".join(f"$ {command(steps[name])}\n{shown(steps[name])}\n" for name in names.split(", "))


def command(step):
    url = f"http://127.0.0.1:8000{step['target']}"
    method = ["-X", step["method"]] if "method" in step else []
    return shlex.join(["curl", *method, *(["-d", body_of(step)] if "body" in step else []), url])


def shown(step):
    """Return a response on one line where it is short or an error, else laid out."""
    response = {"response": step["response"]}
    line = json.dumps(response, ensure_ascii=False)
    return (
        line
        if "error" in step["response"] or len(line) <= WIDTH
        else json.dumps(response, indent=2, ensure_ascii=False)
    )
