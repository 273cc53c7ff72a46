"""docs/notifications.md: its connection and its keys are taken, and its tables name what there is."""

import json
import shlex
from types import SimpleNamespace

import marshmallow

from airflow_run_groups.adapters.notifier_classes import notifier_classes
from airflow_run_groups.domain import GroupEvent, Notify
from airflow_run_groups.entrypoints.airflow.operators.webhook import EXTRA_FIELDS, Webhook, webhook_of
from airflow_run_groups.entrypoints.http.schemas.fields.notify import NotifyField
from tests.documents import Document, code

PAGE = Document("docs/notifications.md")


def test_the_connection():
    _, variable = shlex.split(PAGE.block("connection"))
    name, _, value = variable.partition("=")
    assert name == "AIRFLOW_CONN_DATA_TEAM"
    fields = json.loads(value)
    empty = dict.fromkeys(("schema", "port", "login"))
    connection = SimpleNamespace(**empty, **fields, conn_id="data_team", extra_dejson={})
    found = webhook_of("data_team", fields["conn_type"], connection)
    assert found == Webhook(url=fields["host"], token=fields["password"])


def test_every_field_of_a_connection_is_in_the_table():
    named = [code(cell)[0] for cell, _ in PAGE.table("fields of a connection")]
    assert named == ["host", "password", "login", *EXTRA_FIELDS]


def test_what_a_request_has():
    schema = marshmallow.Schema.from_dict({"notify": NotifyField(metadata={})})()
    found = schema.load(json.loads(PAGE.block("notify")))["notify"]
    assert found == Notify(connection_id="data_team", on=frozenset({GroupEvent.END, GroupEvent.FIRST_FAILURE}))


def test_the_notifiers_and_a_request_that_names_one():
    (name,) = notifier_classes(PAGE.block("notifiers"))
    schema = marshmallow.Schema.from_dict({"notify": NotifyField(metadata={})})()
    found = schema.load(json.loads(PAGE.block("notify with a notifier")))["notify"]
    assert found == Notify(notifier=name, on=frozenset({GroupEvent.END}))


def test_every_event_is_in_the_table():
    assert [code(cell)[0] for cell, _ in PAGE.table("events")] == [event.value for event in GroupEvent]
