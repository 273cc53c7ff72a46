"""A client that signs in as a user of Airflow by itself, and again when its token has expired."""

import json

import httpx
import pytest

from airflow_run_groups.adapters.client import AirflowUser, Client, RefusedByService, Unreachable, Unsendable

URL = "http://airflow.example/data"


class Airflow(httpx.BaseTransport):
    """Airflow with the service in it. It gives out the tokens 1, 2, 3, …, of which it takes the newest alone."""

    def __init__(self):
        self.given = 0
        self.requests = []
        self.login = None
        """What the login responds; None: a token."""

    def handle_request(self, request):
        self.requests.append((request.method, request.url.path, request.headers.get("Authorization")))
        assert request.extensions["timeout"]["read"] == 30.0
        if request.url.path == "/data/auth/token":
            assert json.loads(request.read()) == {"username": "ada", "password": "s3cret"}
            if self.login is not None:
                return self.login
            self.given += 1
            return httpx.Response(201, json={"access_token": str(self.given)})
        if request.headers.get("Authorization") != f"Bearer {self.given}":
            return httpx.Response(401, json={"response": {"error": "no", "reason": "airflow_token_invalid"}})
        return httpx.Response(200, json={"response": {"dags": []}})

    @property
    def sign_ins(self):
        return sum(path == "/data/auth/token" for _, path, _ in self.requests)


@pytest.fixture
def airflow():
    return Airflow()


@pytest.fixture
def client(airflow):
    with Client(URL, auth=AirflowUser(URL, "ada", "s3cret"), transport=airflow, retry_for=0) as client:
        yield client


def test_a_client_signs_in_before_its_first_request_and_not_again(airflow, client):
    assert client.dags() == client.dags() == []
    assert airflow.sign_ins == 1
    assert airflow.requests[0] == ("POST", "/data/auth/token", None)


def test_a_token_that_has_expired_is_replaced(airflow, client):
    client.dags()
    airflow.given += 1
    assert client.dags() == []
    assert airflow.sign_ins == 2


def test_a_new_token_that_is_refused_is_not_replaced(airflow, client):
    airflow.login = httpx.Response(201, json={"access_token": "another"})
    with pytest.raises(RefusedByService) as refused:
        client.dags()
    assert refused.value.status == 401
    assert airflow.sign_ins == 1


def test_a_login_that_refuses_the_user_says_so(airflow, client):
    airflow.login = httpx.Response(401, json={"detail": "Invalid credentials"})
    with pytest.raises(RefusedByService, match="does not let 'ada' in") as refused:
        client.dags()
    assert "s3cret" not in str(refused.value)


def test_a_login_that_gives_no_token_is_unreachable(airflow, client):
    airflow.login = httpx.Response(503, text="later")
    with pytest.raises(Unreachable, match="gives no token"):
        client.dags()


def test_a_url_that_no_server_can_have_is_refused_at_once():
    with pytest.raises(Unsendable):
        AirflowUser("ftp://a.example", "ada", "s3cret")
