"""How the server starts, refuses to start, and ends."""

import signal
import subprocess
import time

import pytest

from tests.integration.http_memory.server import FORMS, environment, read_answer, serving

BODY = b'{"dag_id": "example_unscheduled"}'
HALF = b"POST /api/v1/dag_runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY[:10]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_finished_before_the_server_ends(tmp_path, form, number):
    with serving(tmp_path / "log", form) as server:
        with server.connect() as connection:
            connection.sendall(HALF)
            time.sleep(0.3)
            server.signal(number)
            server.wait_for_log("Handling signal")
            time.sleep(0.3)
            connection.sendall(BODY[10:])
            status, answer = read_answer(connection)
        assert status == 200
        assert len(answer["response"]["dag_run_ids"]) == 1
        assert server.end() == 0
        with pytest.raises(ConnectionRefusedError):
            server.connect()


@pytest.mark.parametrize("form", FORMS)
def test_at_sigusr2_it_starts_itself_anew_and_the_new_server_goes_on_when_the_old_one_ends(tmp_path, form):
    with serving(tmp_path / "log", form) as server:
        server.process.send_signal(signal.SIGUSR2)
        server.wait_for_log("Booting worker", times=2)
        server.process.send_signal(signal.SIGTERM)
        server.end()
        assert server.get("/health/ready")[0] == 200
        server.signal(signal.SIGTERM)
        server.wait_for_log("Shutting down: Master", times=2)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH": ""}, "airflow_api_auth is set, but empty"),
        ({"AIRFLOW__AIRFLOW_API_PLUGIN__VALUE_FORMAT": "xml"}, "value_format must be one of text, json, not 'xml'"),
        ({"AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUHT": "x"}, "has no option 'airflow_api_auht'"),
        (
            {
                "AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH": "one-token",
                "AIRFLOW__AIRFLOW__API__PLUGIN_AIRFLOW_API_AUTH": "another-token",
            },
            "disagree",
        ),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_wrong_settings_end_it_with_a_sentence(form, environ, sentence):
    ended = _run(*FORMS[form], **environ)
    assert ended.returncode == 2
    assert ended.stderr.startswith("airflow-groups: ")
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("form", FORMS)
def test_with_less_time_to_end_than_a_write_may_take_it_does_not_start(form):
    ended = _run(*FORMS[form], GUNICORN_CMD_ARGS="--graceful-timeout 10 --bind 127.0.0.1:0")
    assert ended.returncode == 2
    assert "graceful_timeout must be more than [airflow_api_plugin] write_timeout, 25 seconds, got 10" in ended.stderr


def test_the_memory_backend_does_not_start_with_several_workers():
    for form in FORMS.values():
        ended = _run(*form, "--workers", "2", "--bind", "127.0.0.1:0")
        assert ended.returncode == 2
        assert "one worker, not 2" in ended.stderr


@pytest.mark.parametrize("options", [["--backend", "mysql"], ["--workers", "0"], ["--bnd", "x"], ["extra"]])
def test_wrong_options_end_it_with_the_usage(options):
    ended = _run(FORMS["airflow-groups serve"][0], "serve", *options)
    assert ended.returncode == 2
    assert "Usage: airflow-groups serve" in ended.stderr


def test_the_command_tells_its_version():
    ended = _run(FORMS["airflow-groups serve"][0], "--version")
    assert ended.returncode == 0
    assert ended.stdout.startswith("airflow-groups, version ")


def _run(*command, **environ):
    return subprocess.run(command, env=environment(**environ), capture_output=True, text=True, timeout=30, check=False)
