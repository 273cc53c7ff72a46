"""Tokens from a file, read-only ones, other sites' pages and the limit to writes, through a real gunicorn."""

import http.client
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.integration.http_memory.server import SERVE, environment, serving

CI, BOARD, NEW = "ci-0123456789abcdef", "board-0123456789abcdef", "new-0123456789abcdef"
SECRETS = (CI, BOARD, NEW, "s3cret-token")
OPTION = "AIRFLOW__AIRFLOW_API_PLUGIN__"
BODY = b'{"dag_id": "example_unscheduled"}'


def write(path, text):
    other = path.with_name("new")
    other.touch(mode=0o600)
    other.write_text(text)
    other.replace(path)
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "tokens", f"ci: {CI}\nboard: {BOARD} read-only\n")


@pytest.fixture
def server(tmp_path, path):
    environ = {f"{OPTION}AIRFLOW_API_AUTH_FILE": str(path), f"{OPTION}AIRFLOW_API_AUTH": "s3cret-token"}
    with serving(tmp_path / "log", **environ) as server:
        yield server
    assert not [secret for secret in SECRETS if secret in (tmp_path / "log").read_text()]


def status(server, token, method="GET", target="/api/v1/dags", body=b""):
    return server.request(method, target, body, {"Authorization": f"Bearer {token}"})[0]


def test_tokens_are_exchanged_under_way_one_after_the_other(server, path):
    for token in (CI, BOARD, "s3cret-token"):
        assert status(server, token) == 200
    assert status(server, NEW) == 401
    write(path, f"ci: {CI}\nci-next: {NEW}\n")
    eventually(lambda: status(server, NEW) == 200)
    assert (status(server, CI), status(server, BOARD)) == (200, 401)
    write(path, f"ci-next: {NEW}\n")
    eventually(lambda: status(server, CI) == 401)
    server.wait_for_log("have changed: there are ci-next")


def test_a_file_that_cannot_be_used_is_logged_and_measured_and_soon_lets_nobody_in(server, path):
    path.rename(path.with_name("gone"))
    eventually(lambda: server.get("/health/ready")[0] == 503)
    eventually(lambda: status(server, CI) == 401)
    assert status(server, "s3cret-token") == 200
    assert "No such file" in server.log.read_text()
    assert "airflow_run_groups_token_file_unusable 1.0" in metrics(server)
    write(path, f"ci: {NEW}\n")
    eventually(lambda: status(server, NEW) == 200)
    assert (status(server, CI), server.get("/health/ready")[0]) == (401, 200)
    assert "airflow_run_groups_token_file_unusable 0.0" in metrics(server)


def test_the_only_token_is_revoked_by_emptying_the_file(tmp_path, path):
    write(path, f"ci: {CI}\n")
    with serving(tmp_path / "log", **{f"{OPTION}AIRFLOW_API_AUTH_FILE": str(path)}) as server:
        assert status(server, CI) == 200
        path.write_text("")
        eventually(lambda: status(server, CI) == 401)
        assert server.get("/health/ready")[0] == 200


def metrics(server):
    with urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def eventually(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_read_only_token_reads_and_creates_nothing(server):
    assert status(server, BOARD, target="/api/v1/dag_runs") == 200
    code, headers, answer = server.request("POST", "/api/v1/dag_runs", BODY, {"Authorization": BOARD})
    assert code == 403
    assert (
        answer["response"]["error"]
        == "your token 'board' is read-only: it can list and show, and neither plan, create nor change"
    )
    assert headers["WWW-Authenticate"] is None
    assert status(server, CI, "POST", "/api/v1/dag_runs", BODY) == 200


def test_processes_do_not_show_tokens_to_those_who_list_them(server):
    pids = [server.process.pid]
    pids += Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()
    assert len(pids) == 2
    for pid in pids:
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/comm").read_bytes()
        assert re.search(rb"gunicorn|airflow-groups", shown)
        assert not [secret for secret in SECRETS if secret.encode() in shown]


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        (f"ci: {CI}", 0o644, "is no secret"),
        (f"ci {CI}\n", 0o600, "in line 1 neither"),
        (f"ci: {CI}", 0o600, "has no line break at the end of line 1"),
        ("", 0o600, "has no token in it"),
        (f"ci: {CI}\ntwo: {CI}\n", 0o600, "in line 2 the token of another token, 'ci'"),
    ],
)
def test_with_a_file_that_is_wrong_the_service_does_not_start_and_says_why(tmp_path, text, mode, says):
    path = write(tmp_path / "tokens", text)
    path.chmod(mode)
    environ = environment(**{f"{OPTION}AIRFLOW_API_AUTH_FILE": str(path)})
    ended = subprocess.run(
        [*SERVE, "--bind", "127.0.0.1:0"], env=environ, check=False, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"airflow-groups: [airflow_api_plugin] airflow_api_auth_file: the file of tokens {path}")
    assert says in line
    assert CI not in ended.stderr


def raw(server, headers, method="POST"):
    """Send a group that could be created, with these headers and no others; return the status and the error."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.putrequest(method, "/api/v1/dag_runs", skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": f"127.0.0.1:{server.port}", "Content-Length": len(BODY), **headers}.items():
            connection.putheader(name, str(value))
        connection.endheaders(BODY)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["response"].get("error")
    finally:
        connection.close()


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    environ = {f"{OPTION}ALLOWED_HOSTS": "groups.example.com"}
    with serving(tmp_path_factory.mktemp("open") / "log", **environ) as server:
        yield server


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "groups.example.com", "Origin": "http://groups.example.com:3000"},
        {"Host": "groups.example.com:8000", "Origin": "https://groups.example.com:8000"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_where_no_token_is_set_pages_of_other_sites_neither_read_nor_create(open_server, headers, method):
    before = open_server.get("/api/v1/dag_runs")[2]
    code, error = raw(open_server, headers, method)
    assert code == 403
    assert "set a token" in error
    assert open_server.get("/api/v1/dag_runs")[2] == before


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "10.1.2.3", "groups.example.com"])
def test_programs_are_served_at_addresses_and_at_the_names_that_are_allowed(open_server, host):
    assert raw(open_server, {"Host": f"{host}:{open_server.port}"})[0] == 200


FORWARDED = {"X-Forwarded-Host": "groups.example.com", "X-Forwarded-Proto": "https"}


def test_pages_are_served_at_the_address_that_a_trusted_proxy_forwards(open_server):
    assert raw(open_server, {**FORWARDED, "Origin": "https://groups.example.com"})[0] == 200
    for origin in ("http://groups.example.com", "https://groups.example.com:8443"):
        assert raw(open_server, {**FORWARDED, "Origin": origin})[0] == 403


def test_nobody_but_a_trusted_proxy_forwards_an_address(tmp_path):
    environ = {f"{OPTION}ALLOWED_HOSTS": "groups.example.com", "FORWARDED_ALLOW_IPS": "192.0.2.1"}
    with serving(tmp_path / "log", **environ) as server:
        for origin in ("http://groups.example.com", "https://groups.example.com"):
            assert raw(server, {**FORWARDED, "Origin": origin})[0] == 403


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://evil.example/api/v1/dags", "127.0.0.1", 403),
        ("http://127.0.0.1@evil.example/api/v1/dags", "127.0.0.1", 400),
        ("http://groups.example.com/api/v1/dags", "evil.example", 200),
    ],
)
def test_the_host_of_a_target_counts_and_not_the_header(open_server, target, host, status):
    sent = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    assert open_server.raw(sent.encode())[0] == status


def test_a_probe_may_ask_by_any_name(open_server):
    assert open_server.get("/health/ready", headers={"Host": "a-pod.example"})[0] == 200


def test_the_page_that_opens_from_a_link_elsewhere_is_shown(open_server):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    connection = http.client.HTTPConnection("127.0.0.1", open_server.port, timeout=10)
    try:
        connection.request("GET", "/api/v1/docs", headers=headers)
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def test_who_creates_too_often_is_told_to_wait(tmp_path, path):
    environ = {f"{OPTION}AIRFLOW_API_AUTH_FILE": str(path), f"{OPTION}WRITE_RATE_LIMIT": "2/hour"}
    with serving(tmp_path / "log", **environ) as server:
        asked = [server.request("POST", "/api/v1/dag_runs", BODY, {"Authorization": CI}) for _ in range(3)]
        assert [code for code, _, _ in asked] == [200, 200, 429]
        assert 3500 < int(asked[-1][1]["Retry-After"]) <= 3600
        assert "rate limit exceeded: 2/hour" in asked[-1][2]["response"]["error"]
        assert status(server, CI) == 200


def test_the_limit_is_loaded_only_where_one_is_set():
    code = (
        "import sys, airflow_run_groups.entrypoints.gunicorn.configuration, airflow_run_groups.entrypoints.wsgi\n"
        "print('limits' in sys.modules)"
    )
    for more, loaded in (({}, "False"), ({f"{OPTION}WRITE_RATE_LIMIT": "2/hour"}, "True")):
        ended = subprocess.run(
            [sys.executable, "-c", code], env=environment(**more), check=False, capture_output=True, text=True
        )
        assert ended.stdout.strip() == loaded, ended.stderr
