"""Which versions of Airflow the backend starts with, and into which databases it writes."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from airflow_api_plugin.adapters.airflow import compat, connect
from airflow_api_plugin.adapters.airflow.compat import UnsupportedAirflow, doubt_about, minor_of
from airflow_api_plugin.adapters.airflow.schema import left_empty, require_known_schema
from airflow_api_plugin.adapters.airflow.writer import write_batch
from airflow_api_plugin.domain import Batch, Unavailable


@pytest.mark.parametrize(
    ("version", "minor"), [("3.0.6", (3, 0)), ("3.10.1", (3, 10)), ("3.2.0b1", (3, 2)), ("4.0.0.dev0", (4, 0))]
)
def test_a_minor_is_the_first_two_numbers_of_a_version(version, minor):
    assert minor_of(version) == minor


@pytest.mark.parametrize("version", ["2.11.0", "2.0.0", "1.10.15"])
def test_an_airflow_that_is_too_old_is_refused_by_its_version(version):
    with pytest.raises(UnsupportedAirflow, match=f"needs Airflow 3.0 or newer.*{version}"):
        doubt_about(version)


@pytest.mark.parametrize("version", ["3.0.6", "3.1.8", "3.2.2", "3.3.0", "3.3.99"])
def test_there_is_no_doubt_about_a_version_that_was_compared(version):
    assert doubt_about(version) is None


@pytest.mark.parametrize("version", ["3.4.0", "3.10.0", "4.0.0rc1"])
def test_there_is_a_doubt_about_a_newer_version(version):
    assert f"not with {version}" in doubt_about(version)


def test_a_doubt_is_logged_when_the_service_starts(monkeypatch, caplog):
    monkeypatch.setattr(compat, "DOUBT", "a doubt")
    connect()
    assert "a doubt" in caplog.text


def test_the_installed_version_was_compared(world):
    assert compat.MINOR in compat.PROVED_MINORS


@pytest.mark.parametrize(
    ("column", "empty"),
    [
        ({"name": "novel", "nullable": False, "default": None}, ["novel"]),
        ({"name": "novel", "nullable": False}, ["novel"]),
        ({"name": "novel", "nullable": True, "default": None}, []),
        ({"name": "novel", "nullable": False, "default": "0"}, []),
        ({"name": "novel", "nullable": False, "default": None, "computed": {"sqltext": "1"}}, []),
        ({"name": "novel", "nullable": False, "default": None, "identity": {"start": 1}}, []),
        ({"name": "run_id", "nullable": False, "default": None}, []),
    ],
)
def test_a_required_column_is_left_empty_when_neither_airflow_nor_the_database_fills_it(column, empty):
    assert left_empty({"run_id"}, [column]) == empty


def test_airflows_own_database_is_known(world):
    with world.sessions() as session:
        require_known_schema(session)


def test_nothing_is_written_into_a_database_that_requires_more_than_the_installed_airflow_knows():
    with create_engine("sqlite://", **compat.ENGINE_OPTIONS).connect() as connection:
        connection.execute(text("CREATE TABLE dag_run (id INTEGER PRIMARY KEY, dag_id VARCHAR NOT NULL)"))
        connection.execute(text("CREATE TABLE task_instance (id VARCHAR NOT NULL, novel VARCHAR NOT NULL)"))
        with Session(connection) as session, pytest.raises(Unavailable, match=r"know: task_instance\.novel\."):
            write_batch(Batch(dag_id="a", prefix="p", runs=()), dag=None, session=session)
