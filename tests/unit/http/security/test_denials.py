"""Denials for lack of permission are entered in the audit log, whatever becomes of that, and not without end."""

import logging
from types import SimpleNamespace

import pytest

from airflow_run_groups.domain import Denial, Forbidden, OutcomeUnknown, Unavailable
from airflow_run_groups.entrypoints.http.security.authentication import LimitedAccess, TokenAuthentication
from airflow_run_groups.entrypoints.http.security.denials import MAX_PER_PERIOD, PERIOD, Denials
from airflow_run_groups.entrypoints.http.security.tokens import Token
from tests.unit.http.service import Service, error


class Viewer:
    """One of Airflow's users, who sees every DAG and may trigger none."""

    name = "Ada"

    def readable_dag_ids(self, dag_id=None):
        return None

    def may_create_runs(self, dag_id):
        return False


class Known:
    def __init__(self, caller):
        self.caller = caller

    def identify(self, req):
        return self.caller


READER = LimitedAccess(Token(name="dashboard", digest=b"", rights=frozenset()), frozenset)


def test_a_user_who_may_not_create_runs_of_a_dag_is_entered_with_the_dag():
    service = Service(authenticator=Known(Viewer()))
    answer = service.post(dag_id="example_daily", conf={"password": "secret"})
    assert answer.status_code == 403
    assert list(service.audit.denials) == [
        Denial(caller="Ada", dag_id="example_daily", request="POST /api/v1/dag_runs", reason=error(answer))
    ]
    assert error(answer) == "you may not create runs of DAG 'example_daily'"


def test_a_token_that_is_read_only_is_entered_without_a_look_at_what_was_asked_for():
    service = Service(authenticator=Known(READER))
    answer = service.post(dag_id="example_daily")
    assert answer.status_code == 403
    assert list(service.audit.denials) == [
        Denial(caller="dashboard", dag_id=None, request="POST /api/v1/dag_runs", reason=error(answer))
    ]


def test_other_refusals_are_not_entered():
    service = Service(authenticator=TokenAuthentication("s3cret"))
    for headers in ({}, {"Authorization": "wrong"}):
        assert service.request("POST", "/api/v1/dag_runs", headers=headers).status_code == 401
    service = Service()
    assert service.get("/api/v1/dags", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert service.post(dag_id="nowhere").status_code == 404
    assert service.post(dag_id="example_daily", limit=0).status_code == 400
    assert list(service.audit.denials) == []


@pytest.mark.parametrize("failure", [Unavailable("the database is away"), ValueError("unforeseen")])
def test_an_entry_that_cannot_be_made_leaves_the_answer_as_it_is(failure, caplog):
    class Failing:
        def denied(self, denial):
            raise failure

    answer = Service(authenticator=Known(READER), audit=Failing()).post(dag_id="example_daily")
    assert answer.status_code == 403
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"the denial of 'POST /api/v1/dag_runs' to dashboard is not in the audit log: {failure}"
    )


def test_entry_of_unknown_fate_is_not_said_to_be_missing(caplog):
    class Lost:
        def denied(self, denial):
            raise OutcomeUnknown

    answer = Service(authenticator=Known(READER), audit=Lost()).post(dag_id="example_daily")
    assert answer.status_code == 403
    (record,) = caplog.records
    assert record.getMessage() == (
        "whether the denial of 'POST /api/v1/dag_runs' to dashboard is in the audit log is not known"
    )


def request(name, path="/dag_runs", method="POST"):
    return SimpleNamespace(
        method=method, root_path="", path=path, context=SimpleNamespace(caller=SimpleNamespace(name=name))
    )


def test_a_caller_who_does_not_stop_fills_no_log():
    entered = []
    now = [0.0]
    denials = Denials(SimpleNamespace(denied=entered.append), clock=lambda: now[0])
    for _ in range(5 * MAX_PER_PERIOD):
        denials.record(request("ada"), Forbidden())
    denials.record(request("bob"), Forbidden())
    assert [denial.caller for denial in entered] == ["ada"] * MAX_PER_PERIOD + ["bob"]
    now[0] = PERIOD
    denials.record(request("ada"), Forbidden())
    assert len(entered) == MAX_PER_PERIOD + 2


def test_a_long_path_is_cut():
    entered = []
    Denials(SimpleNamespace(denied=entered.append)).record(request("ada", path="/" + 4000 * "x"), Forbidden())
    assert len(entered[0].request) == 200
