"""How often each caller may create something."""

import time

import pytest

from airflow_run_groups.entrypoints.http.security.authentication import FullAccess, LimitedAccess
from airflow_run_groups.entrypoints.http.security.rate_limit import WriteRate
from airflow_run_groups.entrypoints.http.security.tokens import Token
from tests.unit.http.service import Service, error


class ByName:
    """Takes the header for the name of the caller."""

    def identify(self, req):
        name = req.get_header("Authorization")
        reader = LimitedAccess(Token(name="reader", digest=b"", rights=frozenset()), frozenset)
        return reader if name == "reader" else FullAccess(name)


@pytest.fixture
def service():
    return Service(authenticator=ByName(), write_rate=WriteRate("3/minute"))


def post(service, name, body=b'{"dag_id": "example_unscheduled"}'):
    headers = {"Authorization": name} if name else {}
    return service.request("POST", "/api/v1/dag_runs", body=body, headers=headers)


def test_whoever_writes_too_often_is_told_when_to_try_again_and_creates_nothing(service):
    assert [post(service, "ada").status_code for _ in range(3)] == [200] * 3
    answer = post(service, "ada", b'{"dag_id": "example_daily", "start_date": "2024-12-01"}')
    assert answer.status_code == 429
    assert error(answer) == "rate limit exceeded: 3/minute write requests per caller"
    assert 50 < int(answer.headers["retry-after"]) <= 60
    assert [stored.run.dag_id for stored in service.backend.runs] == ["example_unscheduled"]


def test_each_caller_has_a_count_of_their_own_and_those_without_a_name_have_one_together(service):
    for name in ("ada", "bob", None):
        assert [post(service, name).status_code for _ in range(4)] == [200] * 3 + [429]


def test_reading_does_not_count(service):
    for _ in range(4):
        assert service.get("/api/v1/dags", headers={"Authorization": "ada"}).status_code == 200
        assert service.request("HEAD", "/api/v1/dag_runs", headers={"Authorization": "ada"}).status_code == 200
    assert post(service, "ada").status_code == 200


def test_every_method_that_may_change_something_counts(service):
    headers = {"Authorization": "ada"}
    for method in ("POST", "PATCH", "PUT"):
        service.request(method, "/api/v1/dag_runs", headers=headers)
    assert service.request("PATCH", "/api/v1/dag_runs", headers=headers).status_code == 429


def test_requests_that_are_refused_for_what_they_say_count_as_well(service):
    assert [post(service, "ada", b"{").status_code for _ in range(4)] == [400] * 3 + [429]


def test_who_may_not_write_at_all_is_told_that(service):
    assert {post(service, "reader").status_code for _ in range(5)} == {403}


def test_after_the_time_that_was_told_it_is_served_again(monkeypatch):
    service = Service(authenticator=ByName(), write_rate=WriteRate("2/second"))
    answers = [post(service, "ada") for _ in range(3)]
    assert answers[-1].status_code == 429
    later = time.time() + int(answers[-1].headers["retry-after"])
    monkeypatch.setattr(time, "time", lambda: later)
    assert post(service, "ada").status_code == 200


def test_what_is_refused_does_not_put_the_time_off(service, monkeypatch):
    began = time.time()
    for _ in range(3):
        post(service, "ada")
    monkeypatch.setattr(time, "time", lambda: began + 30)
    assert {int(post(service, "ada").headers["retry-after"]) for _ in range(5)} <= {30, 31}


def test_without_a_limit_there_is_none():
    service = Service(authenticator=ByName())
    assert {post(service, "ada").status_code for _ in range(30)} == {200}
