"""What gunicorn is told, as far as it can be seen without starting it; tests/integration starts it."""

import importlib
import json
import signal
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from airflow_run_groups.entrypoints.http.middleware import SecurityHeaders
from airflow_run_groups.entrypoints.settings import Auth, Settings


@pytest.fixture
def load(monkeypatch):
    def load(**environ):
        monkeypatch.setenv("AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND", "memory")
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return importlib.reload(importlib.import_module("airflow_run_groups.entrypoints.gunicorn.configuration"))

    return load


def _server(*addresses, workers=1):
    cfg = SimpleNamespace(address=list(addresses), workers=workers)
    return SimpleNamespace(cfg=cfg, handle_term="finish", handle_int="drop")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_an_address_that_others_reach_is_warned_of_when_no_token_is_set(load, capsys, host):
    load().on_starting(_server((host, 8000)))
    said = capsys.readouterr().err
    assert f"warning: {host}:8000 is open to other machines" in said
    assert "airflow_api_auth" in said


@pytest.mark.parametrize(
    "address", [("127.0.0.1", 8000), ("127.9.9.9", 1), ("::1", 8000), ("localhost", 8000), "/run/x"]
)
def test_an_address_that_only_this_machine_reaches_is_not(load, capsys, address):
    load().on_starting(_server(address))
    assert capsys.readouterr().err == ""


def test_with_a_token_there_is_no_warning(load, capsys):
    load(AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH="s3cret").on_starting(_server(("0.0.0.0", 8000)))
    assert capsys.readouterr().err == ""


def test_where_airflow_tells_its_users_apart_there_is_no_warning(load, capsys, monkeypatch):
    module = load()
    monkeypatch.setattr(module, "_settings", Settings(auth=Auth.AIRFLOW))
    module.on_starting(_server(("0.0.0.0", 8000)))
    assert capsys.readouterr().err == ""


def test_the_memory_backend_is_served_by_one_worker(load, capsys):
    assert load().workers == 1
    with pytest.raises(SystemExit) as ended:
        load().on_starting(_server(workers=2))
    assert ended.value.code == 2
    assert "one worker, not 2" in capsys.readouterr().err


def test_ctrl_c_is_handled_as_sigterm_is(load):
    server = _server()
    load().on_starting(server)
    assert server.handle_int == "finish"


@pytest.mark.parametrize("status", [400, 403, 408, 414, 417, 429, 431, 500, 501])
def test_gunicorns_own_errors_wear_our_form_and_repeat_nothing(load, status):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        load().write_error(ours, status, "Reason", "<script>what the client sent</script>")
        head, body = theirs.recv(4096).split(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/json" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert {f"{name}: {value}" for name, value in SecurityHeaders.HEADERS} <= set(head.decode().split("\r\n"))
    assert list(json.loads(body)["response"]) == ["error"]
    assert b"script" not in body


def test_a_worker_leaves_ctrl_c_to_the_master(load):
    before = signal.getsignal(signal.SIGINT)
    try:
        load().post_worker_init(SimpleNamespace())
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_every_setting_is_one_that_gunicorn_takes_and_an_option_overrides_it():
    said = subprocess.run(
        [
            *(sys.executable, "-m", "gunicorn", "-c", "python:airflow_run_groups.entrypoints.gunicorn.configuration"),
            *("airflow_run_groups.entrypoints.wsgi:app", "--threads", "7", "--print-config"),
        ],
        env={"AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "memory", "GUNICORN_CMD_ARGS": "--timeout 77"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    values = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in said.splitlines())}
    assert values["threads"] == "7"
    assert values["timeout"] == "77"
    assert values["bind"] == "['127.0.0.1:8000']"
    assert values["worker_class"] == "airflow_run_groups.entrypoints.gunicorn.worker.Worker"
    assert values["preload_app"] == "True"
    assert values["graceful_timeout"] == "30"
    assert values["keepalive"] == "5"
    assert values["limit_request_fields"] == "50"
