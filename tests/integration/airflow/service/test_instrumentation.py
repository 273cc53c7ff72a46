"""What the service on the Airflow backend tells of itself, with two workers of which one is killed."""

import json
import os
import signal

import psutil
import pytest
from sqlalchemy.exc import SQLAlchemyError

from airflow_run_groups.adapters.airflow import connect
from airflow_run_groups.adapters.airflow.database.instrumentation import instrument
from airflow_run_groups.adapters.metrics import (
    DATABASE_CONNECTIONS_IN_USE,
    DATABASE_CONNECTIONS_MAX,
    DATABASE_STATEMENT_DURATION,
)
from airflow_run_groups.domain import Unavailable
from airflow_run_groups.entrypoints.settings import Settings
from tests.demo import RecordingMeter
from tests.integration.airflow.processes import service, wait_until


@pytest.fixture
def instrumented(world):
    backend, meter = connect(Settings().database, allow_unknown_schema=False), RecordingMeter()
    instrument(backend.database.engine, meter, pool_size=8)
    yield backend, meter
    backend.database.engine.dispose()


def values(meter, metric):
    return [tuple(value) for one, *value in meter.values if one is metric]


def test_a_read_is_told_as_one_and_gives_its_connection_back(instrumented):
    backend, meter = instrumented
    backend.dags.list(readable=None)
    assert {one for _, one in values(meter, DATABASE_STATEMENT_DURATION)} == {"read"}
    assert values(meter, DATABASE_CONNECTIONS_IN_USE) == [(1,), (0,)]
    assert values(meter, DATABASE_CONNECTIONS_MAX) == [(8,), (8,)]


def test_all_of_a_transaction_that_writes_is_told_as_a_write(instrumented):
    backend, meter = instrumented
    with pytest.raises(Unavailable):
        backend.database.write("a_dag", _fail)
    assert {one for _, one in values(meter, DATABASE_STATEMENT_DURATION)} == {"write"}
    assert values(meter, DATABASE_CONNECTIONS_IN_USE)[-1] == (0,)


def _fail(session):
    session.connection().exec_driver_sql("SELECT 1")
    raise_unavailable()


def raise_unavailable():
    msg = "not now"
    raise Unavailable(msg)


def test_a_statement_that_fails_is_told_once(instrumented):
    backend, meter = instrumented
    with pytest.raises((SQLAlchemyError, Unavailable)), backend.database.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM no_such_table")
    assert values(meter, DATABASE_STATEMENT_DURATION) == [(None, "read")]


def numbers(server):
    text = server.client.get("/metrics").text
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("airflow_run_groups_"): float(value) for name, value in found.items()}


def test_the_numbers_are_those_of_all_workers_whatever_became_of_them(world, tmp_path):
    world.dag("a_dag")
    listed = 'http_requests_total{method="GET",route="/api/v1/dags",status="200"}'
    with service(tmp_path / "log", "--workers", "2") as server:
        workers = psutil.Process(server.popen.pid).children()
        for _ in range(20):
            server.client.get("/api/v1/dags", headers={"Connection": "close"})
        body = {"dag_id": "a_dag", "prefix": "n", "start_date": "2024-01-01", "end_date": "2024-01-03"}
        for _ in range(2):
            assert server.client.post("/api/v1/dag_runs", json=body).status_code == 200
        found = numbers(server)
        assert found[listed] == 20
        assert (found["dag_runs_created_total"], found["existing_dates_total"]) == (3, 3)
        assert found['database_statement_duration_seconds_count{operation="write"}'] > 0
        assert found['database_statement_duration_seconds_count{operation="read"}'] > 0
        assert found["database_connections_in_use"] == 0
        os.kill(workers[0].pid, signal.SIGKILL)
        wait_until(lambda: "was sent SIGKILL" in server.output, seconds=30, what="the end of a worker")
        wait_until(lambda: server.output.count("Booting worker") == 3, seconds=60, what="the start of another")
        server.wait("/health/ready")
        for _ in range(5):
            server.client.get("/api/v1/dags")
        found = numbers(server)
        assert found[listed] == 25
        assert found["dag_runs_created_total"] == 3
        assert found["database_connections_max"] <= 16
        lines = [json.loads(line) for line in server.output.splitlines()]
        booted = [line["event"] for line in lines if line["event"].startswith("Booting worker")]
        assert len(booted) == len(set(booted)) == 3
        created = [line for line in lines if line.get("runs_created") is not None]
        assert [(line["runs_created"], line["existing_dates"]) for line in created] == [(3, 0), (0, 3)]
        airflows = [line for line in lines if line["logger"].startswith("airflow.") and "request_id" in line]
        assert {line["request_id"] for line in airflows} <= {line["request_id"] for line in created}
