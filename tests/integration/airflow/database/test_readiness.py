"""A database that responds and cannot be worked with: not ready, and a 503 that says why, whatever the request."""

from contextlib import contextmanager

import airflow
import pytest
from airflow import settings
from sqlalchemy import event, text

from airflow_run_groups.adapters.airflow.custom_code import CustomCode
from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.repositories.dag_runs import AirflowDagRunRepository
from airflow_run_groups.adapters.airflow.repositories.dags import AirflowDagRepository
from airflow_run_groups.adapters.airflow.repositories.groups import AirflowGroupRepository
from airflow_run_groups.domain import Cancel, DagRunFilter, DatabaseReadOnly, GroupAction, GroupFilter, SchemaUnknown
from airflow_run_groups.entrypoints.settings import Settings
from tests.integration.airflow.conftest import DATABASE


class Repositories:
    """All of them, on a database of their own."""

    def __init__(self, database, *, allow_unknown=False):
        schema = Schema(allow_unknown=allow_unknown)
        self.dags = AirflowDagRepository(database, schema)
        custom_code = CustomCode(grace=1)
        self.runs = AirflowDagRunRepository(database, schema, custom_code)
        self.groups = AirflowGroupRepository(database, schema, custom_code)


@pytest.fixture
def connect():
    databases = []

    def connect(url, **more):
        databases.append(Database(url.render_as_string(hide_password=False), Settings().database))
        return databases[-1], Repositories(databases[-1], **more)

    yield connect
    for database in databases:
        database.engine.dispose()


@pytest.fixture
def unmigrated(world, tmp_path):
    """Return the address of a database in which there is nothing."""
    if DATABASE == "sqlite":
        yield settings.engine.url.set(database=str(tmp_path / "empty.db"))
        return
    with settings.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE unmigrated"))
        yield settings.engine.url.set(database="unmigrated")
        connection.execute(text("DROP DATABASE unmigrated WITH (FORCE)"))


REQUESTS = {
    "ready": lambda repositories: repositories.dags.ping(),
    "dags": lambda repositories: repositories.dags.list(readable=None),
    "runs": lambda repositories: repositories.runs.list(DagRunFilter()),
    "run": lambda repositories: repositories.runs.get("r", dag_id=None, readable=None),
    "groups": lambda repositories: repositories.groups.list(GroupFilter(dag_id="a_dag", limit=1)),
    "creation": lambda repositories: repositories.runs.transaction("a_dag", lambda _: None),
    "cancel": lambda repositories: repositories.groups.apply(GroupAction(dag_id="a_dag", prefix="p", action=Cancel())),
}


@pytest.mark.parametrize("allow_unknown", [False, True])
def test_database_that_was_never_migrated_is_schema_unknown_for_every_request(unmigrated, connect, allow_unknown):
    _, repositories = connect(unmigrated, allow_unknown=allow_unknown)
    for name, request in REQUESTS.items():
        with pytest.raises(SchemaUnknown, match=r"airflow db migrate|allow_unknown_schema") as caught:
            request(repositories)
        assert airflow.__version__ not in caught.value.public, name


@contextmanager
def read_only(database):
    def set_read_only(connection, _):
        if DATABASE == "sqlite":
            connection.execute("PRAGMA query_only = ON")
        else:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            connection.commit()

    event.listen(database.engine, "connect", set_read_only)
    yield
    event.remove(database.engine, "connect", set_read_only)
    database.engine.dispose()


def test_read_only_database_is_not_ready_and_takes_no_writes_and_is_read(world, connect):
    world.dag("a_dag")
    database, repositories = connect(settings.engine.url)

    def write():
        database.write("a_dag", lambda session: session.execute(text("UPDATE dag SET description = 'd'")))

    with read_only(database):
        with pytest.raises(DatabaseReadOnly, match="read-only"):
            repositories.dags.ping()
        with pytest.raises(DatabaseReadOnly):
            write()
        assert [dag.dag_id for dag in repositories.dags.list(readable=None)] == ["a_dag"]
    repositories.dags.ping()
    write()


def test_readiness_writes_nothing_and_waits_for_no_writer(world, connect):
    world.dag("a_dag")
    _, repositories = connect(settings.engine.url)
    with world.sessions.begin() as session:
        session.execute(text("UPDATE dag SET description = 'd'"))
        repositories.dags.ping()
