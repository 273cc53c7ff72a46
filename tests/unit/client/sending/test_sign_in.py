"""Whether a service asks for Airflow's users, and what is exchanged with Airflow for a token."""

import json

import httpx
import pytest

from airflow_run_groups.adapters.client import (
    RefusedByService,
    Unreachable,
    Unsendable,
    asks_for_airflows_users,
    login_url,
    sign_in,
)
from airflow_run_groups.entrypoints.http.security.authentication import BearerAuthentication, TokenAuthentication
from tests.unit.http.service import Service

URL = "http://localhost"


def nobody(token):
    raise AssertionError(token)


def transport_to(**parts):
    return httpx.WSGITransport(app=Service(**parts).client.app)


@pytest.mark.parametrize(
    ("parts", "asks"),
    [
        ({"authenticator": BearerAuthentication(nobody)}, True),
        ({"authenticator": TokenAuthentication("s3cret")}, False),
        ({}, False),
    ],
    ids=["Airflow's users", "our tokens", "nobody"],
)
def test_a_service_says_whether_it_asks_for_airflows_users(parts, asks):
    assert asks_for_airflows_users(URL, transport=transport_to(**parts)) is asks


def refuse(request):
    reason = "Connection refused"
    raise httpx.ConnectError(reason)


@pytest.mark.parametrize(
    "respond",
    [
        refuse,
        lambda _: httpx.Response(401, text="<html>"),
        lambda _: httpx.Response(401, json=[]),
        lambda _: httpx.Response(401, json={"detail": "Not authenticated"}),
        lambda _: httpx.Response(401, json={"response": "no"}),
        lambda _: httpx.Response(200, json={"response": {"reason": "airflow_token_required"}}),
        lambda _: httpx.Response(302, headers={"Location": "https://elsewhere.example"}),
    ],
)
def test_nothing_else_asks_for_airflows_users(respond):
    assert not asks_for_airflows_users(URL, transport=httpx.MockTransport(respond))


class Airflow:
    """The login of Airflow's API server, which responds in this way."""

    def __init__(self, *answer, **more):
        self.requests = []
        self.answer = httpx.Response(*answer, **more)

    def sign_in(self, url=URL, user="ada", password="pässword"):
        def respond(request):
            self.requests.append(request)
            return self.answer

        return sign_in(url, user, password, transport=httpx.MockTransport(respond))


@pytest.mark.parametrize("status", [200, 201])
def test_name_and_password_are_exchanged_for_a_token(status):
    airflow = Airflow(status, json={"access_token": "a.b.c"})
    assert airflow.sign_in() == "a.b.c"
    (request,) = airflow.requests
    assert (request.method, request.url) == ("POST", f"{URL}/auth/token")
    assert json.loads(request.content) == {"username": "ada", "password": "pässword"}


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("https://a.example", "https://a.example/auth/token"),
        ("https://a.example/", "https://a.example/auth/token"),
        ("https://a.example/data/airflow/api/v1", "https://a.example/data/airflow/auth/token"),
    ],
)
def test_the_login_is_beside_the_path_of_the_service(url, login):
    assert login_url(url) == login


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_who_is_not_let_in_is_refused(status):
    with pytest.raises(RefusedByService, match="does not let 'ada' in") as refused:
        Airflow(status, json={"detail": "Invalid credentials"}).sign_in()
    assert refused.value.status == status
    assert "pässword" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, {"text": "Not Found"}),
        (405, {"json": {}}),
        (500, {"text": ""}),
        (307, {"headers": {"Location": "https://elsewhere.example"}}),
        (200, {"text": "<html>a page to sign in"}),
        (201, {"json": {}}),
        (201, {"json": []}),
        (201, {"json": {"access_token": "two words\n"}}),
        (201, {"json": {"access_token": ""}}),
        (201, {"json": {"access_token": None}}),
        (201, {"json": {"access_token": 7}}),
    ],
)
def test_what_gives_no_token_is_no_login(status, answer):
    airflow = Airflow(status, **answer)
    with pytest.raises(Unreachable, match=f"gives no token for a name and a password .status {status}.") as missing:
        airflow.sign_in()
    assert "pässword" not in str(missing.value)
    assert len(airflow.requests) == 1


def test_a_login_that_is_not_there_is_unreachable():
    with pytest.raises(Unreachable, match=r"/auth/token does not respond .Connection refused.") as missing:
        sign_in(URL, "ada", "secret", transport=httpx.MockTransport(refuse))
    assert missing.value.nothing_was_done


@pytest.mark.parametrize("url", ["ftp://a.example", "https://ada:secret@a.example", "a.example"])
def test_what_is_no_url_is_not_tried(url):
    with pytest.raises(Unsendable):
        sign_in(url, "ada", "secret", transport=httpx.MockTransport(nobody))
    with pytest.raises(Unsendable):
        asks_for_airflows_users(url, transport=httpx.MockTransport(nobody))
