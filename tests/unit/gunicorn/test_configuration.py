"""gunicorn's configuration, as far as it can be seen without a server; tests/integration starts one."""

import gc
import runpy
import signal
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
from gunicorn import util

from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.gunicorn import process
from airflow_run_groups.entrypoints.settings import Auth

PATH = find_spec("airflow_run_groups.entrypoints.gunicorn.configuration").origin


@pytest.fixture
def load(monkeypatch):
    """Return the configuration as gunicorn reads it in a process with this environment."""

    def load(**environ):
        monkeypatch.setenv("AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND", "memory")
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(process, "container", Container())
        return SimpleNamespace(**runpy.run_path(PATH))

    return load


@pytest.mark.parametrize("hook", ["pre_fork", "worker_exit"])
def test_what_is_loaded_is_not_searched_for_garbage_in_workers_and_at_their_end(load, hook):
    try:
        getattr(load(), hook)(None, None)
        assert gc.get_freeze_count() > len(sys.modules)
    finally:
        gc.unfreeze()


def test_requests_are_parsed_in_one_way_whatever_is_installed_beside_the_service(load):
    assert load().http_parser == "python"


def _server(*addresses, workers=1, graceful_timeout=30, **options):
    facts = {"is_ssl": False, "protocol": "http", "http_protocols": ["h1"], **options}
    cfg = SimpleNamespace(
        address=list(addresses),
        workers=workers,
        graceful_timeout=graceful_timeout,
        **facts,
    )
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


@pytest.mark.parametrize(
    ("address", "is_tls", "is_warned"),
    [("0.0.0.0", False, True), ("0.0.0.0", True, False), ("127.0.0.1", False, False)],
)
def test_tokens_over_plain_http_on_an_address_that_others_reach_are_warned_of(load, capsys, address, is_tls, is_warned):
    module = load(AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH="s3cret-token")
    module.on_starting(_server((address, 8000), is_ssl=is_tls))
    said = capsys.readouterr().err
    assert ("speaks plain HTTP, so anyone on the way reads the tokens" in said) is is_warned
    assert "s3cret" not in said


def test_tokens_of_airflow_are_warned_of_as_well(load):
    warnings = load().open_address_warnings
    assert len(warnings(Auth.AIRFLOW, [("0.0.0.0", 8000)], is_tls=False)) == 1
    assert warnings(Auth.AIRFLOW, [("0.0.0.0", 8000)], is_tls=True) == []


def test_the_memory_backend_is_served_by_one_worker(load, capsys):
    assert load().workers == 1
    with pytest.raises(SystemExit) as ended:
        load().on_starting(_server(workers=2))
    assert ended.value.code == 2
    assert "one worker, not 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "seconds"),
    [({}, 30), ({"WRITE_TIMEOUT": "3600"}, 3605), ({"READ_TIMEOUT": "60"}, 65), ({"RECEIVE_TIMEOUT": "0.1"}, 26)],
)
def test_graceful_timeout_leaves_time_for_any_request(load, options, seconds):
    module = load(**{f"AIRFLOW__AIRFLOW_API_PLUGIN__{name}": value for name, value in options.items()})
    assert module.graceful_timeout == seconds


@pytest.mark.parametrize("graceful_timeout", [0, 24, 25])
def test_graceful_timeout_that_breaks_off_writes_is_refused(load, capsys, graceful_timeout):
    with pytest.raises(SystemExit) as ended:
        load().on_starting(_server(graceful_timeout=graceful_timeout))
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "airflow-groups: gunicorn's graceful_timeout must be more than [airflow_api_plugin] write_timeout, 25 seconds, "
        f"got {graceful_timeout}: leave it out, or lower write_timeout\n"
    )


@pytest.mark.parametrize("options", [{"protocol": "uwsgi"}, {"http_protocols": ["h1", "h2"]}])
def test_protocols_without_our_deadlines_are_refused(load, capsys, options):
    with pytest.raises(SystemExit) as ended:
        load().on_starting(_server(**options))
    assert ended.value.code == 2
    assert "the service speaks HTTP/1.1 alone" in capsys.readouterr().err


def test_ctrl_c_is_handled_as_sigterm_is(load):
    server = _server()
    load().on_starting(server)
    assert server.handle_int == "finish"


def test_loading_the_configuration_changes_nothing_of_gunicorn(load):
    before = vars(util).copy()
    load()
    assert vars(util) == before


def test_a_worker_leaves_ctrl_c_to_the_master(load, monkeypatch):
    monkeypatch.setattr(util, "write_error", util.write_error)  # which a worker replaces
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
