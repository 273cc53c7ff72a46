"""What Prometheus finds at /metrics, of one process and of several."""

import os
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from airflow_run_groups.adapters.metrics import (
    DATABASE_CONNECTIONS_IN_USE,
    DATABASE_CONNECTIONS_MAX,
    DATABASE_STATEMENT_DURATION,
)
from airflow_run_groups.entrypoints import metrics
from airflow_run_groups.entrypoints.metrics import MetricsResource, PrometheusMeter
from tests.unit.http.service import Service


@pytest.fixture
def meter(monkeypatch):
    monkeypatch.delenv(metrics.FOLDER, raising=False)
    return PrometheusMeter()


def samples(text):
    """Return each number by its name and labels."""
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_the_numbers_are_those_of_the_requests(meter):
    service = Service(meter=meter, metrics=MetricsResource(meter))
    service.create(start_date="2024-12-01", end_date="2024-12-03")
    service.create(start_date="2024-12-01", end_date="2024-12-04")
    service.get("/api/v1/dags?x=1")
    answer = service.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples(answer.text)
    assert found["airflow_run_groups_http_requests_total", "/api/v1/dag_runs", "200", "POST"] == 2
    assert found["airflow_run_groups_http_requests_total", "/api/v1/dags", "400", "GET"] == 1
    assert found["airflow_run_groups_http_request_duration_seconds_count", "/api/v1/dag_runs", "POST"] == 2
    assert found["airflow_run_groups_http_request_duration_seconds_bucket", "+Inf", "/api/v1/dag_runs", "POST"] == 2
    assert found[("airflow_run_groups_dag_runs_created_total",)] == 4
    assert found[("airflow_run_groups_existing_dates_total",)] == 3
    assert found["airflow_run_groups_errors_total", "invalid_request"] == 1


def test_the_database_and_its_pool_have_numbers_too(meter):
    meter.observe(DATABASE_STATEMENT_DURATION, 0.02, operation="read")
    meter.set(DATABASE_CONNECTIONS_IN_USE, 3)
    meter.set(DATABASE_CONNECTIONS_MAX, 8)
    found = samples(meter.text().decode())
    assert found["airflow_run_groups_database_statement_duration_seconds_bucket", "0.01", "read"] == 0
    assert found["airflow_run_groups_database_statement_duration_seconds_bucket", "0.025", "read"] == 1
    assert found[("airflow_run_groups_database_connections_in_use",)] == 3
    assert found[("airflow_run_groups_database_connections_max",)] == 8


def test_no_token_is_needed_and_no_name_is_told(meter):
    service = Service(meter=meter, metrics=MetricsResource(meter))
    service.post(dag_id="example_daily", prefix="hidden")
    service.get("/api/v1/dag_runs?dag_id=example_daily&prefix=hidden")
    text = service.get("/api/v1/metrics").text
    assert "example_daily" not in text
    assert "hidden" not in text


def test_where_there_is_no_meter_for_it_there_is_no_such_endpoint():
    service = Service()
    assert service.get("/metrics").status_code == 404
    assert "/metrics" not in service.get("/api/v1/openapi.json").json["paths"]


def test_where_there_is_one_it_is_described(meter):
    service = Service(meter=meter, metrics=MetricsResource(meter))
    assert "/metrics" in service.get("/api/v1/openapi.json").json["paths"]


WORKERS = """
import os, signal
from airflow_run_groups.adapters.metrics import DAG_RUNS_CREATED, DATABASE_CONNECTIONS_IN_USE, DATABASE_CONNECTIONS_MAX
from airflow_run_groups.entrypoints import metrics
from airflow_run_groups.entrypoints.metrics import PrometheusMeter

meter = PrometheusMeter()
metrics.share()
folder = os.environ[metrics.FOLDER]
assert os.stat(folder).st_mode & 0o077 == 0

def worker(count, in_use):
    pid = os.fork()
    if pid == 0:
        meter.increment(DAG_RUNS_CREATED, count)
        meter.set(DATABASE_CONNECTIONS_IN_USE, in_use)
        meter.set(DATABASE_CONNECTIONS_MAX, 8)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    return pid

first, second = worker(3, 2), worker(4, 1)
print(meter.text().decode())
print("---")
metrics.forget(first)
third = worker(5, 1)
print(meter.text().decode())
metrics.unshare()
assert not os.path.exists(folder)
"""


def test_several_processes_are_counted_together_and_those_that_died_hold_nothing():
    environ = {name: value for name, value in os.environ.items() if name != metrics.FOLDER}
    ended = subprocess.run([sys.executable, "-c", WORKERS], env=environ, capture_output=True, text=True, check=True)
    before, after = (samples(text) for text in ended.stdout.split("---\n"))
    assert before[("airflow_run_groups_dag_runs_created_total",)] == 7
    assert before[("airflow_run_groups_database_connections_in_use",)] == 3
    assert before[("airflow_run_groups_database_connections_max",)] == 16
    assert after[("airflow_run_groups_dag_runs_created_total",)] == 12
    assert after[("airflow_run_groups_database_connections_in_use",)] == 2
    assert "pid=" not in ended.stdout
