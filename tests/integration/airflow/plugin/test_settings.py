"""What Airflow knows of our settings, and what its API server does with right and wrong ones."""

import json
import re
import socket
import sys
from types import SimpleNamespace

import pytest

from airflow_run_groups.entrypoints.settings import OPTIONS
from tests.contracts.early_responses import (
    BODIES,
    BODY,
    EARLY,
    EXPECTING,
    TOO_LONG,
    Early,
    converse,
    following,
    head,
    wrong_responses,
)
from tests.integration.airflow.plugin.installed import AIRFLOW, api_server, environment, output_of, token
from tests.integration.airflow.processes import stop

CONFIGURATION = """
[airflow_api_plugin]
airflow_api_auth_cmd = echo 00700700
value_format = json
"""
SHELF = """
from airflow.secrets.base_secrets import BaseSecretsBackend


class Shelf(BaseSecretsBackend):
    def get_config(self, key):
        return {"the-token": "from-the-shelf"}.get(key)
"""
RESOLVE = """
import json
import os

from airflow.configuration import conf

from airflow_run_groups.entrypoints.settings import SettingsError, read_settings


def read(case, **options):
    names = {f"AIRFLOW__AIRFLOW_API_PLUGIN__{name.upper()}": value for name, value in options.items()}
    os.environ.update(names)
    try:
        settings = read_settings(os.environ, mounted=True)
        print(json.dumps([case, settings.auth, settings.airflow_api_auth, settings.value_format]))
    except SettingsError as error:
        print(json.dumps([case, str(error)]))
    for name in names:
        del os.environ[name]


read("file")
read("environment", airflow_api_auth="0x100000", value_format="text")
read("command", airflow_api_auth_cmd="echo from-a-command")
read("secret", airflow_api_auth_secret="the-token")
read("failing", airflow_api_auth_cmd="false")
conf.remove_option("airflow_api_plugin", "airflow_api_auth_cmd")
read("nothing")
read("missing", airflow_api_auth_secret="no-such-secret")
conf.read_dict({"airflow_api_plugin": {"vlaue_format": "json"}})
read("unknown")
"""
TOKENS = (
    ("writer", "token-of-the-writer", ""),
    ("limited", "token-of-the-limited", ""),
    ("reader", "token-of-the-reader", " read-only"),
)
WRITES = 30
EARLY_HERE = tuple(early for early in EARLY if not early.path.startswith("//"))  # which Airflow responds to
WRONG = "[airflow_api_plugin] backend = memory is for the service on its own, not inside Airflow's API server"


@pytest.fixture(scope="module")
def started(site, database, tmp_path_factory):
    """Start one API server that finds its token by a command, one whose settings are wrong, and commands beside them."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "shelf.py").write_text(SHELF)
    (folder / "resolve.py").write_text(RESOLVE)
    (folder / "airflow.cfg").write_text(CONFIGURATION)
    plain = environment(site, folder)
    read = {
        "AIRFLOW_CONFIG": str(folder / "airflow.cfg"),
        "AIRFLOW__SECRETS__BACKEND": "shelf.Shelf",
    }
    statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    statsd.bind(("127.0.0.1", 0))
    statsd.settimeout(0)
    tokens = folder / "tokens"
    tokens.touch(mode=0o600)
    tokens.write_text("".join(f"{name}: {one}{more}\n" for name, one, more in TOKENS))
    options = {"airflow_api_auth_file": str(tokens), "write_rate_limit": f"{WRITES}/day"}
    by_command = {
        **environment(site, folder, airflow_api_auth_cmd="echo correct-horse", **options),
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(statsd.getsockname()[1]),
    }
    wrong = environment(site, folder, backend="memory")
    servers = {
        "token": api_server(folder / "token.log", by_command, "--apps", "core"),
        "mistaken": api_server(folder / "mistaken.log", wrong, "--apps", "core"),
    }
    outputs = {
        "plugins": output_of([AIRFLOW, "plugins", "--output", "json"], plain),
        "left_out": output_of(
            [AIRFLOW, "plugins", "--output", "json"], environment(site, folder, mount_in_airflow="false")
        ),
        "options": output_of([AIRFLOW, "config", "list", "--section", "airflow_api_plugin", "--defaults"], plain),
        "resolved": output_of([sys.executable, str(folder / "resolve.py")], {**plain, **read}),
    }
    try:
        for server in servers.values():
            server.wait("/api/v2/version", seconds=180)
        said = {name: output() for name, output in outputs.items()}
        yield SimpleNamespace(**servers, **said, world=database, statsd=statsd)
    finally:
        statsd.close()
        stop(*servers.values())


def test_the_plugin_is_in_airflows_list_of_plugins(started):
    assert '"name": "airflow_run_groups"' in started.plugins
    assert "airflow-run-groups==" in started.plugins


def test_the_endpoints_can_be_left_out_of_the_api_server(started):
    assert "airflow-run-groups" in _apps(started.plugins)
    assert "airflow-run-groups" not in _apps(started.left_out)


def _apps(plugins):
    listed = re.search(r"^\[\s*\{.*", plugins, re.DOTALL | re.MULTILINE)  # lines of a log may come before
    (ours,) = [one for one in json.loads(listed[0]) if one["name"] == "airflow_run_groups"]
    return str(ours.get("fastapi_apps"))


def test_every_option_is_in_airflows_list_with_its_description(started):
    for name in OPTIONS:
        assert f"Variable: AIRFLOW__AIRFLOW_API_PLUGIN__{name.upper()}\n" in started.options
        assert f"# {name} = " in started.options
    assert "How callers are identified" in started.options


def test_options_come_from_every_place_that_airflow_looks_in(started):
    lines = [json.loads(line) for line in started.resolved.splitlines() if line.startswith('["')]
    resolved = {case: outcome for case, *outcome in lines}
    assert resolved["file"] == ["token", "00700700", "json"]
    assert resolved["environment"] == ["token", "0x100000", "text"]
    assert resolved["command"] == ["token", "from-a-command", "json"]
    assert resolved["secret"] == ["token", "from-the-shelf", "json"]
    assert resolved["nothing"] == ["airflow", None, "json"]


def test_a_place_that_does_not_tell_the_token_is_no_reason_to_do_without(started):
    lines = [json.loads(line) for line in started.resolved.splitlines() if line.startswith('["')]
    (failing,), (missing,), (unknown,) = (
        outcome for case, *outcome in lines if case in {"failing", "missing", "unknown"}
    )
    assert failing.startswith(
        "Airflow cannot resolve [airflow_api_plugin] airflow_api_auth: its command ends with the code 1."
    )
    assert missing == "[airflow_api_plugin] airflow_api_auth_secret is set, but Airflow finds no token there"
    assert unknown.startswith(
        "[airflow_api_plugin] has no option 'vlaue_format': known are airflow_api_auth, airflow_api_auth_file,"
    )


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 401), ("wrong", 401), ("correct-horse", 200), ("Bearer correct-horse", 200), ("echo correct-horse", 401)],
)
def test_where_a_token_is_set_it_alone_counts(started, header, status):
    headers = {} if header is None else {"Authorization": header}
    assert started.token.client.get("/api/v1/dags", headers=headers).status_code == status


def test_a_token_of_airflows_is_none_of_ours(started):
    headers = {"Authorization": f"Bearer {token(started.token, 'admin')}"}
    assert started.token.client.get("/api/v1/dags", headers=headers).status_code == 401


def test_who_shares_a_token_is_anonymous_in_airflows_event_log(started):
    client = started.token.client
    answer = client.post(
        "/api/v1/dag_runs", json={"dag_id": "example_unscheduled"}, headers={"Authorization": "correct-horse"}
    )
    assert answer.status_code == 200
    query = {"event": "trigger_dag_run", "dag_id": "example_unscheduled"}
    headers = {"Authorization": f"Bearer {token(started.token, 'admin')}"}
    (entry,) = client.get("/api/v2/eventLogs", params=query, headers=headers).json()["event_logs"]
    assert entry["owner"] == "anonymous"


def test_numbers_go_to_airflows_own_metrics_and_there_is_no_second_endpoint(started):
    headers = {"Authorization": "correct-horse", "X-Request-Id": "observed"}
    body = {"dag_id": "example_daily", "prefix": "o", "start_date": "2024-02-01", "end_date": "2024-02-03"}
    assert started.token.client.post("/api/v1/dag_runs", json=body, headers=headers).status_code == 200
    started.token.client.get("/api/v1/dags?x=1", headers=headers)
    assert started.token.client.get("/api/v1/metrics", headers=headers).status_code == 404
    assert "/metrics" not in started.token.client.get("/api/v1/openapi.json").json()["paths"]
    told = b"\n".join(iter(lambda: _datagram(started.statsd), b"")).decode()
    numbers = dict(re.findall(r"^airflow\.airflow_run_groups\.(\w+):([0-9.]+)\|", told, re.MULTILINE))
    assert numbers.keys() - {"token_file_unusable"} == {  # which is told at a look at the file, and not at each request
        *("http_requests", "http_request_duration", "errors", "dag_runs_created", "dag_runs_rerun", "existing_dates"),
        *("database_statement_duration", "database_connections_in_use", "database_connections_max"),
    }
    assert numbers["dag_runs_created"] == "3"
    assert numbers["database_connections_in_use"] == "0"


def test_a_request_is_one_line_of_airflows_log(started):
    headers = {"Authorization": "correct-horse", "X-Request-Id": "one-line"}
    started.token.client.get("/api/v1/dags", headers=headers)
    (line,) = [line for line in started.token.output.splitlines() if "one-line" in line and "route=" in line]
    assert "method='GET' route='/dags' status=200" in line
    assert "correct-horse" not in started.token.output


def _datagram(receiver):
    try:
        return receiver.recv(65536)
    except BlockingIOError:
        return b""


def test_with_a_mistake_our_paths_answer_503_and_airflow_serves(started):
    client = started.mistaken.client
    for path in ("/api/v1/dags", "/api/v1/health/ready", "/api/v1/nowhere"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "the log of Airflow's API server says why" in answer.json()["response"]["error"]
    headers = {"Authorization": f"Bearer {token(started.mistaken, 'viewer')}"}
    assert client.get("/api/v2/dags", headers=headers).status_code == 200
    assert started.mistaken.output.count(WRONG) == 2  # in the line, and at the end of its traceback


@pytest.fixture(scope="module")
def early(started):
    """Return how to connect to the API server, and requests to which it responds early."""
    headers = {"Authorization": "token-of-the-limited"}
    for _ in range(WRITES):
        assert started.token.client.post("/api/v1/dag_runs", content=b"null", headers=headers).status_code == 400
    tokens = {name: one for name, one, _ in TOKENS}
    return SimpleNamespace(
        connect=lambda: socket.create_connection(("127.0.0.1", started.token.port), timeout=30),
        requests=[(one, head(one, tokens.get(one.who))) for one in EARLY_HERE],
        write=head(Early(200, "POST", "/api/v1/dag_runs"), tokens["writer"]),
    )


@pytest.mark.parametrize("body", [body for body in BODIES if "malformed" not in body])
def test_early_response_keeps_the_connection_or_says_that_it_closes(early, body):
    assert wrong_responses(early.connect, BODIES[body], early.requests, following()) == []


@pytest.mark.parametrize("body", [body for body in BODIES if "malformed" in body])
def test_malformed_chunk_gets_one_response(early, body):
    assert wrong_responses(early.connect, BODIES[body], early.requests, malformed=400) == []


def test_early_response_is_not_preceded_by_100_continue(early):
    # whether a request is a dry run, which another rate limits, stands in its body
    without_body = [one for one in early.requests if one[0].status != 429]
    assert wrong_responses(early.connect, EXPECTING, without_body) == []


def test_body_that_is_wanted_is_asked_for(early):
    responses = converse(early.connect, early.write, [*EXPECTING, BODY], following())
    assert [response.status for response in responses] == [100, 200, 200]


@pytest.mark.parametrize(
    "pieces",
    [
        BODIES["very long"],
        (b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % TOO_LONG + TOO_LONG * b" " + b"\r\n0\r\n\r\n"),
        (b"Expect: 100-continue\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % TOO_LONG,),
    ],
)
def test_body_that_is_too_long_is_refused_with_one_response(early, pieces):
    refused, *rest = converse(early.connect, early.write, pieces, b"" if b"Expect" in pieces[0] else following())
    assert refused.status == 413
    assert refused.closes or [response.status for response in rest] == [200]


def test_body_that_does_not_come_is_a_408(early):
    (response,) = converse(early.connect, early.write, (b"Content-Length: 34\r\n\r\n" + BODY,))
    assert (response.status, response.closes) == (408, True)


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: evil.example\r\n"])
def test_request_without_one_host_is_a_400(early, hosts):
    sent = b"GET /api/v1/health/live HTTP/1.1\r\nConnection: close\r\n" + hosts + b"\r\n"
    (response,) = converse(early.connect, sent, ())
    assert response.status == 400
