"""docs/notifications.md: the command sends what the page shows."""

import json
import shlex

import pytest

from airflow_run_groups.domain.control.notification import GroupEvent
from tests.documents import Document, code
from tests.integration.http_memory.server import serving
from tests.integration.http_memory.terminal import called
from tests.receiver import Receiver

PAGE = Document("docs/notifications.md")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "log") as server:
        yield f"http://127.0.0.1:{server.port}"


def test_the_command_sends_the_message_that_the_page_shows(url):
    (command,) = PAGE.blocks("console")
    words = shlex.split(command)[1:]
    shown = json.loads(PAGE.block("message"))
    dates = ("--from-date", "2020-02-01", "--to-date", "2020-02-03")
    assert called("create", "--dag-id", "example_daily", "--prefix", "redo", *dates, url=url).returncode == 0
    receiver = Receiver()
    timer = receiver.start_in(1)
    words[words.index("--notify") + 1] = receiver.url
    assert called(*words, url=url).returncode == 0
    timer.join()
    receiver.stop()
    ((_, headers, body),) = receiver.taken
    assert list(body) == list(shown) == [code(cell)[0] for cell, _ in PAGE.table("keys of a message")]
    assert body["event"] == shown["event"]
    assert body["key"] == headers["Idempotency-Key"] == f"example_daily/redo/end@{body['at'].replace('Z', '+00:00')}"
    assert shown["key"] == f"example_daily/redo/end@{shown['at'].replace('Z', '+00:00')}"
    assert {key: body["group"][key] for key in shown["group"]} == shown["group"]


def test_the_events_of_the_page_exist():
    (row,) = [meaning for key, meaning in PAGE.table("keys of a message") if code(key) == ["event"]]
    assert set(code(row)) <= {event.value for event in GroupEvent}
