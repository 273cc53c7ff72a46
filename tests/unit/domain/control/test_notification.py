"""Whom to notify of a group, and which of its events are to be sent."""

import datetime as dt

import pytest

from airflow_run_groups.domain import GroupEvent, Notify, Refused
from airflow_run_groups.domain.control.notification import Subscription, subscription_to
from airflow_run_groups.domain.errors import UnknownNotifier

START = dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc)
TEAM = Notify(connection_id="team")
END, STOP, FIRST = GroupEvent.END, GroupEvent.STOP, GroupEvent.FIRST_FAILURE


def hour(number):
    return START + dt.timedelta(hours=number)


def subscription(**more):
    return Subscription(**{"notify": TEAM, "since": START, **more})


@pytest.mark.parametrize("connection_id", ["", "a b", "a/b", "a:b", "a" * 251, "https://a", "a\n", "é"])
def test_a_connection_is_named_by_its_id_alone(connection_id):
    with pytest.raises(Refused, match="connection_id of notify must be 1 to 250 letters"):
        Notify(connection_id=connection_id)


def test_there_is_an_event_at_least():
    with pytest.raises(Refused, match="on of notify must have at least one of end, stop, first_failure"):
        Notify(connection_id="a", on=frozenset())


def test_it_is_about_all_events_unless_something_else_is_said():
    assert TEAM.as_keys == {"connection_id": "team", "on": ["end", "stop", "first_failure"]}
    assert str(Notify(connection_id="team", on=frozenset({STOP, END}))) == "connection team on end, stop"
    slack = Notify(notifier="slack", on=frozenset({END}))
    assert (slack.as_keys, str(slack)) == ({"notifier": "slack", "on": ["end"]}, "notifier slack on end")


@pytest.mark.parametrize("names", [{}, {"connection_id": "a", "notifier": "a"}])
def test_it_goes_to_a_connection_or_to_a_notifier(names):
    with pytest.raises(Refused, match="notify has either connection_id or notifier"):
        Notify(**names)


def test_a_notifier_is_one_of_the_installation():
    Notify(notifier="slack").check_notifier(["mail", "slack"])
    TEAM.check_notifier([])
    with pytest.raises(UnknownNotifier, match=r"the notifier 'slck', .* known are mail, slack"):
        Notify(notifier="slck").check_notifier(["slack", "mail"])
    with pytest.raises(UnknownNotifier, match="there is none: notifiers in"):
        Notify(notifier="slack").check_notifier([])


def test_what_has_happened_is_sent_once_in_the_order_of_time():
    happened = {END: hour(3), FIRST: hour(1), STOP: hour(2)}
    due = subscription().due(happened)
    assert list(due.items()) == [(FIRST, hour(1)), (STOP, hour(2)), (END, hour(3))]
    assert subscription().with_sent(due).due(happened) == {}


def test_what_happened_before_it_was_set_and_what_it_is_not_about_is_not_sent():
    assert subscription().due({END: START, STOP: hour(-1)}) == {}
    assert subscription(notify=Notify(connection_id="team", on=frozenset({STOP}))).due({END: hour(1)}) == {}


def test_another_end_and_another_stop_are_sent_and_a_first_failure_is_sent_once():
    sent = subscription(sent={END: hour(1), STOP: hour(1), FIRST: hour(1)})
    assert sent.due({END: hour(2), STOP: hour(2), FIRST: hour(2)}) == {END: hour(2), STOP: hour(2)}


def test_an_end_before_the_one_that_was_sent_is_not_sent():
    """As when the run that ended last was deleted."""
    assert subscription(sent={END: hour(2)}).due({END: hour(1)}) == {}


def test_setting_the_same_again_changes_nothing_and_something_else_begins_anew():
    before = subscription(sent={FIRST: hour(1)})
    assert subscription_to(Notify(connection_id="team"), before, now=hour(5)) is before
    other = Notify(connection_id="team", on=frozenset({FIRST}))
    assert subscription_to(other, before, now=hour(5)) == Subscription(notify=other, since=hour(5))
    assert subscription_to(None, before, now=hour(5)) is None
