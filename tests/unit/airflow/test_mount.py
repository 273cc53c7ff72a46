"""The service below an ASGI mount, by the side of the same service on its own."""

import asyncio
import datetime as dt
import json
from urllib.parse import unquote

import pytest
from falcon import testing

from airflow_run_groups.entrypoints.airflow.mount import THREADS, MountedApp
from airflow_run_groups.entrypoints.http.security.authentication import NoAuthentication, TokenAuthentication
from airflow_run_groups.entrypoints.http.security.same_origin import SameOrigin
from tests.contracts.bad_requests import BAD_REQUESTS
from tests.demo import demo_app

NOW = dt.datetime(2025, 1, 1, 12, tzinfo=dt.timezone.utc)


def wsgi(prefix, authenticator=None):
    return demo_app(lambda: NOW, authenticator=authenticator or NoAuthentication(SameOrigin(())), prefix=prefix)


def mounted(authenticator=None, receive_timeout=5.0):
    return MountedApp(wsgi("", authenticator), "/api/v1", receive_timeout=receive_timeout)


class Asgi:
    """Calls an ASGI app as Airflow's API server does for a mount, below ``root`` or not."""

    def __init__(self, app, *, root="", stripped=False):
        self.app = app
        self.root = root
        self.stripped = stripped

    def request(self, method, target, body=b"", headers=()):
        chunks = [body] if isinstance(body, bytes) else list(body)
        messages = [
            {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
            for number, chunk in enumerate(chunks, 1)
        ]

        async def receive():
            return messages.pop(0)

        return asyncio.run(self.answer(method, target, receive, headers))

    async def answer(self, method, target, receive, headers=()):
        sent = []
        given = {name.lower() for name, _ in headers}
        named = [] if "host" in given else [("Host", "localhost")]
        if method == "POST" and "content-length" not in given:
            named.append(("Transfer-Encoding", "chunked"))

        async def send(message):
            sent.append(message)

        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": ("" if self.stripped else self.root) + unquote(path),
            "raw_path": (("" if self.stripped else self.root) + path).encode("latin-1"),
            "root_path": f"{self.root}/api/v1",
            "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode(), value.encode("utf-8")) for name, value in [*named, *headers]],
        }
        await self.app(scope, receive, send)
        if not sent:
            return None
        start, *parts = sent
        content = b"".join(part.get("body", b"") for part in parts)
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, content


@pytest.fixture
def here():
    return Asgi(mounted())


def error(answer):
    return json.loads(answer[2])["response"]["error"]


def create(client, **body):
    return client.request("POST", "/api/v1/dag_runs", json.dumps({"dag_id": "example_daily", **body}).encode())


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_bad_requests_get_the_answers_that_the_service_on_its_own_gives(here):
    alone = testing.TestClient(wsgi("/api/v1"), headers={"Host": "localhost"})
    compared = 0
    for bad in BAD_REQUESTS:
        if not bad.target.startswith("/api/v1/"):
            continue
        headers = {"Content-Length": str(len(bad.body)), **bad.headers}
        expected = alone.simulate_request(bad.method, bad.target, body=bad.body, headers=headers)
        status, answered, content = here.request(bad.method, bad.target, bad.body, headers.items())
        assert (status, content) == (expected.status_code, expected.content), str(bad)
        assert answered["content-type"] == expected.headers["content-type"]
        compared += 1
    assert compared > 100


def test_groups_are_created_and_listed(here):
    status, _, content = create(here, prefix="p", start_date="2024-12-30")
    assert status == 200
    run_ids = json.loads(content)["response"]["dag_run_ids"]
    _, _, listed = here.request("GET", "/api/v1/dag_runs?prefix=p_")
    assert [run["run_id"] for run in json.loads(listed)["response"]["dag_runs"]] == run_ids
    assert len(run_ids) == 3
    assert here.request("GET", f"/api/v1/dag_runs/{run_ids[0]}")[0] == 200


@pytest.mark.parametrize("path", ["/api/v1/health/live", "/api/v1/health/ready"])
def test_the_health_endpoints_lie_below_the_mount_and_need_no_token(path):
    client = Asgi(mounted(TokenAuthentication("s3cret")))
    assert client.request("GET", path)[0] == 200


@pytest.mark.parametrize("stripped", [False, True])
@pytest.mark.parametrize("root", ["", "/data/airflow"])
def test_path_has_one_spelling(root, stripped):
    client = Asgi(mounted(), root=root, stripped=stripped)
    for path in ("/api/v1/dags", "/api/v1/groups/example%5Fdaily/p"):
        assert json.loads(client.request("GET", path)[2])["response"].get("reason") != "route_not_found", path
    for path in (
        "/api/v1/dags/",
        "/api/v1/%64ags",
        "/api/v1%2fdags",
        "/api%2fv1/dags",
        "/%61pi/v1/dags",
        "/api/v1//dags",
    ):
        answer = client.request("GET", path)
        assert (answer[0], json.loads(answer[2])["response"]["reason"]) == (404, "route_not_found"), path


@pytest.mark.parametrize("stripped", [False, True])
def test_hints_hold_the_path_that_airflow_itself_lies_below(stripped):
    client = Asgi(mounted(), root="/data/airflow", stripped=stripped)
    assert error(client.request("GET", "/api/v1/connections")) == (
        "there is nothing at '/data/airflow/api/v1/connections': /data/airflow/api/v1 has coverage, dag_runs, dags, groups and me, "
        "and docs describes what is below them; "
        "Airflow's own API, which was here in Airflow 2, is /data/airflow/api/v2"
    )


def test_that_there_is_nothing_at_a_path_is_said_without_a_token():
    client = Asgi(mounted(TokenAuthentication("s3cret")))
    assert client.request("GET", "/api/v1/dags/example_daily/dagRuns")[0] == 404
    assert client.request("GET", "/api/v1/dags")[0] == 401


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:3000"}], ids=str
)
def test_pages_of_other_sites_are_refused_below_the_mount_as_well(here, headers):
    answer = here.request("POST", "/api/v1/dag_runs", b'{"dag_id": "example_unscheduled"}', headers.items())
    assert answer[0] == 403
    assert "set a token" in error(answer)
    assert here.request("GET", "/api/v1/health/ready", headers=headers.items())[0] == 200
    forwarded = {"Host": "10.0.0.7", "X-Forwarded-Host": "127.0.0.1:3000", "Origin": "http://127.0.0.1:3000"}
    assert here.request("POST", "/api/v1/dag_runs", b"{}", forwarded.items())[0] == 403
    own = {"Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080"}
    assert here.request("GET", "/api/v1/dags", headers=own.items())[0] == 200


def test_a_body_in_pieces_and_without_a_length_is_read_to_its_end(here):
    assert here.request("POST", "/api/v1/dag_runs", [b'{"dag_id": "exa', b"", b'mple_daily"}'])[0] == 200


def test_no_more_of_a_body_is_taken_than_shows_that_it_is_too_long(here):
    pieces = [b"x" * 1024 * 1024, b"x", b"never asked for"]

    async def receive():
        return {"type": "http.request", "body": pieces.pop(0), "more_body": True}

    status, _, content = asyncio.run(here.answer("POST", "/api/v1/dag_runs", receive))
    assert status == 413
    assert "longer than 1048576 bytes" in json.loads(content)["response"]["error"]
    assert pieces == [b"never asked for"]


def test_a_body_that_does_not_arrive_in_time_holds_nothing_up():
    async def receive():
        await asyncio.sleep(60)

    status, headers, content = asyncio.run(
        Asgi(mounted(receive_timeout=0.05)).answer("POST", "/api/v1/dag_runs", receive)
    )
    assert (status, headers["connection"]) == (408, "close")
    assert "did not arrive in time" in json.loads(content)["response"]["error"]


def test_a_client_that_goes_away_in_the_middle_of_its_body_creates_nothing(here):
    messages = [{"type": "http.request", "body": b'{"dag_id":', "more_body": True}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    assert asyncio.run(here.answer("POST", "/api/v1/dag_runs", receive)) is None
    assert json.loads(here.request("GET", "/api/v1/dag_runs")[2])["response"]["dag_runs"] == []


def test_the_token_that_airflow_adds_for_everybody_does_not_hide_the_callers_own():
    client = Asgi(mounted(TokenAuthentication("s3cret")))
    headers = [("Authorization", "s3cret"), ("authorization", "Bearer of-airflow")]
    assert client.request("GET", "/api/v1/dags", headers=headers)[0] == 200
    assert client.request("GET", "/api/v1/dags", headers=headers[1:])[0] == 401


def test_what_a_query_must_not_hold_is_refused_and_not_a_crash(here):
    status, _, content = here.request("GET", "/api/v1/dag_runs?prefix=\xff")
    assert status == 400
    assert "not UTF-8" in json.loads(content)["response"]["error"]


EXPECTS = (("Expect", "100-Continue"), ("Content-Length", "33"), ("Authorization", "s3cret"))


def test_a_body_is_asked_for_when_it_is_read():
    client = Asgi(mounted(TokenAuthentication("s3cret")))
    asked = []

    async def receive():
        asked.append(True)
        return {"type": "http.request", "body": b'{"dag_id": "example_unscheduled"}', "more_body": False}

    for headers, status, times in [(EXPECTS[:2], 401, 0), (EXPECTS, 200, 1)]:
        answer = asyncio.run(client.answer("POST", "/api/v1/dag_runs", receive, headers))
        assert (answer[0], len(asked)) == (status, times)
        assert answer[1].get("connection") == (None if times else "close")


def test_a_body_that_says_it_is_too_long_is_not_asked_for(here):
    async def receive():
        raise AssertionError

    headers = [("Content-Length", "1048577")]
    assert asyncio.run(here.answer("POST", "/api/v1/dag_runs", receive, headers))[0] == 413


def test_no_body_is_not_waited_for(here):
    async def receive():
        raise AssertionError

    for method, headers in [("GET", []), ("POST", [("Content-Length", "0")])]:
        status = asyncio.run(here.answer(method, "/api/v1/dag_runs", receive, headers))[0]
        assert status == {"GET": 200, "POST": 400}[method]


def test_clients_that_are_asked_and_send_nothing_hold_nothing_up():
    client = Asgi(mounted(TokenAuthentication("s3cret")))

    async def crowd():
        gone = asyncio.Event()

        async def silent():
            await gone.wait()
            return {"type": "http.disconnect"}

        asked = [
            asyncio.create_task(client.answer("POST", "/api/v1/dag_runs", silent, EXPECTS)) for _ in range(2 * THREADS)
        ]
        await asyncio.sleep(0.1)
        answer = await client.answer("GET", "/api/v1/dags", _nothing, EXPECTS[2:])
        waiting = [task for task in asked if not task.done()]
        gone.set()
        await asyncio.gather(*asked)
        return answer[0], len(waiting)

    async def _nothing():
        return {"type": "http.request", "body": b"", "more_body": False}

    assert asyncio.run(crowd()) == (200, 2 * THREADS)


def test_a_request_with_several_hosts_is_refused(here):
    hosts = [("Host", "localhost"), ("Host", "evil.example")]
    answer = here.request("GET", "/api/v1/health/live", headers=hosts)
    assert answer[0] == 400
    assert "must have the header Host, once" in error(answer)
