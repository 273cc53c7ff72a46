"""What a real server tells of itself: its log, and the numbers that Prometheus collects."""

import http.client
import json
import urllib.request

from tests.integration.http_memory.server import serving


def lines(server):
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def told(server, request_id):
    """Return the lines about one request; the last of them is written after its answer is sent."""
    server.wait_for_log(request_id)
    return [line for line in lines(server) if line.get("request_id") == request_id]


def numbers(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_every_line_is_json_once_and_every_request_has_one(tmp_path):
    with serving(tmp_path / "log") as server:
        server.get("/api/v1/dag_runs?dag_id=example_daily", headers={"X-Request-Id": "listed"})
        (line,) = told(server, "listed")
        assert (line["route"], line["status"], line["dag_id"]) == ("/api/v1/dag_runs", 200, "example_daily")
    events = [line["event"] for line in lines(server) if line["logger"] == "gunicorn.error"]
    assert len([event for event in events if event.startswith("Booting worker")]) == 1
    assert any(event.startswith("Shutting down") for event in events)


def test_a_request_that_the_server_refuses_itself_has_a_line_under_the_id_of_its_answer(tmp_path):
    refused = {
        b"<x>\r\n\r\n": (400, "malformed_request"),
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n": (431, "headers_too_large"),
        b"GET / HTTP/1.1\r\nHost: x": (408, "request_timeout"),
    }
    with serving(tmp_path / "log", AIRFLOW__AIRFLOW_API_PLUGIN__RECEIVE_TIMEOUT="0.3") as server:
        for sent, (status, reason) in refused.items():
            with server.connect() as connection:
                connection.sendall(sent)
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                assert answer.status == status
                (line,) = told(server, answer.headers["X-Request-Id"])
                assert (line["status"], line["reason"], line["route"]) == (status, reason, "none")
        found = numbers(server)
        for _, reason in refused.values():
            assert found[f'airflow_run_groups_errors_total{{reason="{reason}"}}'] == "1.0"


def test_a_conf_and_a_token_are_in_no_line_and_no_number(tmp_path):
    with serving(tmp_path / "log", AIRFLOW__AIRFLOW_API_PLUGIN__AIRFLOW_API_AUTH="s3cret-token") as server:
        body = json.dumps({"dag_id": "example_unscheduled", "conf": {"password": "hunter2"}}).encode()
        headers = {"Authorization": "Bearer s3cret-token"}
        assert server.request("POST", "/api/v1/dag_runs", body, headers)[0] == 200
        assert server.request("POST", "/api/v1/dag_runs", body, {"Authorization": "Bearer wr0ng-token"})[0] == 401
        told_of = f"{server.log.read_text()}{numbers(server)}"
    for secret in ("s3cret-token", "hunter2", "wr0ng-token", "password"):
        assert secret not in told_of


def test_two_servers_of_one_machine_count_apart_and_leave_nothing_behind(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {"TMPDIR": str(temporary)}
    with serving(tmp_path / "one", **environ) as one, serving(tmp_path / "two", **environ) as two:
        assert len(list(temporary.glob("airflow-groups-metrics-*"))) == 2
        for _ in range(3):
            one.get("/api/v1/dags")
        key = 'airflow_run_groups_http_requests_total{method="GET",route="/api/v1/dags",status="200"}'
        assert numbers(one)[key] == "3.0"
        assert key not in numbers(two)
    assert list(temporary.iterdir()) == []
