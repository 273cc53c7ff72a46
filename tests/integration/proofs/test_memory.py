"""The largest requests that are accepted, and some that are just too large, take a bounded part of a worker's memory."""

import datetime as dt
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.integration.airflow.processes import service

BOUND = 512
"""MiB that a worker may have beyond those with which it idles, as docs/reliability.md says."""
AT_ONCE = 4
KIB = 1024


def dates(stretch):
    """Return 500 dates that no other stretch has."""
    return [(dt.datetime(2021, 1, 1) + dt.timedelta(hours=500 * stretch + n)).isoformat() for n in range(500)]


def between(days):
    return {"start_date": days[0], "end_date": days[-1]}


def creation(number, **more):
    return "/api/v1/dag_runs", {"dag_id": f"dag_{number}", "prefix": f"p{time.monotonic_ns()}", **more}


def filled(size, **first):
    """Return a template of about so many bytes, of as many objects as fit, each of which differs from run to run."""
    one = {"": "{number}"}
    return {**first, "a": [one] * (size // len(json.dumps(one, separators=(",", ":"))) - 2)}


REQUESTS = {
    "conf of 64 KiB in 500 runs": lambda n, days: creation(n, **between(days), conf={"a": [{}] * 21_000}),
    "conf_per_run of 4 MiB in 500 runs": lambda n, days: creation(n, **between(days), conf_per_run=filled(10 * KIB)),
    "conf_per_run with keys of conf": lambda n, days: creation(
        n, **between(days), conf={f"{key:x}": 1 for key in range(900)}, conf_per_run={"n": "{number}"}
    ),
    "conf_per_run as a list of 1 MiB": lambda n, days: creation(
        n, dates=days, conf_per_run=[{"a": [{"b": str(i)}] * 95, "t": "x" * 900} for i in range(500)]
    ),
    "a plan with conf_per_run": lambda n, days: creation(
        n, **between(days), dry_run=True, conf_per_run=filled(10 * KIB)
    ),
    "a plan of 20,000 dates with conf_per_run": lambda n, days: creation(
        n, start_date="2021-01-01", dry_run=True, detail="stretches", conf_per_run=filled(10 * KIB)
    ),
    "what would be cancelled": lambda n, _: (f"/api/v1/groups/dag_{n}/full/cancel", {"dry_run": True, "limit": 500}),
}
"""What is accepted, by its kind; ``n`` is the DAG's number."""
TOO_LARGE = {
    "conf_per_run that multiplies": lambda n, days: creation(
        n, **between(days), conf_per_run={"a": [{}] * 21_000, "n": "{number}"}
    ),
    "conf with conf_per_run": lambda n, days: creation(
        n, **between(days), conf={f"{key:x}": 1 for key in range(7_000)}, conf_per_run={"n": "{number}"}
    ),
    "conf_per_run of 1 MiB": lambda n, days: creation(n, **between(days), conf_per_run={"a": "{run_id}" * 120_000}),
    "half a million items": lambda n, days: creation(n, **between(days), conf_per_run=[{"a": [{}] * 300_000}]),
    "a body of a million brackets": lambda n, days: creation(n, nonsense=[[]] * 300_000),
}
"""What is refused."""


@pytest.fixture(scope="module")
def server(_migrated, tmp_path_factory):
    from tests.integration.airflow.conftest import empty_world  # noqa: PLC0415 - after the environment

    with empty_world() as world:
        for number in range(AT_ONCE):
            world.dag(f"dag_{number}", schedule="0 * * * *")
        log = tmp_path_factory.mktemp("service") / "service.log"
        options = {
            "AIRFLOW__AIRFLOW_API_PLUGIN__WRITE_TIMEOUT": "300",
            "AIRFLOW__AIRFLOW_API_PLUGIN__READ_TIMEOUT": "60",
        }
        with service(log, "--workers", "1", environment=options) as server:
            server.client.timeout = 300
            for number in range(AT_ONCE):
                full = {"dag_id": f"dag_{number}", "prefix": "full", **between(dates(0)), "conf": {"a": 1}}
                assert server.client.post("/api/v1/dag_runs", json=full).status_code == 200
            yield server
        world.clear()


@pytest.fixture(scope="module")
def idle(server):
    """Provide the worker, and the MiB that it has before the first large request."""
    (worker,) = psutil.Process(server.popen.pid).children()
    return worker, worker.memory_info().rss // KIB**2


def peak(worker, requests):
    """Send the requests at once; return their statuses and the MiB that the worker had at its highest."""
    Path(f"/proc/{worker.pid}/clear_refs").write_text("5", encoding="ascii")
    with ThreadPoolExecutor(len(requests)) as threads:
        statuses = list(threads.map(lambda send: send().status_code, requests))
    (line,) = (line for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return statuses, int(line.split()[1]) // KIB


@pytest.mark.parametrize("kind", [*REQUESTS, *TOO_LARGE])
def test_the_largest_requests_take_a_bounded_part_of_memory(server, idle, kind, capsys):
    worker, before = idle
    make, expected = (REQUESTS[kind], 200) if kind in REQUESTS else (TOO_LARGE[kind], 400)
    days = dates(1 + [*REQUESTS, *TOO_LARGE].index(kind))
    requests = []
    for number in range(AT_ONCE):
        path, body = make(number, days)
        text = json.dumps(body, separators=(",", ":"))
        assert len(text) <= KIB**2
        requests.append(lambda path=path, text=text: server.client.post(path, content=text))
    statuses, highest = peak(worker, requests)
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}, {AT_ONCE} at once: {highest - before} MiB more than {before}\n")
    assert set(statuses) == {expected}
    assert highest - before < BOUND
