import json
import socket

import pytest
from dependency_injector.providers import Object

from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.gunicorn import error_responses
from airflow_run_groups.entrypoints.http.errors import SERVER_ERRORS
from airflow_run_groups.entrypoints.http.middleware import SecurityHeaders
from airflow_run_groups.entrypoints.settings import Settings
from tests.demo import RecordingMeter
from tests.envelope import error_of


@pytest.fixture
def lines(monkeypatch):
    lines = []
    container = Container(settings=Object(Settings()), meter=Object(RecordingMeter()), log_request=Object(lines.append))
    monkeypatch.setattr(error_responses, "container", container)
    return lines


@pytest.mark.parametrize("status", [*SERVER_ERRORS, 429])
def test_gunicorns_own_errors_have_our_form_and_repeat_nothing(lines, status):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        error_responses.write_error(ours, status, "Reason", "<script>what the client sent</script>")
        head, body = theirs.recv(4096).split(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/json" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert {f"{name}: {value}" for name, value in SecurityHeaders.HEADERS} <= set(head.decode().split("\r\n"))
    payload = error_of(json.loads(body))
    assert b"script" not in body
    assert "{" not in payload["error"]
    assert payload["reason"] == SERVER_ERRORS.get(status, ("malformed_request", ""))[0]
    (line,) = lines
    assert (line["status"], line["reason"]) == (status, payload["reason"])
