"""A database that refuses a statement says so with the values that it had, which are nobody's to read in a log."""

import json
from contextlib import contextmanager

import pytest
from airflow import settings
from dependency_injector.providers import Object
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError

from airflow_run_groups.adapters.airflow.compat import ENGINE_OPTIONS
from airflow_run_groups.adapters.airflow.database.redaction import hide_secrets, on_error
from airflow_run_groups.entrypoints.container import Container
from airflow_run_groups.entrypoints.settings import Auth, Settings
from tests.integration.faults.client import CONF, MARK, PASSWORD

FUNCTION = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {}; RETURN NEW; END'"
REFUSALS = {
    "check": (
        "ALTER TABLE dag_run ADD CONSTRAINT no_conf CHECK (conf IS NULL) NOT VALID",
        "ALTER TABLE dag_run DROP CONSTRAINT no_conf",
    ),
    "trigger": (
        FUNCTION.format("RAISE EXCEPTION ''no run with %'', NEW.conf"),
        "DROP FUNCTION refuse CASCADE",
    ),
    "value": (
        FUNCTION.format("NEW.id := CAST(NEW.conf AS text)::integer"),
        "DROP FUNCTION refuse CASCADE",
    ),
}
TRIGGER = "CREATE TRIGGER refuse BEFORE INSERT ON dag_run FOR EACH ROW EXECUTE FUNCTION refuse()"


@contextmanager
def refusing(refusal):
    refuse, allow = REFUSALS[refusal]
    with settings.engine.begin() as connection:
        connection.execute(text(refuse))
        if "FUNCTION" in refuse:
            connection.execute(text(TRIGGER))
    try:
        yield
    finally:
        with settings.engine.begin() as connection:
            connection.execute(text(allow))


@pytest.fixture
def others_engine():
    engine = create_engine(settings.engine.url, **ENGINE_OPTIONS)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("refusal", REFUSALS)
def test_run_that_the_database_refuses_leaves_no_value_of_it_in_the_log(client, others_engine, dags, refusal):
    """The fixture of all faults looks for the secret; here it must be one that the database has quoted."""
    with refusing(refusal):
        with pytest.raises(DBAPIError, match=MARK), others_engine.begin() as connection:
            connection.execute(text(CREATE), {"conf": json.dumps(CONF)})  # what any other client would be told
        status, _, answer = client.post()
    assert status in (400, 500, 503)
    assert MARK not in str(answer)
    assert dags.count_runs() == 0
    assert client.post()[0] == 200


CREATE = (
    "INSERT INTO dag_run (dag_id, run_id, run_type, run_after, state, conf, clear_number) "
    "VALUES ('a_dag', 'r', 'manual', now(), 'queued', :conf, 0)"
)


def test_error_of_a_statement_has_none_of_its_values(dags):
    """Drivers that write the values into the statement quote the part of it that fails."""
    statement = text("SELECT no_such_column, :value FROM dag_run").bindparams(value=MARK)
    with pytest.raises(DBAPIError) as caught, dags.backend.database.engine.connect() as connection:
        connection.execute(statement)
    assert "no_such_column" in str(caught.value)
    assert MARK not in str(caught.value)
    assert MARK not in str(caught.value.orig)


@pytest.fixture
def airflows_engine(dags, monkeypatch):
    engine = settings.engine
    monkeypatch.setattr(engine, "hide_parameters", False)
    show_values(engine)
    yield engine
    show_values(engine)


def show_values(engine):
    if event.contains(engine, "handle_error", on_error):
        event.remove(engine, "handle_error", on_error)


@pytest.mark.parametrize(("mounted", "is_hidden"), [(False, True), (True, False)])
def test_errors_of_airflows_own_engine_have_none_in_a_process_of_ours(airflows_engine, mounted, is_hidden):
    """An auth manager uses it. In Airflow's API server, engine and log are Airflow's."""
    Container(settings=Object(Settings(auth=Auth.NONE)), mounted=Object(mounted)).backend()
    with pytest.raises(DBAPIError) as caught, airflows_engine.connect() as connection:
        connection.execute(text("SELECT no_such_column, :value").bindparams(value=MARK))
    assert (MARK not in str(caught.value)) is is_hidden


def test_listeners_of_errors_see_no_value_either(dags):
    engine, seen = dags.backend.database.engine, []

    def note(context):
        seen.append(f"{context.original_exception} {context.sqlalchemy_exception}")

    event.listen(engine, "handle_error", note)
    try:
        with pytest.raises(DBAPIError), engine.connect() as connection:
            connection.execute(text("SELECT CAST(:value AS integer)"), {"value": MARK})
    finally:
        event.remove(engine, "handle_error", note)
    assert "22P02" in seen[0]
    assert MARK not in seen[0]


@pytest.mark.parametrize(
    "said",
    [
        f"invalid dsn: missing = after {PASSWORD}",
        f'could not translate host name "half-{MARK}@db.example.com" to address',  # user:pass@half-…@db.example.com
    ],
)
def test_error_of_a_connection_has_none_of_its_secrets(dags, said):
    error = ConnectionError(said)
    hide_secrets(error, settings.engine.url.set(password=PASSWORD), {})
    assert MARK not in str(error)
    assert str(error).split()[:2] == said.split()[:2]
