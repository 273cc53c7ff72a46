"""Values look the same in every command, whatever the service's ``value_format``."""

import json

import pytest

from airflow_run_groups.entrypoints.http.schemas.fields.formats import ValueFormat
from airflow_run_groups.entrypoints.terminal.output import Output
from airflow_run_groups.entrypoints.terminal.session import Session
from airflow_run_groups.entrypoints.terminal.work.show import dags
from tests.unit.client.network import Network


def shown(capsys, form, value_format):
    network = Network(value_format=value_format)
    dags(Session(client=network.client, output=Output(form), command_line=None, retry_for=0.0), search=None)
    return capsys.readouterr().out


@pytest.mark.parametrize("value_format", ValueFormat)
def test_json_has_its_own_nulls_and_booleans(capsys, value_format):
    (daily, *_) = json.loads(shown(capsys, "json", value_format))
    assert (daily["is_active"], daily["last_execution"]) == (True, None)


@pytest.mark.parametrize("value_format", ValueFormat)
def test_table_says_yes_no_and_nothing(capsys, value_format):
    table = shown(capsys, "table", value_format)
    assert " yes " in table
    assert "True" not in table
    assert "None" not in table
