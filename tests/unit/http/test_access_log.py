"""What is kept of a request, in the log and in numbers."""

import json

import pytest

from airflow_run_groups.entrypoints.http.access_log import NoMeter, log_server_error
from airflow_run_groups.entrypoints.http.security.authentication import TokenAuthentication
from tests.unit.http.service import Service


class Notes:
    """Remembers all that it is told."""

    def __init__(self):
        self.facts = []
        self.numbers = []

    def log(self, facts):
        self.facts.append(dict(facts))

    def request(self, *, method, route, status, seconds):
        self.numbers.append(("request", method, route, status))
        assert seconds >= 0

    def group(self, *, created, existing):
        self.numbers.append(("group", created, existing))

    def refusal(self, reason):
        self.numbers.append(("refusal", reason))


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def service(notes):
    return Service(log_request=notes.log, meter=notes)


def last(notes):
    facts = notes.facts[-1]
    assert facts.pop("milliseconds") >= 0
    return facts


def test_a_request_is_told_with_its_id_method_route_and_status(notes, service):
    service.get("/api/v1/dag_runs/a_run?dag_id=example_daily", headers={"X-Request-Id": "mine"})
    assert last(notes) == {
        "request_id": "mine",
        "method": "GET",
        "route": "/api/v1/dag_runs/{run_id}",
        "status": 404,
        "dag_id": "example_daily",
        "refusal": "DagRunNotFound",
    }
    assert notes.numbers == [("refusal", "DagRunNotFound"), ("request", "GET", "/api/v1/dag_runs/{run_id}", 404)]


def test_a_group_is_told_with_its_counts_and_without_its_conf(notes, service):
    body = {"prefix": "p", "start_date": "2024-12-01", "end_date": "2024-12-03", "conf": {"password": "hunter2"}}
    service.create(**body)
    service.create(**{**body, "end_date": "2024-12-04"})
    facts = last(notes)
    assert facts.pop("request_id")
    assert facts == {
        "method": "POST",
        "route": "/api/v1/dag_runs",
        "status": 200,
        "dag_id": "example_daily",
        "runs_created": 1,
        "dates_existing": 3,
    }
    assert ("group", 3, 0) in notes.numbers
    assert ("group", 1, 3) in notes.numbers
    assert "hunter2" not in str(notes.facts)


@pytest.mark.parametrize(
    ("request_line", "refusal"),
    [
        ("GET /api/v1/dags?x=1", (400, "Refused")),
        ("GET /nowhere", (404, "HTTPRouteNotFound")),
        ("DELETE /api/v1/dags", (405, "HTTPMethodNotAllowed")),
        ("POST /api/v1/dag_runs", (400, "NotAnObject")),
    ],
)
def test_a_refusal_is_told_with_its_reason(notes, service, request_line, refusal):
    service.request(*request_line.split())
    facts = last(notes)
    assert (facts["status"], facts["refusal"]) == refusal


def test_a_refused_group_is_told_with_its_dag_and_counts_for_nothing(notes, service):
    service.post(dag_id="example_daily", start_date="2020-01-01", limit=1)
    facts = last(notes)
    assert facts["dag_id"] == "example_daily"
    assert "runs_created" not in facts
    assert [kind for kind, *_ in notes.numbers] == ["refusal", "request"]


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_what_clients_make_up_is_no_label(notes, service):
    for target in ("/x", "/y", "/api/v1/dag_runs/1", "/api/v1/dag_runs/2", "/api/v1/dag_runs/%F0%9F%90%8D"):
        service.get(target)
    service.request("BREW", "/api/v1/dags")
    labels = {number for number in notes.numbers if number[0] == "request"}
    assert labels == {
        ("request", "GET", "none", 404),
        ("request", "GET", "/api/v1/dag_runs/{run_id}", 404),
        ("request", "other", "/api/v1/dags", 405),
    }


def test_who_sent_it_is_told_and_the_token_is_not(notes):
    service = Service(log_request=notes.log, meter=notes, authenticator=TokenAuthentication("s3cret-token-of-16"))
    service.get("/api/v1/dags", headers={"Authorization": "s3cret-token-of-16"})
    assert last(notes)["status"] == 200
    service.get("/api/v1/dags", headers={"Authorization": "Bearer something-wrong"})
    facts = last(notes)
    assert (facts["status"], facts["refusal"], facts.get("user")) == (401, "Unauthenticated", None)
    assert "s3cret" not in str(notes.facts)
    assert "something-wrong" not in str(notes.facts)


def test_the_users_name_is_told(notes):
    class Caller:
        name = "erika"

        def readable_dag_ids(self, dag_id=None):
            return None

    class Authenticator:
        def identify(self, req):
            return Caller()

    Service(log_request=notes.log, meter=notes, authenticator=Authenticator()).get("/api/v1/dags")
    assert last(notes)["user"] == "erika"


def test_a_failure_of_the_service_is_told_under_the_id_that_its_answer_names(notes):
    class Broken:
        def list(self, *, readable):
            raise ZeroDivisionError

    answer = Service(log_request=notes.log, meter=notes, dags=Broken()).get("/api/v1/dags")
    facts = last(notes)
    assert facts["status"] == 500
    assert facts["request_id"] in answer.json["response"]["error"]


def test_what_the_server_refuses_before_the_application_sees_it_is_told_as_well(notes):
    log_server_error(notes.log, notes, request_id="r", status=431)
    assert notes.facts == [{"request_id": "r", "method": "other", "route": "none", "status": 431, "refusal": "Http431"}]
    assert notes.numbers == [("refusal", "Http431"), ("request", "other", "none", 431)]


def test_nothing_is_counted_where_nobody_counts():
    meter = NoMeter()
    meter.request(method="GET", route="/", status=200, seconds=0)
    meter.group(created=1, existing=0)
    meter.refusal("Refused")
    assert json.dumps(vars(meter)) == "{}"
