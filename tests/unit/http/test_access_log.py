"""What is kept of a request, in the log and in numbers."""

from types import SimpleNamespace

import pytest
from falcon import testing

from airflow_run_groups.adapters.metrics import (
    DAG_RUNS_CREATED,
    ERRORS,
    EXISTING_DATES,
    HTTP_REQUEST_DURATION,
    HTTP_REQUESTS,
)
from airflow_run_groups.entrypoints.http.access_log import log_server_error
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.demo import RecordingMeter
from tests.unit.http.service import Service


@pytest.fixture
def meter():
    return RecordingMeter()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def service(lines, meter):
    return Service(log_request=lines.append, meter=meter)


def last(lines):
    facts = dict(lines[-1])
    assert facts.pop("duration_ms") >= 0
    return facts


def test_a_request_is_told_with_its_id_method_route_and_status(lines, meter, service):
    service.get("/api/v1/dag_runs/a_run?dag_id=example_daily", headers={"X-Request-Id": "mine"})
    assert last(lines) == {
        "request_id": "mine",
        "method": "GET",
        "route": "/api/v1/dag_runs/{run_id}",
        "status": 404,
        "dag_id": "example_daily",
        "reason": "dag_run_not_found",
    }
    assert meter.values == [
        (ERRORS, 1, "dag_run_not_found"),
        (HTTP_REQUESTS, 1, "GET", "/api/v1/dag_runs/{run_id}", "404"),
        (HTTP_REQUEST_DURATION, None, "GET", "/api/v1/dag_runs/{run_id}"),
    ]


def test_a_group_is_told_with_its_counts_and_without_its_conf(lines, meter, service):
    body = {"prefix": "p", "start_date": "2024-12-01", "end_date": "2024-12-03", "conf": {"password": "hunter2"}}
    service.create(**body)
    service.create(**{**body, "end_date": "2024-12-04"})
    facts = last(lines)
    assert facts.pop("request_id")
    assert facts == {
        "method": "POST",
        "route": "/api/v1/dag_runs",
        "status": 200,
        "dag_id": "example_daily",
        "runs_created": 1,
        "runs_rerun": 0,
        "existing_dates": 3,
    }
    assert [value for value in meter.values if value[0] is DAG_RUNS_CREATED] == [
        (DAG_RUNS_CREATED, 3),
        (DAG_RUNS_CREATED, 1),
    ]
    assert [value for value in meter.values if value[0] is EXISTING_DATES] == [(EXISTING_DATES, 0), (EXISTING_DATES, 3)]
    assert "hunter2" not in str(lines)


@pytest.mark.parametrize(
    ("request_line", "error"),
    [
        ("GET /api/v1/dags?x=1", (400, "invalid_request")),
        ("GET /nowhere", (404, "route_not_found")),
        ("DELETE /api/v1/dags", (405, "method_not_allowed")),
        ("POST /api/v1/dag_runs", (400, "body_not_json_object")),
    ],
)
def test_an_error_is_logged_and_counted_with_its_reason(lines, meter, service, request_line, error):
    service.request(*request_line.split())
    facts = last(lines)
    assert (facts["status"], facts["reason"]) == error
    assert (ERRORS, 1, error[1]) in meter.values


@pytest.mark.parametrize("length", ["x", "-1", "1.5"])
def test_what_the_framework_refuses_is_a_malformed_request(lines, service, length):
    environ = {**testing.create_environ("/api/v1/dag_runs", method="POST", host="localhost"), "CONTENT_LENGTH": length}
    statuses = []
    b"".join(service.client.app(environ, lambda status, _: statuses.append(status)))
    assert (statuses, last(lines)["reason"]) == (["400 Bad Request"], "malformed_request")


def test_a_refused_group_is_told_with_its_dag_and_counts_for_nothing(lines, meter, service):
    service.post(dag_id="example_daily", start_date="2020-01-01", limit=1)
    facts = last(lines)
    assert facts["dag_id"] == "example_daily"
    assert "runs_created" not in facts
    assert meter.metrics == [ERRORS, HTTP_REQUESTS, HTTP_REQUEST_DURATION]


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_what_clients_make_up_is_no_label(lines, meter, service):
    for target in ("/x", "/y", "/api/v1/dag_runs/1", "/api/v1/dag_runs/2", "/api/v1/dag_runs/%F0%9F%90%8D"):
        service.get(target)
    service.request("BREW", "/api/v1/dags")
    assert {value for value in meter.values if value[0] is HTTP_REQUESTS} == {
        (HTTP_REQUESTS, 1, "GET", "none", "404"),
        (HTTP_REQUESTS, 1, "GET", "/api/v1/dag_runs/{run_id}", "404"),
        (HTTP_REQUESTS, 1, "other", "/api/v1/dags", "405"),
    }


def test_who_sent_it_is_told_and_the_token_is_not(lines):
    service = Service(log_request=lines.append, authenticator=TokenAuthentication("s3cret-token-of-16"))
    service.get("/api/v1/dags", headers={"Authorization": "s3cret-token-of-16"})
    assert last(lines)["status"] == 200
    service.get("/api/v1/dags", headers={"Authorization": "Bearer something-wrong"})
    facts = last(lines)
    assert (facts["status"], facts["reason"], facts.get("caller")) == (401, "unauthenticated", None)
    assert "s3cret" not in str(lines)
    assert "something-wrong" not in str(lines)


def test_the_users_name_is_told(lines):
    class Caller:
        name = "erika"

        def readable_dag_ids(self, dag_id=None):
            return None

    class Authenticator:
        def identify(self, req):
            return Caller()

    Service(log_request=lines.append, authenticator=Authenticator()).get("/api/v1/dags")
    assert last(lines)["caller"] == "erika"


def test_a_failure_of_the_service_is_told_under_the_id_that_its_answer_names(lines):
    class Broken:
        def list(self, *, readable):
            raise ZeroDivisionError

    answer = Service(log_request=lines.append, dags=Broken()).get("/api/v1/dags")
    facts = last(lines)
    assert (facts["status"], facts["reason"]) == (500, "internal_error")
    assert facts["request_id"] in answer.json["response"]["error"]


def test_what_the_server_refuses_before_the_application_sees_it_is_told_as_well(lines, meter):
    log_server_error(lines.append, meter, request_id="r", status=431, reason="headers_too_large")
    assert lines == [
        {"request_id": "r", "method": "other", "route": "none", "status": 431, "reason": "headers_too_large"}
    ]
    assert meter.values == [(ERRORS, 1, "headers_too_large"), (HTTP_REQUESTS, 1, "other", "none", "431")]


def test_a_response_stays_when_its_traces_cannot_be_written(caplog):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    broken = SimpleNamespace(increment=fail, observe=fail)
    for service in (Service(log_request=fail), Service(meter=broken)):
        before = len(service.backend.dags["example_daily"].runs)
        assert len(service.create(prefix="p")["dag_run_ids"]) == 1
        assert len(service.backend.dags["example_daily"].runs) == before + 1
        assert "No space left on device" in caplog.text
        caplog.clear()
