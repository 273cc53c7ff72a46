"""The cookie of Airflow's session counts for requests of our own pages, and for no other."""

import pytest
from falcon import testing

from airflow_run_groups.domain import Unauthenticated
from airflow_run_groups.entrypoints.http.security.authentication import BearerAuthentication, FullAccess
from airflow_run_groups.entrypoints.http.security.browser_session import MOST_TOKENS, BrowserSession
from airflow_run_groups.entrypoints.http.security.same_origin import Origin
from tests.unit.http.service import Service, reason

HERE = "airflow.test:8080"
COOKIE = {"Cookie": "_token=anns"}
JSON = {"Content-Type": "application/json"}
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HERE}"}
GROUP = b'{"dag_id": "example_daily", "prefix": "p", "start_date": "2024-12-01", "end_date": "2024-12-01"}'


class AuthManager:
    """Names the user of each token, and keeps the tokens that it was asked for."""

    def __init__(self):
        self.asked = []

    def user_of(self, token):
        self.asked.append(token)
        if token != "anns":
            msg = "nobody has this token"
            raise Unauthenticated(msg)
        return FullAccess("ann")


@pytest.fixture
def manager():
    return AuthManager()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def service(manager, lines):
    session = BrowserSession("_token", Origin.parse("https://airflow.example.com"))
    authenticator = BearerAuthentication(manager.user_of, session_tokens=session.tokens)
    return Service(authenticator=authenticator, log_request=lines.append)


def send(service, method, headers):
    """Send a request that would create a group, or read, with these headers and no others but Host."""
    client = testing.TestClient(service.client.app)
    path = "/api/v1/dag_runs"
    if method == "PATCH":
        path = "/api/v1/groups/example_daily/p"
    body = None if method in ("GET", "HEAD", "OPTIONS") else GROUP
    return client.simulate_request(method, path, headers={"Host": HERE, **headers}, body=body)


READ_BY_SESSION = [
    OWN_PAGE,
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},  # the address is typed, or a bookmark
    {"Origin": f"http://{HERE}"},  # over plain HTTP to a host name, browsers send no Sec-Fetch-Site
    {"Origin": "https://airflow.example.com"},  # [api] base_url, behind a proxy that changes the host
    {},  # as there, for a GET of the page itself
]
OF_ANOTHER_SITE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://airflow.test:3000"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{HERE}"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Sec-Fetch-Site": "same-origin,same-origin"},
    {"Sec-Fetch-Site": ""},
    {"Origin": "http://evil.example"},
    {"Origin": "http://airflow.test:3000"},
    {"Origin": "http://airflow.test"},
    {"Origin": f"https://{HERE}"},
    {"Origin": "http://airflow.example.com"},
    {"Origin": "https://airflow.example.com:8443"},
    {"Origin": "https://airflow.example.com.evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": HERE},
]
NOT_JSON = [
    {},
    {"Content-Type": ""},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "multipart/form-data; boundary=x"},
    {"Content-Type": "text/plain; charset=application/json"},
    {"Content-Type": "text/plain;application/json"},
    {"Content-Type": "application/json-seq"},
    {"Content-Type": "application/jsonp"},
    {"Content-Type": "text/json"},
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", READ_BY_SESSION, ids=str)
def test_session_reads(service, manager, lines, method, headers):
    assert send(service, method, {**COOKIE, **headers}).status_code == 200
    assert manager.asked == ["anns"]
    assert lines[-1]["caller"] == "ann"


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON "])
@pytest.mark.parametrize("headers", [headers for headers in READ_BY_SESSION if "same-origin" in str(headers)], ids=str)
def test_session_writes_for_a_page_of_ours(service, lines, headers, content_type):
    answer = send(service, "POST", {**COOKIE, **headers, "Content-Type": content_type})
    assert answer.status_code == 200
    assert lines[-1]["caller"] == "ann"


@pytest.mark.parametrize("origin", [f"http://{HERE}", "https://airflow.example.com"])
def test_session_writes_where_the_browser_names_the_origin_alone(service, origin):
    assert send(service, "POST", {**COOKIE, **JSON, "Origin": origin}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PATCH"])
@pytest.mark.parametrize("headers", OF_ANOTHER_SITE, ids=str)
def test_session_does_not_count_for_a_page_of_another_site(service, manager, lines, method, headers):
    answer = send(service, method, {**COOKIE, **JSON, **headers})
    assert answer.status_code == 403
    assert (lines[-1]["status"], lines[-1]["reason"]) == (403, "session_cross_origin")
    if method != "HEAD":
        assert reason(answer) == "session_cross_origin"
    assert "access-control-allow-origin" not in answer.headers
    assert manager.asked == []
    assert service.backend.runs == []


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_typed_address_writes_nothing(service, lines, method):
    answer = send(service, method, {**COOKIE, **JSON, "Sec-Fetch-Site": "none"})
    assert (answer.status_code, reason(answer)) == (403, "session_cross_origin")
    assert lines[-1]["reason"] == "session_cross_origin"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_write_that_does_not_say_which_page_sends_it_is_refused(service, lines, method):
    answer = send(service, method, {**COOKIE, **JSON})
    assert (answer.status_code, reason(answer)) == (403, "session_origin_unknown")
    assert lines[-1]["reason"] == "session_origin_unknown"
    assert service.backend.runs == []


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("headers", NOT_JSON, ids=str)
def test_write_of_a_kind_that_forms_send_is_refused(service, lines, method, headers):
    for page in (OWN_PAGE, {"Origin": f"http://{HERE}"}):
        answer = send(service, method, {**COOKIE, **page, **headers})
        assert (answer.status_code, reason(answer)) == (403, "session_write_not_json")
        assert lines[-1]["reason"] == "session_write_not_json"
    assert service.backend.runs == []


@pytest.mark.parametrize("headers", [{}, *OF_ANOTHER_SITE], ids=str)
def test_header_is_taken_as_before_whatever_the_cookie(service, manager, headers):
    bearer = {"Authorization": "Bearer anns", "Cookie": "_token=bobs"}
    assert send(service, "POST", {**bearer, **headers}).status_code == 200
    assert manager.asked == ["anns"]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic anns", "Bearer bobs"])
def test_session_does_not_stand_in_for_a_wrong_header(service, manager, header):
    answer = send(service, "GET", {**COOKIE, **OWN_PAGE, "Authorization": header})
    assert answer.status_code == 401
    assert "anns" not in manager.asked


@pytest.mark.parametrize(
    "cookie", ["_token=of-another-path; _token=anns", "_token=anns; _token=old", "a=b; _token=anns"]
)
def test_each_cookie_of_the_name_is_tried(service, cookie):
    assert send(service, "GET", {"Cookie": cookie, **OWN_PAGE}).status_code == 200


def test_session_that_has_ended_is_a_401_that_says_so(service, lines):
    answer = send(service, "GET", {"Cookie": "_token=old", **OWN_PAGE})
    assert (answer.status_code, reason(answer)) == (401, "session_ended")
    assert lines[-1]["reason"] == "session_ended"


@pytest.mark.parametrize("cookie", [None, "", "token=anns", "_token", "_token=", "__token=anns", "_TOKEN=anns"])
def test_without_the_cookie_a_token_is_asked_for(service, manager, cookie):
    headers = OWN_PAGE if cookie is None else {**OWN_PAGE, "Cookie": cookie}
    answer = send(service, "GET", headers)
    assert (answer.status_code, reason(answer)) == (401, "airflow_token_required")
    assert manager.asked == []


def test_cookies_cannot_make_the_auth_manager_work_for_long(service, manager):
    cookie = "; ".join(f"_token=wrong-{number}" for number in range(500))
    assert reason(send(service, "GET", {"Cookie": cookie, **OWN_PAGE})) == "session_ended"
    assert len(manager.asked) == MOST_TOKENS


def test_scheme_is_the_one_that_the_server_knows(service):
    client = testing.TestClient(service.client.app)
    headers = {"Host": HERE, **COOKIE, "Origin": f"https://{HERE}"}
    assert client.simulate_get("/api/v1/dags", headers=headers, protocol="https").status_code == 200
    assert client.simulate_get("/api/v1/dags", headers=headers, protocol="http").status_code == 403
