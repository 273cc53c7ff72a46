"""The contract over the wire, through a real gunicorn."""

import re
import socket
from urllib.parse import urljoin

import pytest

from tests.contracts.bad_requests import BAD_REQUESTS, BAD_TOKENS
from tests.envelope import is_error
from tests.integration.http_memory.server import FORMS, read_answer, serving


@pytest.fixture(scope="module", params=FORMS)
def server(request, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server") / "log", request.param) as server:
        yield server


def test_a_group_is_created_listed_page_by_page_and_found(server):
    status, _, answer = server.get("/api/v1/dags")
    assert status == 200
    assert "example_daily" in [dag["dag_id"] for dag in answer["response"]["dags"]]

    status, _, answer = server.post(dag_id="example_daily", prefix="g+", start_date="2020-01-01", end_date="2020-01-05")
    assert status == 200
    ids = answer["response"]["dag_run_ids"]
    assert ids[0] == "g+_0000001_2020-01-01T00:00:00"
    assert len(ids) == 5

    listed, target = [], "/api/v1/dag_runs?prefix=g%2B&limit=2"
    while target:
        status, headers, answer = server.get(target)
        assert status == 200
        listed += [run["run_id"] for run in answer["response"]["dag_runs"]]
        link = re.fullmatch(r'<(.+)>; rel="next"', headers.get("Link", ""))
        target = link and urljoin(target, link[1])
    assert listed == ids

    for path in (ids[0], ids[0].replace("+", "%2B").replace(":", "%3A")):
        status, headers, answer = server.get(f"/api/v1/dag_runs/{path}", headers={"X-Request-Id": "mine"})
        assert (status, answer["response"]["dag_run"]["run_id"]) == (200, ids[0])
        assert headers["X-Request-Id"] == "mine"


def test_head_has_no_body_and_a_method_that_is_not_allowed_names_those_that_are(server):
    status, headers, answer = server.request("HEAD", "/api/v1/dags")
    assert (status, answer) == (200, None)
    assert int(headers["Content-Length"]) > 0
    status, headers, _ = server.request("DELETE", "/api/v1/dag_runs")
    assert (status, headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")


def test_bad_requests_change_nothing(server):
    before = server.get("/api/v1/dag_runs?limit=100")[2]
    wrong = []
    for row in BAD_REQUESTS:
        status, _, answer = server.request(row.method, row.target, row.body, row.headers)
        text = answer["response"]["error"]
        if status != row.status or not all(part in text for part in row.says):
            wrong.append((str(row), status, text[:300]))
    assert wrong == []
    after = server.get("/api/v1/dag_runs?limit=100")[2]
    assert [run["id"] for run in after["response"]["dag_runs"]] == [run["id"] for run in before["response"]["dag_runs"]]
    assert "Traceback" not in server.log.read_text()


POST = b"POST /api/v1/dag_runs HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 4100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X%d: a\r\n" % n for n in range(60)) + b"\r\n", 431),
        (b"<script>\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip-ish\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", 400),
        (POST + b"Content-Length: 1000000000\r\n\r\n", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b" " * 0x10000 + b"\r\n", 400),
    ],
    ids=lambda value: value[:60] if isinstance(value, bytes) else None,
)
def test_what_is_no_proper_http_gets_the_same_form(server, data, status):
    with server.connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answered, answer = read_answer(connection)
    assert answered == status
    assert is_error(answer)
    assert "script" not in str(answer)


def test_a_chunked_body_is_read(server):
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (b'{"dag_id": "', b'example_unscheduled"}', b""))
    status, answer = server.raw(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert (status, len(answer["response"]["dag_run_ids"])) == (200, 1)


@pytest.mark.parametrize(
    "name", ["AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH", "AIRFLOW__AIRFLOW__API__PLUGIN_AIRFLOW_API_AUTH"]
)
def test_the_token_is_asked_for_under_either_of_its_names(tmp_path, name):
    with serving(tmp_path / "log", **{name: "s3cret-token"}) as server:
        for headers in BAD_TOKENS:
            status, answered, _ = server.get("/api/v1/dags", headers=headers)
            assert (status, answered["WWW-Authenticate"]) == (401, "Bearer")
        for token in ("s3cret-token", "Bearer s3cret-token"):
            assert server.get("/api/v1/dags", headers={"Authorization": token})[0] == 200
        assert server.get("/health/live")[0] == 200
    assert "s3cret-token" not in server.log.read_text()
