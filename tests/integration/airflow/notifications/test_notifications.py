"""Notifications of groups, by the listener of a scheduler: what is sent, at most once, and what is never sent."""

import datetime as dt
import json
import threading
from base64 import b64encode
from functools import partial

import pytest
from airflow.listeners.listener import get_listener_manager
from airflow.models.backfill import Backfill
from airflow.models.connection import Connection
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from sqlalchemy import delete, select, text

from airflow_run_groups.adapters.airflow.notifications.events import EndedRun
from airflow_run_groups.adapters.airflow.notifications.notifiers import Notifiers
from airflow_run_groups.adapters.airflow.notifications.sending import GroupNotifications
from airflow_run_groups.adapters.scheduler_mark import MARK
from airflow_run_groups.domain import (
    Cancel,
    CreateRuns,
    GroupAction,
    GroupChange,
    GroupEvent,
    GroupRequest,
    NoListener,
    Notify,
    ReprocessBehavior,
    StopAfter,
)
from airflow_run_groups.entrypoints.airflow.listener import listener_of
from airflow_run_groups.entrypoints.airflow.notifying import PATIENCE, Delivery, notifications
from airflow_run_groups.entrypoints.airflow.operators.webhook import TYPE
from tests.contracts.creation import Anyone
from tests.contracts.world import date, group_run, utc
from tests.integration.airflow.conftest import DATABASE
from tests.integration.airflow.ended import create_runs, end, end_date, with_dag
from tests.integration.airflow.processes import wait_until
from tests.receiver import Receiver

NOW = utc(2025, 1, 1)
TEAM = Notify(connection_id="team")
NONE = Notifiers({})
END = Notify(connection_id="team", on=frozenset({GroupEvent.END}))


def connection(receiver, **fields):
    return json.dumps({"conn_type": "airflow_run_groups_webhook", "host": receiver.url, **fields})


@pytest.fixture
def receiver(monkeypatch):
    with Receiver() as receiver:
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", connection(receiver))
        yield receiver


@pytest.fixture
def create(world):
    """Return a function that creates runs on these days."""
    return partial(create_runs, with_dag(world), notify=TEAM)


@pytest.fixture
def sender(_migrated):
    return notifications(Delivery(NONE, sleep=lambda _: None))


def group_of(world, prefix="g"):
    return world.groups.get("a", prefix, now=NOW)


def change(world, **wishes):
    with world.scheduler(MARK):
        return world.groups.change(GroupChange(dag_id="a", prefix="g", **wishes), now=dt.datetime.now(dt.timezone.utc))


def events(receiver):
    return [body["event"] for _, _, body in receiver.taken]


def test_the_scheduler_posts_the_end_and_a_receiver_that_is_away_at_first_gets_it(world, create, monkeypatch):
    receiver = Receiver()
    monkeypatch.setenv("AIRFLOW_CONN_TEAM", connection(receiver, password="t0ken"))
    listener = listener_of(["airflow", "scheduler"])
    get_listener_manager().pm.register(listener)
    try:
        listener.on_starting(type("Job", (), {"dag_id": None})())
        create(1, 2)
        end(world, 1)
        timer = receiver.start_in(1.5)
        end(world, 2)
        wait_until(lambda: receiver.taken, what="the notification")
        timer.join()
    finally:
        get_listener_manager().pm.unregister(listener)
        listener.before_stopping(None)
        receiver.stop()
    ((path, headers, body),) = receiver.taken
    assert (path, headers["Authorization"]) == ("/hook", "Bearer t0ken")
    assert body["key"] == headers["Idempotency-Key"] == f"a/g/end@{end_date(world, 2)}"
    assert body["group"]["states"] == {"queued": 0, "running": 0, "success": 2, "failed": 0}
    assert body["group"]["notify"] == TEAM.as_keys
    assert "may" not in body["group"]
    assert group_of(world).notified.keys() == {GroupEvent.END}


def test_a_connection_of_the_database_is_found(world, create, sender):
    with Receiver() as receiver:
        with world.sessions.begin() as session:
            session.add(Connection(conn_id="stored", conn_type=TYPE, host=receiver.url, login="ada", password="s3cret"))
        try:
            create(1, notify=Notify(connection_id="stored"))
            sender.look(end(world, 1))
        finally:
            with world.sessions.begin() as session:
                session.execute(delete(Connection).where(Connection.conn_id == "stored"))
    ((_, headers, _),) = receiver.taken
    assert headers["Authorization"] == f"Basic {b64encode(b'ada:s3cret').decode()}"


def test_an_event_is_sent_once_whoever_looks(world, create, sender, receiver):
    create(1, 2)
    ended = end(world, 1, 2)
    others = [notifications(Delivery(NONE)) for _ in range(3)]
    threads = [threading.Thread(target=one.look, args=(ended,)) for one in (sender, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in (sender, *others):
        one.look_at_some()
    assert receiver.keys == [f"a/g/end@{max(end_date(world, 1), end_date(world, 2))}"]


def test_a_group_that_ends_again_is_told_again_and_its_first_failure_once(world, create, sender, receiver):
    create(1, 2)
    sender.look(end(world, 1, state="failed"))
    assert events(receiver) == ["first_failure"]
    assert receiver.keys == [f"a/g/first_failure@{end_date(world, 1)}"]
    sender.look(end(world, 2, state="failed"))
    assert events(receiver) == ["first_failure", "end"]
    with world.sessions.begin() as session:
        session.scalars(select(DagRun).where(DagRun.run_id == group_run("g", 1, 1))).one().set_state("queued")
    sender.look_at_some()
    sender.look(end(world, 1, state="failed"))
    assert events(receiver) == ["first_failure", "end", "end"]
    assert len(set(receiver.keys)) == 3


def test_a_stop_is_told_by_whoever_finds_it(world, create, sender, receiver):
    create(1, 2, 3, stop_after=StopAfter(failed=1))
    end(world, 1, state="failed")
    stopped = world.groups.get("a", "g", now=dt.datetime.now(dt.timezone.utc)).control.stopped
    sender.look_at_some()
    assert set(receiver.keys) == {f"a/g/first_failure@{end_date(world, 1)}", f"a/g/stop@{stopped.at.isoformat()}"}
    assert {body["group"]["control"]["paused"] for _, _, body in receiver.taken} == {True}


def test_a_group_that_is_cancelled_has_ended_though_no_listener_is_called(world, create, sender, receiver):
    create(1, 2)
    world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()))
    sender.look_at_some()
    assert events(receiver) == ["end"]
    assert receiver.taken[0][2]["group"]["cancelled"] == 2


def test_what_happened_before_it_was_set_is_not_told(world, create, sender, receiver):
    create(1, 2, notify=None)
    ended = end(world, 1, 2, state="failed")
    change(world, notify=TEAM)
    sender.look(ended)
    sender.look_at_some()
    assert receiver.taken == []


def test_nothing_is_told_of_what_nobody_wants_to_know(world, create, sender, receiver):
    create(1, notify=None)
    create(2, 3, prefix="h", notify=END)
    with world.sessions.begin() as session:
        run = session.scalars(select(DagRun).where(DagRun.logical_date == date(2))).one()
        run.set_state("failed")
        failed = EndedRun(run.id, run.dag_id, run.run_id)
    sender.look([*end(world, 1), failed])
    assert receiver.taken == []
    change(world, notify=TEAM)
    change(world, notify=None)
    create(4)
    change(world, notify=None)
    sender.look_at_some()
    assert receiver.taken == []


def test_a_group_that_has_run_again_runs_of_others_is_told_of_their_end(world, create, sender, receiver):
    create(1, notify=None)
    end(world, 1, state="failed")
    create(1, prefix="fix", notify=END, reprocess_behavior=ReprocessBehavior.FAILED)
    sender.look(end(world, 1))
    assert [key.partition("@")[0] for key in receiver.keys] == ["a/fix/end"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "Airflow has no connection 'team'"),
        ('{"conn_type": "http", "host": "http://127.0.0.1:1/s3cret"}', "is of type 'http'"),
        ('{"conn_type": "airflow_run_groups_webhook"}', "has no host that is a URL"),
        (
            '{"conn_type": "airflow_run_groups_webhook", "host": "http://u:s3cret@127.0.0.1:1/s3cret", "extra": {"ca_file": "/no"}}',
            "No such file",
        ),
    ],
)
def test_a_connection_that_cannot_be_used_is_in_the_log_with_what_was_lost(world, create, caplog, value, says):
    sender = notifications(Delivery(NONE))
    create(1)
    with pytest.MonkeyPatch.context() as patch:
        if value is not None:
            patch.setenv("AIRFLOW_CONN_TEAM", value)
        sender.look(end(world, 1))
        sender.look_at_some()
    (lost,) = [record.getMessage() for record in caplog.records if "is lost" in record.getMessage()]
    assert lost.startswith(f"the notification 'a/g/end@{end_date(world, 1)}' to connection team is lost: ")
    assert says in lost
    assert "s3cret" not in caplog.text


def test_a_receiver_that_takes_nothing_costs_one_attempt_for_a_while(world, create, receiver):
    receiver.stop()
    pauses, now = [], [0.0]
    sender = notifications(Delivery(NONE, sleep=pauses.append, clock=lambda: now[0]))
    attempts = []
    for day in (1, 2, 3):
        create(day, prefix=f"g{day}", notify=END)
        with world.sessions.begin() as session:
            session.scalars(select(DagRun).where(DagRun.logical_date == date(day))).one().set_state("success")
        pauses.clear()
        now[0] += PATIENCE * (day == 3)
        sender.look_at_some()
        attempts.append(len(pauses))
    assert attempts[0] > 1
    assert attempts[1] == 0
    assert attempts[2] > 1


def test_a_change_at_the_same_moment_forgets_nothing_that_was_sent(world, create, sender, receiver):
    create(1, description="before")
    ended = end(world, 1)
    with world.sessions.begin() as session:
        if DATABASE == "postgresql":
            session.execute(select(Backfill).with_for_update())
        else:
            session.execute(text("BEGIN IMMEDIATE"))
        record = session.scalars(select(Backfill)).one()
        thread = threading.Thread(target=change, args=(world,), kwargs={"description": "after"})
        thread.start()
        thread.join(0.5)
        facts = record.dag_run_conf["airflow_run_groups"]
        sent = {**facts["notify"], "sent": {"end": "2999-01-01T00:00:00+00:00"}}
        record.dag_run_conf = {"airflow_run_groups": {**facts, "notify": sent}}
    thread.join(60)
    assert group_of(world).group.description == "after"
    sender.look(ended)
    assert receiver.taken == []


@pytest.mark.parametrize(("notify", "statements"), [(None, 1), (END, 4), (TEAM, 5)])
def test_a_run_that_ends_costs_a_few_statements_beside_the_scheduler(world, create, notify, statements, receiver):
    create(1, 2, notify=notify)
    ended = end(world, 1)
    sender = GroupNotifications(world.backend.database, lambda *_: {}, lambda *_: None)
    sender.look(ended)
    assert world.count_statements(lambda: sender.look(ended)) == statements


def test_the_database_being_away_loses_nothing(world, create, sender, receiver, caplog):
    create(1)
    ended = end(world, 1)
    with world.sessions.begin() as session:
        session.execute(select(Backfill).with_for_update() if DATABASE == "postgresql" else text("BEGIN IMMEDIATE"))
        sender.look(ended)
        assert receiver.taken == []
    assert "nobody is notified yet of group 'g' of DAG 'a'" in caplog.text
    sender.look_at_some()
    assert events(receiver) == ["end"]


def test_a_group_whose_runs_were_deleted_is_told_nothing_of(world, create, sender, receiver, caplog):
    create(1, 2, stop_after=StopAfter(failed=1))
    end(world, 1, state="failed")
    assert world.groups.get("a", "g", now=dt.datetime.now(dt.timezone.utc)).control.stopped is not None
    with world.sessions.begin() as session:
        session.execute(delete(DagRun))
    sender.look_at_some()
    assert receiver.taken == []
    assert "nobody is notified" not in caplog.text


def test_it_is_refused_where_no_scheduler_has_a_listener_and_can_always_be_taken_away(world, create):
    create(1)
    says = "notify needs the listener of this package .* airflow-groups wait --notify"
    with pytest.raises(NoListener, match=says):
        world.groups.change(GroupChange(dag_id="a", prefix="g", notify=END), now=NOW)
    request = GroupRequest(dag_id="a", prefix="h", dates=(date(9),), notify=TEAM)
    use = CreateRuns(world.runs, lambda: NOW)
    for refused in (use.create, use.plan):
        with pytest.raises(NoListener, match=says):
            refused(request, Anyone())
    world.groups.change(GroupChange(dag_id="a", prefix="g", notify=None), now=NOW)
    with world.sessions() as session:
        assert session.scalars(select(Backfill)).all() == []


def test_who_set_it_is_in_the_audit_log(world, create):
    with world.sessions.begin() as session:
        session.execute(delete(Log))
    create(1)
    change(world, notify=END)
    with world.sessions() as session:
        told = [json.loads(entry.extra)["notify"] for entry in session.scalars(select(Log).order_by(Log.id))]
    assert told == ["connection team on end, stop, first_failure", "connection team on end"]
