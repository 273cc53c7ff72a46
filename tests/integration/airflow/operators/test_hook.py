"""The connection type: what its fields say, its form in Airflow, and its test."""

import json

import pytest
import trustme
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
from airflow.models.connection import Connection

from airflow_run_groups.entrypoints.airflow.operators.connection import ConnectionIncomplete, service_of
from airflow_run_groups.entrypoints.settings import Auth, Settings
from airflow_run_groups.operators import RunGroupHook
from tests.integration.airflow import versions
from tests.integration.airflow.operators.service import Service, tls_context

VARIABLE = "AIRFLOW_CONN_AIRFLOW_RUN_GROUPS_DEFAULT"


def read(**fields):
    return service_of(Connection(conn_id="groups", conn_type="airflow_run_groups", **fields))


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "https://groups.example.com/below"}, "https://groups.example.com/below"),
        ({"host": "groups.example.com"}, "http://groups.example.com"),
        ({"host": "groups.example.com", "schema": "https", "port": 8000}, "https://groups.example.com:8000"),
        ({"host": "https://groups.example.com/below", "port": 8000}, "https://groups.example.com:8000/below"),
    ],
)
def test_the_url_is_the_host_or_made_of_the_parts_of_a_uri(fields, url):
    assert read(**fields).url == url


def test_a_connection_as_a_uri():
    uri = "airflow-run-groups://:secret@groups.example.com:8000/https?ui_url=https%3A%2F%2Fgroups.example.com"
    service = service_of(Connection(conn_id="groups", uri=uri))
    assert (service.url, service.token) == ("https://groups.example.com:8000", "secret")
    assert service.ui_url == "https://groups.example.com"


def test_without_a_user_the_password_is_a_token():
    service = read(host="http://a", password="secret")
    assert (service.token, service.user, service.password) == ("secret", None, None)
    assert "secret" not in repr(service)


def test_with_a_user_the_password_is_the_users():
    service = read(host="http://a", login="ada", password="secret", extra='{"airflow_url": "http://b"}')
    assert (service.token, service.user, service.password, service.airflow_url) == (None, "ada", "secret", "http://b")
    assert "secret" not in repr(service)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "the connection 'groups' of type airflow_run_groups has no host: it must be the URL of the service"),
        ({"host": "http://a", "login": "ada"}, "has the Airflow user 'ada', and no password"),
    ],
)
def test_a_connection_that_does_not_say_enough(fields, message):
    with pytest.raises(ConnectionIncomplete, match=message):
        read(**fields)


def test_the_page_is_at_the_url_for_browsers(monkeypatch):
    connection = {
        "conn_type": "airflow_run_groups",
        "host": "http://a:8000",
        "extra": {"ui_url": "https://b/c/api/v1/"},
    }
    monkeypatch.setenv(VARIABLE, json.dumps(connection))
    assert RunGroupHook().page_url("d", "p/q") == "https://b/c/api/v1/ui/?dag=d&group=p%2Fq"


@pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")  # Airflow 3.2's own form reads it
def test_airflow_shows_the_connection_type_with_its_form():
    (form,) = [one for one in HookMetaService.hook_meta_data() if one.connection_type == "airflow_run_groups"]
    assert form.hook_name == "Airflow Run Groups"
    assert RunGroupHook.get_ui_field_behaviour()["relabeling"]["login"] == "Airflow user"
    if versions.MINOR >= (3, 2):
        fields = form.standard_fields
        assert (fields.host.title, fields.login.title) == ("URL of the service", "Airflow user")
        assert (fields.url_schema.hidden, fields.port.hidden) == (True, True)
        assert set(form.extra_fields) == {"airflow_url", "ca_file", "ui_url"}


def press_test(monkeypatch, connection):
    """Return what Airflow says when somebody presses Test."""
    monkeypatch.setenv(VARIABLE, connection)
    fields = {name: value for name, value in json.loads(connection).items() if name != "extra"}
    return Connection(conn_id="airflow_run_groups_default", **fields).test_connection()


@pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")  # Airflow's own connection reads it
def test_the_test_of_a_connection_says_whether_the_service_takes_the_token(monkeypatch):
    with Service(settings=Settings(backend="memory", auth=Auth.TOKEN, airflow_api_auth="the token")) as service:
        assert press_test(monkeypatch, service.connection(password="the token")) == (
            True,
            f"Connected to {service.url}",
        )
        is_good, message = press_test(monkeypatch, service.connection(password="another"))
        assert not is_good
        assert "token" in message
        service.stop()
        is_good, message = press_test(monkeypatch, service.connection())
        assert (is_good, "does not respond" in message) == (False, True)
        service.start()
    assert press_test(monkeypatch, json.dumps({"conn_type": "airflow_run_groups"}))[0] is False
    assert press_test(monkeypatch, json.dumps({"conn_type": "airflow_run_groups", "host": "ftp://a"}))[0] is False


def test_certificates_are_trusted_that_the_connection_names(monkeypatch, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Service(tls=tls_context(authority.issue_cert("127.0.0.1"))) as service:
        monkeypatch.setenv(VARIABLE, service.connection())
        is_good, message = RunGroupHook().test_connection()
        assert (is_good, "certificate" in message.lower()) == (False, True)
        monkeypatch.setenv(VARIABLE, service.connection(extra={"ca_file": str(tmp_path / "ca.pem")}))
        assert RunGroupHook().test_connection() == (True, f"Connected to {service.url}")
        monkeypatch.setenv(VARIABLE, service.connection(extra={"ca_file": str(tmp_path / "none.pem")}))
        assert RunGroupHook().test_connection()[0] is False
