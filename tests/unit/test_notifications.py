"""Notifications: their keys, and that each is sent until somebody has taken it."""

import datetime as dt

import pytest

from airflow_run_groups.adapters.notifications import NotDelivered, Receiver as Target
from airflow_run_groups.domain.control.notification import GroupEvent, Notification
from tests.receiver import Receiver

AT = dt.datetime(2025, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
END = Notification(dag_id="a", prefix="g", event=GroupEvent.END, at=AT)


def test_a_key_is_that_of_one_event_of_one_group():
    assert END.key == "a/g/end@2025-01-01T00:00:00+00:00"
    others = [
        Notification(dag_id="b", prefix="g", event=GroupEvent.END, at=AT),
        Notification(dag_id="a", prefix="h", event=GroupEvent.END, at=AT),
        Notification(dag_id="a", prefix="g", event=GroupEvent.STOP, at=AT),
        Notification(dag_id="a", prefix="g", event=GroupEvent.END, at=AT + dt.timedelta(microseconds=1)),
        Notification(dag_id="a", prefix="g", event=GroupEvent.END, at=None),
    ]
    assert len({END.key, *(one.key for one in others)}) == 6
    assert END.key == Notification(dag_id="a", prefix="g", event=GroupEvent.END, at=AT.astimezone(dt.timezone.utc)).key


def test_what_is_sent():
    with Receiver() as receiver:
        Target(receiver.url, headers={"X-Team": "data"}, auth=("ada", "s3cret")).send(END, {"dag_id": "a"})
    ((path, headers, body),) = receiver.taken
    assert path == "/hook"
    assert body == {"key": END.key, "event": "end", "at": "2025-01-01T00:00:00Z", "group": {"dag_id": "a"}}
    assert (headers["Idempotency-Key"], headers["Content-Type"]) == (END.key, "application/json")
    assert (headers["X-Team"], headers["Authorization"][:6]) == ("data", "Basic ")


def test_a_token_signs_what_is_sent():
    with Receiver() as receiver:
        Target(receiver.url, token="t0ken").send(END, {})
    ((_, headers, _),) = receiver.taken
    assert headers["Authorization"] == "Bearer t0ken"


def test_a_receiver_that_is_away_at_first_is_asked_again():
    receiver = Receiver()
    timer = receiver.start_in(0.5)
    Target(receiver.url, retry_for=30, sleep=lambda _: timer.join()).send(END, {})
    receiver.stop()
    assert receiver.keys == [END.key]


def test_what_is_sent_again_has_the_same_key():
    with Receiver(500, 503, 429) as receiver:
        Target(receiver.url, sleep=lambda _: None).send(END, {})
    assert receiver.keys == [END.key] * 4


def test_a_refusal_is_not_sent_again():
    with (
        Receiver(404) as receiver,
        pytest.raises(NotDelivered, match=r"127.0.0.1 does not take .* answered 404") as refused,
    ):
        Target(receiver.url).send(END, {})
    assert not refused.value.may_succeed_later
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("retry_for", [0, 3])
def test_it_ends_when_its_time_is_over(retry_for):
    pauses = []
    target = Target(Receiver().url, retry_for=retry_for, sleep=pauses.append)
    with pytest.raises(NotDelivered, match=r"127.0.0.1 does not take the notification \(.*refused") as lost:
        target.send(END, {})
    assert lost.value.may_succeed_later
    assert sum(pauses) <= retry_for
    assert bool(pauses) is bool(retry_for)


def test_a_key_of_other_letters_fits_into_a_header():
    with Receiver() as receiver:
        Target(receiver.url).send(Notification(dag_id="a", prefix="é", event=GroupEvent.END, at=None), {})
    ((_, headers, body),) = receiver.taken
    assert (headers["Idempotency-Key"], body["key"]) == (r"a/\xe9/end", "a/é/end")
