"""For how long, and how many, users of Airflow are remembered between their requests."""

import pytest
from falcon import testing

from airflow_run_groups.domain import Unauthenticated
from airflow_run_groups.entrypoints.http.security import remembered
from airflow_run_groups.entrypoints.http.security.authentication import BearerAuthentication, FullAccess
from airflow_run_groups.entrypoints.http.security.remembered import SECONDS, ByMethod, RememberedUsers
from tests.unit.http.service import Service

NOON = 1_700_000_000.0


class Tokens:
    """Tokens that are valid until they are revoked, in a time that stands until it is moved on."""

    def __init__(self, end=NOON + 3600):
        self.end = end
        self.passed = 0.0
        self.revoked = set()
        self.verified = []
        self.during = lambda: None
        self.users = RememberedUsers(
            self.verify, lambda _: self.end, monotonic=lambda: self.passed, wall_clock=lambda: NOON + self.passed
        )

    def verify(self, token):
        self.verified.append(token)
        if token in self.revoked:
            msg = "revoked"
            raise Unauthenticated(msg)
        self.during()
        return FullAccess(token)


def test_a_token_is_verified_once_in_a_second():
    tokens = Tokens()
    users = []
    for passed in (0, SECONDS / 2, SECONDS - 0.01, SECONDS, SECONDS + 0.01):
        tokens.passed = passed
        users.append(tokens.users.identify("Ada"))
    assert tokens.verified == ["Ada", "Ada"]
    assert users == [FullAccess("Ada")] * 5


def test_a_revoked_token_is_refused_a_second_later_and_from_then_on():
    tokens = Tokens()
    tokens.users.identify("Ada")
    tokens.revoked.add("Ada")
    tokens.passed = SECONDS
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            tokens.users.identify("Ada")


def test_the_second_counts_from_before_the_token_is_verified():
    tokens = Tokens()
    tokens.during = lambda: setattr(tokens, "passed", tokens.passed + SECONDS - 0.1)
    tokens.users.identify("Ada")
    tokens.during = lambda: None
    tokens.revoked.add("Ada")
    tokens.passed += 0.1
    with pytest.raises(Unauthenticated):
        tokens.users.identify("Ada")


def test_a_token_that_took_longer_than_a_second_is_not_remembered():
    tokens = Tokens()
    tokens.during = lambda: setattr(tokens, "passed", tokens.passed + 2 * SECONDS)
    assert tokens.users.identify("Ada") == FullAccess("Ada")
    assert len(tokens.users) == 0


def test_no_token_is_remembered_beyond_its_end():
    tokens = Tokens(end=NOON + 0.5)
    tokens.users.identify("Ada")
    tokens.revoked.add("Ada")  # as it is after its end
    tokens.passed = 0.49
    tokens.users.identify("Ada")
    tokens.passed = 0.5
    with pytest.raises(Unauthenticated):
        tokens.users.identify("Ada")


def test_a_token_whose_end_is_unknown_is_verified_each_time():
    tokens = Tokens(end=None)
    for _ in range(3):
        tokens.users.identify("Ada")
    assert len(tokens.verified) == 3
    assert len(tokens.users) == 0


def test_a_refused_token_is_not_remembered():
    tokens = Tokens()
    tokens.revoked.add("Ada")
    with pytest.raises(Unauthenticated):
        tokens.users.identify("Ada")
    tokens.revoked.clear()
    assert tokens.users.identify("Ada") == FullAccess("Ada")


def test_no_more_users_are_remembered_than_the_bound(monkeypatch):
    monkeypatch.setattr(remembered, "MOST_USERS", 3)
    tokens = Tokens()
    for token in "abcd":
        tokens.users.identify(token)
    assert len(tokens.users) == 3
    tokens.users.identify("d")
    assert tokens.verified == ["a", "b", "c", "d"]
    tokens.users.identify("a")
    assert tokens.verified[4:] == ["a"]


def test_users_are_forgotten_when_their_second_is_over():
    tokens = Tokens()
    for token in "abc":
        tokens.users.identify(token)
    tokens.passed = SECONDS
    tokens.users.identify("d")
    assert len(tokens.users) == 1


def test_no_token_is_kept():
    tokens = Tokens()
    tokens.users.identify("Ada")
    assert "Ada" not in repr(list(tokens.users._users))  # noqa: SLF001 - what is looked at


def test_a_write_is_never_of_a_remembered_user():
    tokens = Tokens()
    authenticator = ByMethod(
        reading=BearerAuthentication(tokens.users.identify), writing=BearerAuthentication(tokens.verify)
    )
    client = testing.TestClient(Service(authenticator=authenticator).client.app)
    headers = {"Authorization": "Bearer Ada"}

    def status(method):
        return client.simulate_request(method, "/api/v1/dag_runs", headers=headers, body="{}").status_code

    assert [status("GET"), status("POST")] == [200, 400]
    tokens.revoked.add("Ada")
    assert [status("GET"), status("POST")] == [200, 401]
    tokens.passed = SECONDS
    assert status("GET") == 401
