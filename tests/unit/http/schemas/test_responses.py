"""What all answers have in common."""

import logging

import pytest

from airflow_run_groups.adapters.memory import MemoryDagRepository, demo_backend
from airflow_run_groups.domain import SchemaUnknown, Unavailable
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.unit.http.service import Service, error, reason

PATHS = ["/api/v1/dags", "/api/v1/dag_runs", "/api/v1/dag_runs/a_run", "/health/live", "/health/ready"]


class _Failing:
    """DAGs that cannot be had."""

    def __init__(self, reason):
        self._reason = reason

    def list(self, *, readable):
        raise self._reason

    def ping(self):
        raise self._reason


@pytest.mark.parametrize("path", PATHS)
def test_head_answers_as_get_without_the_body(service, path):
    service.place()
    get, head = service.get(path), service.request("HEAD", path)
    assert head.status == get.status
    assert head.text == ""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["content-type"] == get.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", PATHS)
def test_options_names_the_methods(service, path):
    result = service.request("OPTIONS", path)
    assert result.status_code == 200
    assert {"GET", "HEAD"} <= set(result.headers["allow"].split(", "))


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png", "nonsense", ""])
@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/dags?x=1", "/api/v1/dag_runs/x", "/api/v1/dags"])
def test_every_answer_is_json_whatever_the_request_accepts(service, accept, path):
    result = service.get(path, headers={"Accept": accept})
    assert result.headers["content-type"] == "application/json"
    assert list(result.json) == ["response"]


def test_a_backend_that_cannot_answer_is_a_503_that_says_when_to_try_again():
    service = Service(dags=_Failing(Unavailable("the database does not respond")))
    for path in ("/api/v1/dags", "/health/ready", "/api/v1/health/ready"):
        result = service.get(path)
        assert result.status_code == 503
        assert int(result.headers["retry-after"]) > 0
        assert error(result) == "the database does not respond"
    assert service.get("/health/live").status_code == 200


def test_a_crash_is_a_500_that_tells_the_request_id_and_nothing_else(caplog):
    service = Service(dags=_Failing(RuntimeError("password=hunter2")))
    with caplog.at_level(logging.ERROR):
        result = service.get("/api/v1/dags", headers={"X-Request-Id": "abc-123"})
    assert result.status_code == 500
    assert "abc-123" in error(result)
    assert "hunter2" not in result.text
    (record,) = caplog.records
    assert "abc-123" in record.getMessage()
    assert "hunter2" in caplog.text


def test_an_answer_that_cannot_be_written_is_a_500_as_well(caplog):
    class Odd(MemoryDagRepository):
        def list(self, *, readable):
            return [object()]

    result = Service(dags=Odd(demo_backend())).get("/api/v1/dags")
    assert result.status_code == 500
    assert "request id" in error(result)


@pytest.mark.parametrize("sent", ["abc", "A-b_c.9", "x" * 128])
def test_a_request_id_is_taken_over_and_answered(service, sent):
    for path in ("/api/v1/dags", "/nowhere"):
        assert service.get(path, headers={"X-Request-Id": sent}).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a\tb", "é", "a,b", "${jndi}"])
def test_a_request_id_that_is_not_fit_for_a_log_is_replaced(service, sent):
    answered = service.get("/api/v1/dags", headers={"X-Request-Id": sent}).headers["x-request-id"]
    assert answered != sent
    assert len(answered) == 32


def test_below_a_mount_the_same_endpoints_have_no_prefix():
    service = Service(prefix="")
    for path in ("/dags", "/dag_runs", "/health/live", "/health/ready"):
        assert service.get(path, root_path="/api/v1").status_code == 200
    assert service.get("/api/v1/dags").status_code == 404


def test_versions_are_for_callers_who_are_identified():
    unknown = SchemaUnknown("the database has the schema revision 0123456789ab, which Airflow 3.3.2 does not know")
    service = Service(dags=_Failing(unknown), authenticator=TokenAuthentication("s3cret-token"))
    ready = service.get("/health/ready")
    listed = service.get("/api/v1/dags", headers={"Authorization": "s3cret-token"})
    assert (ready.status_code, listed.status_code) == (503, 503)
    assert reason(ready) == reason(listed) == "schema_unknown"
    assert "3.3.2" in error(listed)
    assert "3.3.2" not in ready.text
    assert "0123456789ab" not in ready.text
    assert "log of the service" in error(ready)


def test_the_health_endpoints_lie_at_the_root_and_below_the_prefix(service):
    for root in ("", "/api/v1"):
        assert service.ask(f"{root}/health/live") == {"status": "live"}
        assert service.ask(f"{root}/health/ready") == {"status": "ready"}
