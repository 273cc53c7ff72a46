"""Responses before the body was read, on the wire of our gunicorn, plain and with TLS: one for each request, none lost."""

import json

import pytest

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
from tests.envelope import is_error
from tests.integration.http_memory.server import certificate, serving

TOKENS = {
    "writer": "token-of-the-writer",
    "reader": "token-of-the-reader",
    "limited": "token-of-the-limited",
    "nobody": None,
}
WRITE = Early(200, "POST", "/api/v1/dag_runs")


@pytest.fixture(scope="module", params=["plain", "tls"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    writers = [f"{name}: {token}\n" for name, token in TOKENS.items() if name in ("writer", "limited")]
    tokens = folder / "tokens"
    tokens.write_text("".join(writers) + "reader: token-of-the-reader read-only\n" + "".join(map(_fresh, range(100))))
    tokens.chmod(0o600)
    context, options = certificate(folder) if request.param == "tls" else (None, "")
    environ = {
        "AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH_FILE": str(tokens),
        "AIRFLOW__AIRFLOW_API_PLUGIN__WRITE_RATE_LIMIT": "1/day",
        "AIRFLOW__AIRFLOW_API_PLUGIN__RECEIVE_TIMEOUT": "1",
    }
    with serving(folder / "log", tls=context, GUNICORN_CMD_ARGS=options, **environ) as server:
        assert server.request("POST", "/api/v1/dag_runs", BODY, {"Authorization": "token-of-the-limited"})[0] == 200
        yield server


def _fresh(number):
    return f"fresh{number}: token-of-number-{number}\n"


@pytest.fixture(scope="module")
def fresh():
    """Return tokens that have not written yet."""
    return (f"token-of-number-{number}" for number in range(100))


REQUESTS = [(early, head(early, TOKENS[early.who])) for early in EARLY]


@pytest.mark.parametrize("pieces", BODIES.values(), ids=BODIES)
def test_early_response_keeps_the_connection_or_says_that_it_closes(server, pieces):
    assert wrong_responses(server.connect, pieces, REQUESTS, following()) == []


def test_early_response_is_not_preceded_by_100_continue(server):
    # whether a request is a dry run, which another rate limits, stands in its body
    without_body = [one for one in REQUESTS if one[0].status != 429]
    assert wrong_responses(server.connect, EXPECTING, without_body) == []


@pytest.mark.parametrize("body", ["none", "with the head"])
def test_body_that_came_with_the_head_keeps_the_connection(server, body):
    for _, sent in REQUESTS:
        assert len(converse(server.connect, sent, BODIES[body], following())) == 2


def test_body_that_is_wanted_is_asked_for(server, fresh):
    pieces = [*EXPECTING, BODY]
    responses = converse(server.connect, head(WRITE, next(fresh)), pieces, following())
    assert [response.status for response in responses] == [100, 200, 200]


def test_body_that_is_there_is_not_asked_for(server, fresh):
    pieces = [EXPECTING[0] + BODY]
    responses = converse(server.connect, head(WRITE, next(fresh)), pieces, following())
    assert [response.status for response in responses] == [200, 200]


@pytest.mark.parametrize(
    ("status", "pieces"),
    [
        (413, BODIES["very long"]),
        (413, (b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % TOO_LONG,)),
        (413, (b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % TOO_LONG + TOO_LONG * b" " + b"\r\n0\r\n\r\n")),
        (400, BODIES["a malformed chunk with the head"]),
        (400, BODIES["a malformed chunk after the head"]),
        (400, (b"Content-Length: 33\r\nTransfer-Encoding: chunked\r\n\r\n",)),
        (501, (b"Transfer-Encoding: nonsense\r\n\r\n", BODY)),
    ],
)
def test_body_that_is_refused_ends_the_connection_with_one_response(server, fresh, status, pieces):
    (response,) = converse(server.connect, head(WRITE, next(fresh)), pieces)
    assert (response.status, response.closes) == (status, True)
    assert is_error(json.loads(response.body))


def test_request_that_stays_incomplete_is_a_408(server, fresh):
    halves = (
        b"X-Head: half of it",
        b"Content-Length: 34\r\n\r\n" + BODY,
        b"Transfer-Encoding: chunked\r\n\r\n21\r\n" + BODY[:20],
    )
    requests = [(Early(408, "POST", WRITE.path), head(WRITE, next(fresh)) + half) for half in halves]
    assert wrong_responses(server.connect, [], requests) == []


def test_body_that_was_read_keeps_the_connection_whatever_it_is(server, fresh):
    responses = converse(server.connect, head(WRITE, next(fresh)), [b"Content-Length: 4\r\n\r\nnull"], following())
    assert [response.status for response in responses] == [400, 200]


def test_requests_behind_each_other_are_all_responded_to(server):
    one = head(Early(200, "GET", "/api/v1/dags"), "token-of-the-writer") + b"\r\n"
    other = head(Early(401, "POST", "/api/v1/dag_runs"), None) + BODIES["with the head"][0]
    responses = converse(server.connect, b"", [20 * (one + other)], following())
    assert [response.status for response in responses] == [*20 * [200, 401], 200]


def test_request_without_host_is_a_400(server):
    (response,) = converse(server.connect, b"GET /api/v1/health/live HTTP/1.1\r\nConnection: close\r\n\r\n", [])
    assert response.status == 400
    assert "must have the header Host" in json.loads(response.body)["response"]["error"]
    (response,) = converse(server.connect, b"GET /api/v1/health/live HTTP/1.0\r\n\r\n", [])
    assert response.status == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost/api/v1/health/live", 200),
        ("https://other.example:8/api/v1/health/live", 200),
        ("http:///api/v1/health/live", 400),
        ("http://user@localhost/api/v1/health/live", 400),
        ("ftp://localhost/api/v1/health/live", 400),
    ],
)
def test_absolute_target_is_one_of_http_with_a_host(server, target, status):
    sent = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    (response,) = converse(server.connect, sent, [])
    assert response.status == status
