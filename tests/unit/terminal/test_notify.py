"""``wait --notify``: somebody is told of the end of a group, or of its stop, at least once, always with the same key."""

import datetime as dt

import click
import pytest

from airflow_run_groups.adapters.client import GroupRequest
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.notify import NotifyUrl
from tests.receiver import Receiver
from tests.unit.terminal.world import World

REQUEST = GroupRequest(dag_id="a", prefix="g", start_date="2024-12-01", end_date="2024-12-20", max_active_runs=5)


@pytest.fixture
def world(monkeypatch):
    world = World(fails=True)
    monkeypatch.setattr("time.sleep", world.sleep)
    return world


def test_the_end_is_told_with_the_state_of_the_group(world):
    world.client.create(REQUEST)
    with Receiver() as receiver:
        assert world.wait(notify=receiver.url) == exits.SOME_FAILED
    ((_, _, body),) = receiver.taken
    assert body["event"] == "end"
    assert body["group"] == world.client.group("a", "g")
    last = max(run["end_date"] for run in world.client.group_runs("a", "g"))
    assert body["key"] == f"a/g/end@{last.replace('Z', '+00:00')}"


def test_a_repeated_command_sends_the_same_key_and_another_end_another_one(world):
    world.client.create(REQUEST)
    with Receiver() as receiver:
        world.wait(notify=receiver.url)
        world.wait(notify=receiver.url)
        world.client.retry("a", "g")
        world.wait(notify=receiver.url)
    first, again, other = receiver.keys
    assert first == again != other


def test_a_stop_is_told(world):
    world.client.create(REQUEST)
    with Receiver() as receiver:
        assert world.wait("--stop-after", "5", notify=receiver.url) == exits.SOME_FAILED
    ((_, _, body),) = receiver.taken
    assert (body["event"], body["group"]["control"]["paused"]) == ("stop", True)
    assert dt.datetime.fromisoformat(body["at"].replace("Z", "+00:00")) <= world.now


def test_a_receiver_that_is_away_at_first_is_told(world):
    world.client.create(REQUEST)
    receiver = Receiver()
    timer = receiver.start_in(0.3)
    world.on_sleep = lambda: timer.join() if world.has_ended else None
    world.wait(notify=receiver.url)
    receiver.stop()
    assert len(receiver.taken) == 1


def test_when_nobody_has_taken_it_the_exit_status_and_the_command_say_so(world, capsys):
    world.client.create(REQUEST)
    url = Receiver().url
    assert world.wait(notify=url, retry_for=0) == exits.UNREACHABLE
    told = capsys.readouterr().err
    assert "127.0.0.1 does not take the notification" in told
    assert f"airflow-groups wait --dag-id a --prefix g --notify {url}" in told


def test_a_wait_that_times_out_tells_nobody(world):
    world.client.create(REQUEST)
    with Receiver() as receiver:
        assert world.wait(notify=receiver.url, timeout=0) == exits.TIMED_OUT
    assert receiver.taken == []


@pytest.mark.parametrize("text", ["", "hooks.example.com", "ftp://a", "http://", "http://a:b"])
def test_what_is_no_url_is_refused_before_anything_is_sent(text):
    with pytest.raises(click.BadParameter):
        NotifyUrl().convert(text, None, None)


def test_an_address_with_a_path_and_a_query_is_taken():
    assert NotifyUrl().convert("https://hooks.example.com/a?b=c", None, None) == "https://hooks.example.com/a?b=c"
