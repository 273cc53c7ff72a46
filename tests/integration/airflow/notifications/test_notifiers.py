"""Notifiers of Airflow's providers, called for groups by the thread of a scheduler."""

import json
from importlib import import_module

import pytest
from airflow.models.connection import Connection
from sqlalchemy import delete

from airflow_run_groups.adapters.airflow.notifications import notifiers as adapter
from airflow_run_groups.adapters.airflow.notifications.notifiers import NotifierFailed, Notifiers
from airflow_run_groups.adapters.notifier_classes import notifier_classes
from airflow_run_groups.domain import GroupEvent, Notify
from airflow_run_groups.entrypoints.airflow.notifying import Delivery, notifications, notifiers_of_installation
from tests.documents import Document
from tests.integration.airflow import told, versions
from tests.integration.airflow.ended import create_runs, end, end_date, with_dag

TEXT = "{{ event }} of {{ group.dag_id }}/{{ group.prefix }} at {{ at }}: {{ group.states.failed }} failed"
CLASSES = {
    "tell": {"class": "tests.integration.airflow.told.Teller", "arguments": {"text": TEXT}},
    "raise": {"class": "tests.integration.airflow.told.Raising"},
    "hang": {"class": "tests.integration.airflow.told.Hanging"},
    "missing": {"class": "tests.integration.airflow.told.Nothing"},
}
OPTION = "AIRFLOW__AIRFLOW_API_PLUGIN__NOTIFIERS"


@pytest.fixture(autouse=True)
def _nothing_told():
    told.TOLD.clear()


def notifiers(**more):
    return Notifiers(notifier_classes(json.dumps({**CLASSES, **more})))


def look(world, called, ending):
    create_runs(with_dag(world), 1, notify=Notify(notifier=called, on=frozenset({GroupEvent.END})))
    notifications(Delivery(ending)).look(end(world, 1, state="failed"))


def test_a_notifier_of_the_configuration_is_called_with_the_state_of_the_group(world, monkeypatch):
    monkeypatch.setenv(OPTION, json.dumps(CLASSES))
    look(world, "tell", notifiers_of_installation())
    at = end_date(world, 1).replace("+00:00", "Z")
    assert [(f"end of a/g at {at}: 1 failed", None, 1)] == told.TOLD


def test_it_finds_connections_of_the_database_and_is_made_anew_each_time(world, monkeypatch):
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # as a scheduler has it
    with world.sessions.begin() as session:
        session.add(Connection(conn_id="of_the_database", conn_type="slack", host="hooks.example.com"))
    try:
        named = notifiers(both={**CLASSES["tell"], "arguments": {"text": "{{ event }}", "conn_id": "of_the_database"}})
        for event in ("end", "stop"):
            named.call("both", {"event": event, "group": {"runs": 2}})
    finally:
        with world.sessions.begin() as session:
            session.execute(delete(Connection).where(Connection.conn_id == "of_the_database"))
    assert told.TOLD == [("end", "hooks.example.com", 2), ("stop", "hooks.example.com", 2)]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        *([("raise", "ValueError: end")] if versions.NOTIFIERS_RAISE else []),
        ("missing", "is not in the configuration of this scheduler, or could not be imported"),
        ("of_another_time", "is not in the configuration of this scheduler"),
    ],
)
def test_a_notifier_that_fails_is_in_the_log_with_what_was_lost(world, caplog, name, says):
    look(world, name, notifiers())
    lost = f"the notification 'a/g/end@{end_date(world, 1)}' to notifier {name} is lost: "
    (message,) = [record.getMessage() for record in caplog.records if record.getMessage().startswith(lost)]
    assert says in message


def test_a_notifier_that_does_not_return_is_given_up(monkeypatch):
    monkeypatch.setattr(adapter, "SECONDS", 0.1)
    with pytest.raises(NotifierFailed, match=r"the notifier 'hang' did not return within 0.1 seconds"):
        notifiers().call("hang", {"event": "end"})


@pytest.mark.parametrize("text", ["slack", '{"slack": {}}'])
def test_a_configuration_that_cannot_be_read_hinders_nothing_else(monkeypatch, caplog, text):
    monkeypatch.setenv(OPTION, text)
    with pytest.raises(NotifierFailed):
        notifiers_of_installation().call("slack", {})
    assert "no notifier of groups can be called: [airflow_api_plugin] notifiers must be a JSON object" in caplog.text


def test_the_notifier_of_the_documentation_can_be_made():
    classes = notifier_classes(Document("docs/notifications.md").block("notifiers"))
    (one,) = classes.values()
    module, _, attribute = one.path.rpartition(".")
    assert getattr(import_module(module), attribute)(**one.arguments).to == one.arguments["to"]
