"""The role in the database that docs/deployment.md gives the service suffices for all that it does, and for nothing else."""

import datetime as dt

import pytest
from airflow import settings
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskreschedule import TaskReschedule
from sqlalchemy import make_url, select, text, update

from airflow_run_groups.adapters.airflow.database.schema import Schema
from airflow_run_groups.adapters.airflow.database.session import Database
from airflow_run_groups.adapters.airflow.repositories.dags import AirflowDagRepository
from airflow_run_groups.domain import InsufficientPrivilege
from airflow_run_groups.entrypoints.settings import Settings
from tests.documents import Document
from tests.integration.airflow.processes import service

UTC = dt.timezone.utc
GROUP = "/api/v1/groups/a_dag/g"


@pytest.fixture
def role(world):
    """The role of the document, in the database."""
    with world.sessions.begin() as session:
        session.execute(text(Document("docs/deployment.md").block("role")))
    yield "airflow_groups"
    with world.sessions.begin() as session:
        session.execute(text("DROP OWNED BY airflow_groups; DROP ROLE airflow_groups"))


@pytest.fixture
def client(role, tmp_path):
    """A client of a service that has the database under this role."""
    url = make_url(str(settings.SQL_ALCHEMY_CONN)).set(username=role).render_as_string(hide_password=False)
    with service(tmp_path / "service.log", environment={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}) as server:
        yield server.client


def test_every_endpoint_works_under_the_role(world, client):
    world.dag("a_dag", tasks=2, start_date=dt.datetime(2020, 1, 1, tzinfo=UTC))

    def post(path, **body):
        answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        response = answer.json()["response"]
        if response.get("next_start") is not None and "limit" not in body:  # a busy machine ends a step early
            response["dag_run_ids"] += post(path, **{**body, "start": response["next_start"]})["dag_run_ids"]
        return response

    group = {"dag_id": "a_dag", "prefix": "g", "start_date": "2020-01-01", "end_date": "2020-01-04"}
    assert len(post("/api/v1/dag_runs", **group, note="a note", dry_run=True)["dag_run_ids"]) == 4
    created = post("/api/v1/dag_runs", **group, note="a note")["dag_run_ids"]
    assert len(created) == 4
    assert post(f"{GROUP}/note", note="another note")["dag_run_ids"] == created
    for wishes in ({"max_active_runs": 2, "paused": True, "order": "desc"}, {"paused": False, "max_active_runs": None}):
        answer = client.patch(GROUP, json=wishes)
        assert answer.status_code == 200, answer.text
        assert answer.json()["response"]["changed_runs"] == 4
    assert post(f"{GROUP}/cancel", limit=2)["dag_run_ids"] == created[:2]
    _let_fail(world, created[2])
    assert post(f"{GROUP}/retry")["dag_run_ids"] == created[:3]
    assert post(f"{GROUP}/cancel", running=True)["dag_run_ids"] == created
    assert post(f"{GROUP}/retry", which="all")["dag_run_ids"] == created
    for path in ("/health/ready", "/api/v1/dags", "/api/v1/dag_runs?prefix=g_", "/api/v1/groups?dag_id=a_dag", GROUP):
        assert client.get(path).status_code == 200, path


def _let_fail(world, run_id):
    """Leave of a run what Airflow leaves of one whose tasks were tried, put off, and failed."""
    now = dt.datetime.now(UTC)
    with world.sessions.begin() as session:
        session.execute(text("UPDATE dag_run SET state = 'failed' WHERE run_id = :run_id"), {"run_id": run_id})
        of_run = TaskInstance.run_id == run_id
        session.execute(update(TaskInstance).where(of_run).values(state="failed", try_number=1, start_date=now))
        for task in session.scalars(select(TaskInstance).where(of_run)):
            session.add(TaskReschedule(ti_id=task.id, start_date=now, end_date=now, reschedule_date=now))


@pytest.fixture
def database(role):
    """The database under this role, as the service uses it."""
    url = make_url(str(settings.SQL_ALCHEMY_CONN)).set(username=role).render_as_string(hide_password=False)
    database = Database(url, Settings().database)
    yield database
    database.engine.dispose()


@pytest.mark.parametrize(
    ("privilege", "on"),
    [
        ("INSERT", "dag_run"),
        ("INSERT", "task_instance"),
        ("INSERT", "log"),
        ("UPDATE", "dag"),
        ("USAGE", "SEQUENCE dag_run_id_seq"),
        ("USAGE", "SEQUENCE log_id_seq"),
    ],
)
def test_role_that_cannot_create_runs_is_not_ready_and_says_what_it_lacks(world, role, database, privilege, on):
    dags = AirflowDagRepository(database, Schema(allow_unknown=False))
    dags.ping()
    with world.sessions.begin() as session:
        session.execute(text(f"REVOKE {privilege} ON {on} FROM {role}"))
    table = on.removeprefix("SEQUENCE ").removesuffix("_id_seq")
    with pytest.raises(InsufficientPrivilege, match=f"it lacks {privilege} on .*{table}: docs/deployment.md"):
        dags.ping()


@pytest.mark.parametrize("statement", ["UPDATE connection SET host = ''", "INSERT INTO dag_tag VALUES ('a', 'b')"])
def test_statement_that_the_role_may_not_send_is_insufficient_privilege(database, statement):
    with pytest.raises(InsufficientPrivilege, match="has its grants"):
        database.write(None, lambda session: session.execute(text(statement)))


@pytest.mark.parametrize(
    "statement", ["DELETE FROM dag_run", "UPDATE connection SET host = ''", "CREATE TABLE t (a INT)"]
)
def test_the_role_may_do_no_more(world, role, statement):
    with world.sessions() as session:
        session.execute(text(f"SET ROLE {role}"))
        with pytest.raises(Exception, match="permission denied"):
            session.execute(text(statement))
        session.rollback()
        session.execute(text("RESET ROLE"))
