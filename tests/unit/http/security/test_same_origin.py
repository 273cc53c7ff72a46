"""Where no token is set, pages of other sites get nowhere; and what browsers are told about answers."""

import pytest
from falcon import testing

from airflow_run_groups.entrypoints.http.security.authentication import (
    BearerAuthentication,
    FullAccess,
    NoAuthentication,
    TokenAuthentication,
)
from airflow_run_groups.entrypoints.http.security.same_origin import FORWARDED_HOST, Origin, SameOrigin
from tests.unit.http.service import Service, error

HERE = "127.0.0.1:8000"
CHROME = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}

SERVED = [
    {"Host": "127.0.0.1:8000"},
    {"Host": "127.0.0.1"},
    {"Host": "127.9.9.9:8000"},
    {"Host": "[::1]:8000"},
    {"Host": "[::1]"},
    {"Host": "localhost"},
    {"Host": "localhost:8000"},
    {"Host": "LOCALHOST.:8000"},
    {"Host": "a.localhost:8000"},
    {"Host": "10.0.0.7:8000"},
    {"Host": "[2001:db8::7]:8000"},
    {"Host": "groups.example.com"},
    {"Host": "Groups.Example.Com:8443"},
    {"Host": HERE, "Sec-Fetch-Site": "same-origin", "Origin": f"http://{HERE}", **CHROME},
    {"Host": HERE, "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    {"Host": HERE, "Origin": f"http://{HERE}"},
    {"Host": "[::1]:8000", "Origin": "http://[::1]:8000"},
    {"Host": "127.0.0.1", "Origin": "http://127.0.0.1:80"},
    {"Host": "groups.example.com:8000", "Origin": "http://groups.example.com:8000"},
    {"Host": "Groups.Example.com.:8000", "Origin": "http://groups.example.com:8000"},
    # behind a proxy that names another host, in a browser that says where it comes from and in one that does not
    {"Host": HERE, "Sec-Fetch-Site": "same-origin", "Origin": "https://unnamed.example.com"},
    {"Host": HERE, FORWARDED_HOST: "groups.example.com", "Origin": "http://groups.example.com"},
    {"Host": HERE, FORWARDED_HOST: "groups.example.com:8443", "Origin": "http://groups.example.com:8443"},
    {"Host": HERE, "User-Agent": "curl/8"},
]
REFUSED = [
    # the name of a page that leads here (DNS rebinding), and what only looks like a name of ours
    {"Host": "evil.example"},
    {"Host": "evil.example:8000", "Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example:8000"},
    {"Host": "localhost.evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "evillocalhost"},
    {"Host": "localhost@evil.example"},
    {"Host": "127.0.0.1:8000@evil.example"},
    {"Host": "127.0.0.1:80:80"},
    {"Host": "[::1"},
    {"Host": "[evil]"},
    {"Host": ""},
    {"Host": "127.0.0.1/.evil.example"},
    {"Host": "localhost, evil.example"},
    {"Host": "xgroups.example.com"},
    {"Host": "example.com"},
    # other sites' pages
    {"Host": HERE, "Sec-Fetch-Site": "cross-site", **CHROME},
    {"Host": HERE, "Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"},
    {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Origin": f"http://{HERE}"},
    {"Host": HERE, "Sec-Fetch-Site": "something new"},
    {"Host": HERE, "Sec-Fetch-Site": ""},
    {"Host": HERE, "Origin": "http://evil.example"},
    {"Host": HERE, "Origin": "http://127.0.0.1:3000"},
    {"Host": HERE, "Origin": "http://localhost:8000"},
    {"Host": HERE, "Origin": "null"},
    {"Host": HERE, "Origin": ""},
    {"Host": HERE, "Origin": f"http://{HERE}.evil.example"},
    {"Host": HERE, "Origin": f"http://{HERE}@evil.example"},
    {"Host": HERE, "Origin": f"http://evil.example/{HERE}"},
    {"Host": HERE, "Origin": "http://[evil"},
    {"Host": HERE, "Origin": HERE},
    {"Host": HERE, "Origin": "file://"},
    {"Host": "groups.example.com", "Origin": "https://evil.example"},
    # pages of the same host, on another port or by another scheme
    {"Host": "groups.example.com:8000", "Origin": "http://groups.example.com"},
    {"Host": "groups.example.com:8000", "Origin": "http://groups.example.com:3000"},
    {"Host": "groups.example.com:8000", "Origin": "https://groups.example.com:8000"},
    {"Host": "groups.example.com", "Origin": "http://groups.example.com:8000"},
    {"Host": HERE, "Origin": "https://groups.example.com"},
    {"Host": HERE, "Origin": f"https://{HERE}"},
    {"Host": HERE, FORWARDED_HOST: "groups.example.com", "Origin": "http://groups.example.com:8443"},
    {"Host": HERE, FORWARDED_HOST: "groups.example.com", "Origin": "https://groups.example.com"},
    # a proxy that was led astray itself
    {"Host": HERE, FORWARDED_HOST: "evil.example", "Origin": "http://evil.example"},
    {"Host": HERE, FORWARDED_HOST: "evil.example, groups.example.com", "Origin": "http://evil.example"},
]


@pytest.fixture
def service():
    return Service(authenticator=NoAuthentication(SameOrigin(["groups.example.com"])))


SERVES = [200, 200, 200, 405]
"""The statuses of the requests below; that there is nothing to change at a path is said to those alone who are let in."""


def ask(service, headers):
    """Send one request of each kind with these headers, as they are."""
    client = testing.TestClient(service.client.app)
    body = b'{"dag_id": "example_unscheduled"}'
    return [
        client.simulate_get("/api/v1/dags", headers=headers),
        client.simulate_get("/api/v1/dag_runs", headers=headers),
        client.simulate_post("/api/v1/dag_runs", headers=headers, body=body),
        client.simulate_patch("/api/v1/dag_runs", headers=headers, body=body),
    ]


@pytest.mark.parametrize("headers", SERVED, ids=str)
def test_programs_and_pages_of_ours_are_served(service, headers):
    assert [answer.status_code for answer in ask(service, headers)] == SERVES


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_pages_of_other_sites_are_refused_in_our_form_and_told_what_to_do(service, headers):
    for answer in ask(service, headers):
        assert answer.status_code == 403
        assert "set a token" in error(answer)
        assert "access-control-allow-origin" not in answer.headers
    assert service.backend.runs == []


def test_whoever_asks_before_a_page_sends_anything_is_refused_too(service):
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = service.request("OPTIONS", "/api/v1/dag_runs", headers=asked)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_probes_and_the_page_on_which_to_try_requests_are_open_to_all_hosts(service, headers):
    client = testing.TestClient(service.client.app)
    for path in ("/health/live", "/health/ready", "/api/v1/health/ready", "/api/v1/docs", "/api/v1/openapi.json"):
        assert client.simulate_get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(("version", "status"), [("1.0", "200 OK"), ("1.1", "400 Bad Request")])
def test_host_is_required_by_http_1_1(service, version, status):
    environ = testing.create_environ(path="/api/v1/dags", http_version=version)
    environ.pop("HTTP_HOST", None)
    found = []
    body = b"".join(service.client.app(environ, lambda line, _: found.append(line)))
    assert found == [status]
    assert (b"must have the header Host, once" in body) == (version == "1.1")


def test_a_star_allows_every_host_and_no_other_site():
    service = Service(authenticator=NoAuthentication(SameOrigin((), any_host=True)))
    assert [answer.status_code for answer in ask(service, {"Host": "any.example"})] == SERVES
    for more in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        assert [answer.status_code for answer in ask(service, {"Host": "any.example", **more})] == [403] * 4


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_where_a_token_is_asked_for_no_other_site_has_it(headers):
    service = Service(authenticator=TokenAuthentication("s3cret"))
    assert {answer.status_code for answer in ask(service, headers)} == {401}
    assert {answer.status_code for answer in ask(service, {**headers, "Authorization": "s3cret"})} == {*SERVES}


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_where_airflow_gives_everybody_a_token_other_sites_are_refused_as_well(headers):
    authenticator = BearerAuthentication(lambda _: FullAccess("admin"), SameOrigin(["groups.example.com"]))
    service = Service(authenticator=authenticator)
    assert {answer.status_code for answer in ask(service, {**headers, "Authorization": "Bearer admins"})} == {403}


PUBLIC = {"Host": "10.0.0.7:8080", "Origin": "https://airflow.example.com"}


@pytest.mark.parametrize(
    ("headers", "is_served"),
    [
        (PUBLIC, True),
        ({**PUBLIC, "Origin": "https://airflow.example.com:443"}, True),
        ({**PUBLIC, "Origin": "http://airflow.example.com"}, False),
        ({**PUBLIC, "Origin": "https://airflow.example.com:8443"}, False),
        ({**PUBLIC, "Origin": "https://other.example.com"}, False),
        ({**PUBLIC, "Host": "other.example.com"}, False),
    ],
    ids=str,
)
def test_pages_of_the_configured_address_are_ours(headers, is_served):
    public = Origin.parse("https://airflow.example.com")
    service = Service(authenticator=NoAuthentication(SameOrigin((), public_origin=public)))
    assert [answer.status_code for answer in ask(service, headers)] == (SERVES if is_served else [403] * 4)


def test_the_scheme_is_the_one_that_the_server_knows(service):
    client = testing.TestClient(service.client.app)
    headers = {"Host": "groups.example.com", "Origin": "https://groups.example.com"}
    assert client.simulate_get("/api/v1/dags", headers=headers, protocol="https").status_code == 200
    assert client.simulate_get("/api/v1/dags", headers=headers, protocol="http").status_code == 403


TOLD = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/api/v1/dags", 200),
        ("HEAD", "/api/v1/dag_runs", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/health/ready", 200),
        ("POST", "/api/v1/dag_runs", 400),
        ("GET", "/nowhere", 404),
        ("DELETE", "/api/v1/dags", 405),
    ],
)
def test_browsers_keep_no_answer_and_show_it_as_nothing_but_data(service, method, target, status):
    answer = service.request(method, target)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in TOLD} == TOLD


@pytest.mark.parametrize("path", ["/docs", "/docs/docs.js", "/docs/swagger-ui.css"])
def test_the_page_on_which_to_try_requests_may_be_kept_and_is_nobodys_frame(service, path):
    headers = service.get(f"/api/v1{path}").headers
    assert headers["cache-control"] == "max-age=3600"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_failure_has_the_headers_too(caplog):
    class Failing:
        def list(self, **_):
            raise OSError

    answer = Service(dags=Failing()).get("/api/v1/dags")
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in TOLD} == TOLD
