"""Connections to which notifications go, as the fields of Airflow's form say it."""

from types import SimpleNamespace

import pytest

from airflow_run_groups.entrypoints.airflow.operators.webhook import TYPE, Webhook, WebhookUnusable, webhook_of

URL = "https://hooks.example.com/runs"


def said_by(conn_type=TYPE, **fields):
    values = {"conn_id": "team", "host": None, "schema": None, "port": None, "login": None, "password": None}
    extra = {"extra_dejson": fields.pop("extra", {})}
    return webhook_of("team", conn_type, SimpleNamespace(**{**values, **fields, **extra}))


def test_a_url_is_all_that_is_needed():
    assert said_by(host=URL) == Webhook(url=URL)


def test_a_password_alone_is_a_token_and_with_a_login_that_of_a_user():
    assert said_by(host=URL, password="t0ken") == Webhook(url=URL, token="t0ken")
    assert said_by(host=URL, login="ada", password="s3cret") == Webhook(url=URL, user=("ada", "s3cret"))
    assert said_by(host=URL, login="ada") == Webhook(url=URL, user=("ada", ""))


def test_certificates_are_named_in_extra():
    assert said_by(host=URL, extra={"ca_file": "/etc/ca.pem"}).ca_file == "/etc/ca.pem"


def test_a_host_of_a_uri_has_its_scheme_and_port_beside_it():
    assert said_by(host="hooks", schema="https", port=8443).url == "https://hooks:8443"


@pytest.mark.parametrize("conn_type", ["http", "postgres", "airflow_run_groups", None, ""])
def test_a_connection_for_something_else_is_refused(conn_type):
    with pytest.raises(WebhookUnusable, match="a connection for notifications is of type 'airflow_run_groups_webhook'"):
        said_by(conn_type, host=URL)


@pytest.mark.parametrize("host", [None, "", "ftp://example.com", "https://", "file:///etc/passwd"])
def test_a_host_that_is_no_url_is_refused(host):
    with pytest.raises(WebhookUnusable, match="the connection 'team' has no host that is a URL"):
        said_by(host=host)


def test_secrets_are_in_no_text():
    assert "s3cret" not in repr(said_by(host="https://hooks.example.com/s3cret", login="a", password="s3cret"))
