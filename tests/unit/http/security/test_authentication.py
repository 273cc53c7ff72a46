"""Who gets in where a token is set."""

import pytest
from falcon import testing

from airflow_run_groups.adapters.memory import MemoryDagRunRepository
from airflow_run_groups.domain import Unauthenticated
from airflow_run_groups.entrypoints.http.openapi.operations import OPERATIONS
from airflow_run_groups.entrypoints.http.security.authentication import BearerAuthentication, TokenAuthentication
from airflow_run_groups.entrypoints.http.security.token_file import TokenFile
from tests.unit.http.service import Service, error

OPEN = {operation.path.rstrip("/") for operation in OPERATIONS if operation.open}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READS = {"GET", "HEAD", "OPTIONS"}


def closed_paths(service):
    """Return the paths of every route of the app that is not said to be open, with something in place of what varies."""
    nodes = list(service.client.app._router._roots)  # noqa: SLF001 - Falcon tells them only to its own inspector's text
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children)
        if node.resource is not None:
            path = node.uri_template
            files = ("/api/v1/docs/", "/api/v1/ui/")
            if path.removeprefix("/api/v1").rstrip("/") not in OPEN and not path.startswith(files):
                yield path.replace("{run_id}", "a_run").format(dag_id="example_daily", prefix="a_group")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tokens"
    path.touch(mode=0o600)
    path.write_text("ci: ci-0123456789abcdef\ndashboard: board-0123456789abcdef read-only\n")
    return TokenFile(str(path))


def test_every_route_but_the_open_ones_asks_for_a_token_whatever_the_method(file):
    service = Service(authenticator=TokenAuthentication("s3cret", file))
    paths = list(closed_paths(service))
    assert {"/api/v1/dags", "/api/v1/dag_runs", "/api/v1/dag_runs/a_run", "/api/v1/groups"} <= set(paths)
    for path in paths:
        for method in METHODS:
            for headers in ({}, {"Authorization": "wrong"}):
                answer = service.request(method, path, headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)


def test_a_read_only_token_reads_every_route_and_writes_none(file):
    service = Service(authenticator=TokenAuthentication("s3cret", file))
    service.place("example_daily", "a_run")
    service.place("example_daily", "a_group_0000001_2024-12-01T00:00:00")
    headers = {"Authorization": "Bearer board-0123456789abcdef"}
    written = 0
    needed = {"/coverage": "?dag_id=example_daily&start_date=2024-12-01"}
    for path in closed_paths(service):
        target = path + next((query for end, query in needed.items() if path.endswith(end)), "")
        for method in METHODS:
            answer = service.request(method, target, headers=headers, body='{"dag_id": "example_daily"}')
            if method in READS:
                assert answer.status_code in (200, 405), (method, path)
            else:
                written += 1
                assert answer.status_code == 403, (method, path)
                assert error(answer) == (
                    "your token 'dashboard' is read-only: it can list and show, and neither plan, create nor change"
                )
                assert "www-authenticate" not in answer.headers
    assert written >= 12
    assert [stored.run.state for stored in service.backend.runs] == ["success", "success"]
    assert service.get("/api/v1/dag_runs", headers=headers).json["response"]["dag_runs"][0]["run_id"] == "a_run"


def test_what_is_created_bears_the_name_of_the_token_unless_it_is_the_shared_one(file, monkeypatch):
    service = Service(authenticator=TokenAuthentication("s3cret", file))
    names = []
    transaction = MemoryDagRunRepository.transaction

    def spying(self, dag_id, work):
        created = transaction(self, dag_id, work)
        names.append(created.created_by)
        return created

    monkeypatch.setattr(MemoryDagRunRepository, "transaction", spying)
    for token in ("ci-0123456789abcdef", "s3cret"):
        body = '{"dag_id": "example_unscheduled"}'
        headers = {"Authorization": token}
        assert service.request("POST", "/api/v1/dag_runs", body=body, headers=headers).status_code == 200
    assert names == ["ci", None]


def test_every_caller_is_known_to_the_log_by_the_name_of_their_token(file):
    authentication = TokenAuthentication("s3cret", file)
    for sent, name in {"s3cret": "token", "ci-0123456789abcdef": "ci", "board-0123456789abcdef": "dashboard"}.items():
        req = testing.create_req(headers={"Authorization": sent})
        assert authentication.identify(req).token == name


@pytest.mark.parametrize("header", ["s3cret", "Bearer s3cret", "bearer s3cret", "BEARER   s3cret"])
def test_the_token_comes_bare_or_after_bearer(header):
    service = Service(authenticator=TokenAuthentication("s3cret"))
    assert service.get("/api/v1/dags", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("token", ["Bearer x", "pässwörd", "a b,c;d=e", "\U0001f600"])
def test_a_token_may_hold_anything_printable(token):
    service = Service(authenticator=TokenAuthentication(token))
    for header in (token, f"Bearer {token}"):
        over_the_wire = header.encode().decode("latin-1")
        assert service.get("/api/v1/dags", headers={"Authorization": over_the_wire}).status_code == 200


def test_whoever_sends_none_is_told_how():
    result = Service(authenticator=TokenAuthentication("s3cret")).get("/api/v1/dags")
    assert result.status_code == 401
    assert "authorization: Bearer <token>" in error(result)


@pytest.mark.parametrize("path", ["/nowhere", "/api/v2", "/api/v1/dags/example_daily/dagRuns"])
def test_that_there_is_nothing_at_a_path_is_no_secret(path):
    assert Service(authenticator=TokenAuthentication("s3cret")).get(path).status_code == 404


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/api/v1/health/live"])
def test_the_health_endpoints_need_no_token(path):
    assert Service(authenticator=TokenAuthentication("s3cret")).get(path).status_code == 200


def test_without_a_token_set_a_header_plays_no_part(service):
    assert service.get("/api/v1/dags", headers={"Authorization": "whatever"}).status_code == 200


class _Reader:
    """A caller who sees one DAG, and may create nothing."""

    name = "reader"

    def readable_dag_ids(self, dag_id=None):
        return frozenset({"example_hourly"} & {dag_id or "example_hourly"})

    def may_create_runs(self, dag_id):
        return False


class _ReadersOnly:
    def identify(self, req):
        return _Reader()


def test_a_caller_sees_no_more_than_they_may():
    service = Service(authenticator=_ReadersOnly())
    service.place("example_daily", "hidden")
    service.place("example_hourly", "shown")
    assert [dag["dag_id"] for dag in service.ask("/api/v1/dags")["dags"]] == ["example_hourly"]
    assert service.listed() == ["shown"]
    assert service.listed("?dag_id=example_hourly") == ["shown"]
    assert service.listed("?dag_id=example_daily") == []
    assert service.get("/api/v1/dag_runs/hidden").status_code == 404
    assert service.get("/api/v1/dag_runs/hidden?dag_id=example_daily").status_code == 404
    assert service.get("/api/v1/dag_runs?start=hidden").status_code == 404


def test_a_caller_creates_no_more_than_they_may():
    service = Service(authenticator=_ReadersOnly())
    assert service.post(dag_id="example_hourly").status_code == 403
    assert service.post(dag_id="example_daily").status_code == 404


def _user_of(token):
    if token != "of-the-reader":
        msg = "nobody has this token"
        raise Unauthenticated(msg)
    return _Reader()


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"Authorization": "Bearer of-the-reader"}, 200, ""),
        ({"Authorization": "bearer  of-the-reader "}, 200, ""),
        ({"Authorization": "of-the-reader"}, 401, "authorization: Bearer <token>"),
        ({"Authorization": "Basic of-the-reader"}, 401, "authorization: Bearer <token>"),
        ({"Authorization": "Bearer "}, 401, "authorization: Bearer <token>"),
        ({}, 401, "authorization: Bearer <token>"),
        ({"Authorization": "Bearer of-somebody"}, 401, "nobody has this token"),
        ({"Cookie": "_token=of-the-reader"}, 401, "authorization: Bearer <token>"),
    ],
)
def test_where_tokens_name_users_a_bearer_token_decides_who_it_is(headers, status, words):
    result = Service(authenticator=BearerAuthentication(_user_of)).get("/api/v1/dags", headers=headers)
    assert result.status_code == status
    if status == 401:
        assert words in error(result)
        assert result.headers["www-authenticate"] == "Bearer"
