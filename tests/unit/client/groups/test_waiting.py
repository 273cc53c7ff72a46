"""``Client.wait`` returns when a group has ended."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.client import GroupRequest
from airflow_run_groups.adapters.client.groups.waiting import FIRST_PAUSE, LONGEST_PAUSE
from tests.unit.client.network import Network
from tests.unit.http.service import NOW

ONE = GroupRequest(dag_id="example_daily", prefix="p", start_date="2024-12-01", end_date="2024-12-01")


def moving():
    """Return a network whose service's clock goes on with the pauses of the client."""
    pauses = []
    network = Network(clock=lambda: NOW + dt.timedelta(seconds=sum(pauses)))
    network.pauses = pauses
    network.client = network.connect()
    return network


def test_wait_returns_the_group_when_it_has_ended():
    network = moving()
    network.client.create(ONE)
    group = network.client.wait("example_daily", "p")
    assert group["states"] == {"queued": 0, "running": 0, "success": 1, "failed": 0}
    assert network.pauses[0] == FIRST_PAUSE


def test_wait_looks_less_often_while_nothing_happens_and_gives_up_after_the_timeout(monkeypatch):
    network = moving()
    monkeypatch.setattr("time.monotonic", lambda: sum(network.pauses))
    paused = GroupRequest(dag_id="example_paused", prefix="p", start_date="2024-12-01", end_date="2024-12-01")
    network.client.create(paused)
    with pytest.raises(
        TimeoutError, match=r"group 'p' of DAG 'example_paused' has 1 queued and 0 running runs after 60 s"
    ):
        network.client.wait("example_paused", "p", timeout=60)
    assert sum(network.pauses) == pytest.approx(60)
    assert max(network.pauses) == LONGEST_PAUSE
