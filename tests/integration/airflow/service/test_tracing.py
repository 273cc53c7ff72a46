"""Spans of requests and of their work on the database, where Airflow's own traces are on."""

import pytest
from dependency_injector import providers
from falcon import testing
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from airflow_run_groups.adapters.airflow.database import tracing
from airflow_run_groups.entrypoints.container import Container

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def spans():
    return InMemorySpanExporter()


@pytest.fixture
def client(world, spans, monkeypatch):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("airflow_run_groups"))
    container = Container()
    container.metrics.override(providers.Object(None))
    yield testing.TestClient(container.app())
    container.backend().dispose_after_fork()


def test_there_is_no_tracer_unless_airflow_traces(world, monkeypatch):
    assert tracing.tracer() is None
    monkeypatch.setenv("AIRFLOW__TRACES__OTEL_ON", "True")
    assert tracing.tracer() is not None


def test_a_request_is_a_span_of_the_callers_trace_and_the_database_one_within_it(client, spans):
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    assert client.simulate_get("/api/v1/dags", host="localhost", headers=headers).status_code == 200
    database, request = spans.get_finished_spans()
    assert (request.name, request.attributes["http.response.status_code"]) == ("GET /api/v1/dags", 200)
    assert f"{request.context.trace_id:032x}" == TRACE
    assert database.name == "database"
    assert database.parent.span_id == request.context.span_id


def test_each_request_has_a_trace_of_its_own(client, spans):
    for _ in range(2):
        client.simulate_get("/api/v1/nothing")
    one, other = spans.get_finished_spans()
    assert one.name == "GET none"
    assert one.context.trace_id != other.context.trace_id
