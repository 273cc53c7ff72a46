"""What a request names is checked before an auth manager, the backend or the log meets it."""

import pytest

from tests.unit.http.service import Service

LONG = "d" * 3000


class Caller:
    name = display_name = "erika"

    def __init__(self):
        self.met = []

    def readable_dag_ids(self, dag_id=None):
        self.met.append(dag_id)
        return frozenset()

    def may_create_runs(self, dag_id):
        self.met.append(dag_id)
        return True

    may_change_runs = may_create_runs


class Authenticator:
    def __init__(self, caller):
        self.caller = caller

    def identify(self, req):
        return self.caller


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/dag_runs?dag_id={}", 400),
        ("GET", "/dag_runs/a_run?dag_id={}", 400),
        ("GET", "/groups?dag_id={}", 400),
        ("GET", "/coverage?dag_id={}&start_date=2021-01-01", 400),
        ("GET", "/groups/{}/redo", 404),
        ("GET", "/groups/{}/redo/runs", 404),
        ("POST", "/groups/{}/redo/cancel", 404),
        ("POST", "/groups/{}/redo/retry", 404),
        ("POST", "/groups/{}/redo/note", 400),
        ("GET", "/dag_runs/{}", 404),
        ("GET", "/dag_runs/{}?dag_id=example_daily", 404),
        ("GET", "/dag_runs?prefix={}", 400),
        ("GET", "/dag_runs?start={}", 400),
        ("GET", "/dag_runs?state={}", 400),
        ("GET", "/dag_runs?limit={}", 400),
        ("GET", "/dag_runs?{}=1", 400),
        ("GET", "/dag_runs?{0}=1&{0}=1", 400),
        ("GET", "/dag_runs?{}%ff=1", 400),
        ("GET", "/groups?dag_id=example_daily&start={}", 400),
        ("GET", "/groups/example_daily/{}", 404),
        ("POST", "/groups/example_daily/{}/cancel", 404),
        ("GET", "/{}", 404),
        ("POST", "/dag_runs", 400),
    ],
)
def test_a_name_that_is_too_long_reaches_neither_auth_manager_nor_log_nor_the_response(method, target, status):
    caller, lines = Caller(), []
    service = Service(authenticator=Authenticator(caller), log_request=lines.append)
    body = {"dag_id": LONG} if target == "/dag_runs" else {}
    answer = service.request(method, f"/api/v1{target.format(LONG)}", **({"json": body} if method == "POST" else {}))
    assert answer.status_code == status
    assert caller.met == []
    assert LONG not in str(lines)
    assert len(answer.text) < 600
