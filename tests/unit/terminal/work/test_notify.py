"""``wait --notify``: somebody is told of the end of a group, or of its stop, at least once, always with the same key."""

import datetime as dt

import click
import pytest

from airflow_run_groups.adapters.client import GroupRequest
from airflow_run_groups.entrypoints.terminal import exits
from airflow_run_groups.entrypoints.terminal.command_line.commands import COMMANDS
from airflow_run_groups.entrypoints.terminal.command_line.notify import NotifyConnection, NotifyUrl
from airflow_run_groups.entrypoints.terminal.output import Output
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.work import changes, show
from tests.receiver import Receiver
from tests.unit.terminal.world import World, command_line

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


@pytest.mark.parametrize(
    ("text", "notify"),
    [
        ("data_team", {"connection_id": "data_team"}),
        ("data.team-1:end", {"connection_id": "data.team-1", "on": ["end"]}),
        ("a:stop,first_failure", {"connection_id": "a", "on": ["stop", "first_failure"]}),
        ("notifier=slack", {"notifier": "slack"}),
        ("notifier=slack:end", {"notifier": "slack", "on": ["end"]}),
    ],
)
def test_a_connection_is_named_with_its_events(text, notify):
    assert NotifyConnection().convert(text, None, None) == notify
    for command in ("create", "change"):
        assert f"--notify {text}" in command_line(command, "--notify", text).changed()


@pytest.mark.parametrize(
    "text",
    ["", "https://hooks.example.com", "a b", "a:", "a:ended", "a:end,", "a:end,end", "a\n", "notifier=", "slack=a"],
)
def test_what_is_no_connection_is_refused_with_what_is_allowed(text):
    says = "it must be the id of an Airflow connection, or notifier= and a name, .* some of end, stop, first_failure, none twice, such as data_team:end,stop"
    with pytest.raises(click.BadParameter, match=says):
        NotifyConnection().convert(text, None, None)


def test_the_commands_that_name_a_connection_or_a_url():
    with_option = {one.name: option.type.name for one in COMMANDS for option in one.params if option.name == "notify"}
    assert with_option == {"plan": "notify", "create": "notify", "fill": "notify", "change": "notify", "wait": "url"}


def test_change_sets_and_takes_away_whom_to_notify(world):
    world.client.create(REQUEST)
    session = Session(client=world.client, output=Output("table"), command_line=command_line("change"), retry_for=0)
    wishes = {"dag_id": "a", "prefix": "g", "dry_run": False}
    assert changes.change(session, **wishes, notify={"connection_id": "team", "on": ["end"]}, no_notify=False) == 0
    group = world.client.group("a", "g")
    assert show.facts(group)["notifies"] == "team: end"
    group["notified"]["end"] = "2025-01-01T00:00:00Z"
    assert show.facts(group)["notifies"] == "team: end, sent for 2025-01-01T00:00:00Z"
    assert show.facts({**group, "notify": {"notifier": "slack", "on": ["stop"]}})["notifies"] == "notifier slack: stop"
    changes.change(session, **wishes, notify=None, no_notify=True)
    assert show.facts(world.client.group("a", "g"))["notifies"] is None
    with pytest.raises(click.UsageError, match="--notify and --no-notify cannot be combined"):
        changes.change(session, **wishes, notify={"connection_id": "team"}, no_notify=True)
