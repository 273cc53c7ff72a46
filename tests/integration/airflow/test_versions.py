"""Which versions of Airflow the backend starts with, and into which databases it writes."""

import pytest
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import create_engine, text

from airflow_run_groups.adapters.airflow import compat, configuration, connect
from airflow_run_groups.adapters.airflow.compat import UnsupportedAirflow, doubt_about, minor_of
from airflow_run_groups.adapters.airflow.database import schema
from airflow_run_groups.adapters.airflow.database.schema import REVISIONS, Schema, has_migration, left_empty
from airflow_run_groups.domain import Unavailable
from airflow_run_groups.entrypoints.settings import Settings, SettingsError, read_settings
from tests.integration.airflow import versions


@pytest.mark.parametrize(
    ("version", "minor"), [("3.0.6", (3, 0)), ("3.10.1", (3, 10)), ("3.2.0b1", (3, 2)), ("4.0.0.dev0", (4, 0))]
)
def test_a_minor_is_the_first_two_numbers_of_a_version(version, minor):
    assert minor_of(version) == minor


@pytest.mark.parametrize("version", ["2.11.0", "2.0.0", "1.10.15"])
def test_an_airflow_that_is_too_old_is_refused_by_its_version(version):
    with pytest.raises(UnsupportedAirflow, match=f"needs Airflow 3.0 or newer.*{version}"):
        doubt_about(version)


@pytest.mark.parametrize("version", ["3.0.6", "3.1.8", "3.2.2", "3.3.0", "3.3.99", "3.4.0b2", "3.4.0rc1", "3.4.0"])
def test_there_is_no_doubt_about_a_version_that_was_compared(version):
    assert doubt_about(version) is None


@pytest.mark.parametrize("version", ["3.5.0", "3.10.0", "4.0.0rc1"])
def test_there_is_a_doubt_about_a_newer_version(version):
    assert f"not with {version}" in doubt_about(version)


def test_a_doubt_is_logged_when_the_service_starts(monkeypatch, caplog):
    monkeypatch.setattr(compat, "PROVED_MINORS", {(3, 99)})
    connect(Settings().database, allow_unknown_schema=False)
    assert f"tried with Airflow 3.99, and not with {compat.VERSION}" in caplog.text


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
        Schema(allow_unknown=False).require_known(session.connection())


def test_the_revision_of_the_installed_airflow_is_one_that_was_tried(world):
    with world.sessions() as session:
        (revision,) = session.scalars(text("SELECT version_num FROM alembic_version"))
    assert revision in REVISIONS
    assert has_migration(revision)
    assert not has_migration("d2f4e1b3c5a")


class Changed:
    """A database of the installed Airflow that something else has changed since; it is looked at each time."""

    def __init__(self, connection):
        self.connection = connection
        for mapped in schema.WRITTEN:
            columns = ", ".join(f'"{name}" VARCHAR' for name in mapped.c.keys())  # noqa: SIM118 - SQLAlchemy's names
            self.do(f"CREATE TABLE {mapped.name} ({columns})")
        self.do("CREATE TABLE alembic_version (version_num VARCHAR NOT NULL)")
        self.do("INSERT INTO alembic_version VALUES ('d2f4e1b3c5a7')")
        self.now = 0.0
        self.schema = Schema(allow_unknown=False, clock=lambda: self.now)

    def do(self, statement):
        self.connection.execute(text(statement))

    def migrate(self, revision="0123456789ab"):
        self.do(f"UPDATE alembic_version SET version_num = '{revision}'")

    def require(self, schema=None):
        (schema or self.schema).require_known(self.connection)


@pytest.fixture
def changed():
    engine = create_engine("sqlite://", **compat.ENGINE_OPTIONS)
    with engine.connect() as connection:
        yield Changed(connection)
    engine.dispose()


def test_a_revision_that_nobody_knows_is_refused_unless_it_is_allowed(changed, caplog):
    changed.require()
    changed.migrate()
    changed.now += 61
    for _ in range(3):
        with pytest.raises(Unavailable, match=r"revision 0123456789ab, which neither .* allow_unknown_schema = true$"):
            changed.require()
    assert caplog.text.count("no runs are created") == 1
    changed.require(Schema(allow_unknown=True))
    changed.migrate("1d6611b6ab7c")
    changed.require()


def test_an_upgrade_is_noticed_within_a_minute_and_not_looked_for_at_each_request(changed):
    changed.require()
    changed.migrate()
    changed.now += 59
    changed.require()
    changed.now += 2
    with pytest.raises(Unavailable):
        changed.require()


def test_a_database_without_a_revision_is_not_known(changed):
    changed.do("DELETE FROM alembic_version")
    with pytest.raises(Unavailable, match=r"revision \(none\)"):
        changed.require()


def test_nothing_is_written_into_a_database_that_requires_more_than_the_installed_airflow_knows(changed):
    changed.do("ALTER TABLE task_instance RENAME TO old")
    changed.do("CREATE TABLE task_instance AS SELECT * FROM old WHERE 1 = 0")
    changed.require(Schema(allow_unknown=False))
    changed.do("DROP TABLE task_instance")
    columns = ", ".join(f'"{name}" VARCHAR' for name in TaskInstance.__table__.c.keys())  # noqa: SIM118 - as above
    changed.do(f"CREATE TABLE task_instance ({columns}, novel VARCHAR NOT NULL)")
    for one in (Schema(allow_unknown=False), Schema(allow_unknown=True)):
        with pytest.raises(Unavailable, match=r"know: task_instance\.novel\."):
            changed.require(one)


def test_nothing_is_written_into_a_database_that_has_less_than_the_installed_airflow_writes(changed):
    changed.do("ALTER TABLE dag_run RENAME COLUMN run_after TO later")
    with pytest.raises(Unavailable, match=r"writes: dag_run\.run_after\. Migrate it"):
        changed.require()


def test_nothing_is_written_into_a_database_that_lacks_a_table(changed):
    changed.do(f"DROP TABLE {schema.WRITTEN[-1].name}")
    with pytest.raises(Unavailable, match=rf"lacks the table {schema.WRITTEN[-1].name}\. Migrate it"):
        changed.require()


def test_while_the_schema_is_not_known_the_service_is_not_ready_and_creates_nothing_but_reads(world, monkeypatch):
    world.dag("a_dag")
    monkeypatch.setattr(schema, "REVISIONS", {})
    monkeypatch.setattr(schema, "has_migration", lambda revision: False)
    backend, allowing = (connect(Settings().database, allow_unknown_schema=allowed) for allowed in (False, True))
    with pytest.raises(Unavailable, match="neither this service"):
        backend.dags.ping()
    with pytest.raises(Unavailable, match="neither this service"):
        backend.runs.transaction("a_dag", lambda dag: pytest.fail("a plan is made"))
    assert "a_dag" in [dag.dag_id for dag in backend.dags.list(readable=None)]
    allowing.dags.ping()
    for one in (backend, allowing):
        one.database.engine.dispose()


@pytest.mark.parametrize(("creators", "error"), [(True, None), (False, "needs Airflow 3.1 or newer")])
def test_a_limit_for_callers_needs_an_airflow_that_knows_creators(monkeypatch, creators, error):
    assert configuration.knows_creators() is versions.USER_OF_THE_TRIGGER
    monkeypatch.setattr(configuration, "knows_creators", lambda: creators)
    environ = {"AIRFLOW__AIRFLOW_API_PLUGIN__MAX_UNFINISHED_RUNS_PER_CALLER": "10"}
    if error is None:
        assert read_settings(environ).max_unfinished_runs_per_caller == 10
    else:
        with pytest.raises(SettingsError, match=error):
            read_settings(environ)
