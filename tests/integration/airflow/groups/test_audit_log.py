"""What Airflow's audit log says about groups."""

import datetime as dt
import json
from contextlib import ExitStack

import pytest
from airflow.models.log import Log
from sqlalchemy import delete, select

from airflow_run_groups.domain import CreateRuns, Denial, GroupRequest, Order, Refused, Unavailable

UTC = dt.timezone.utc


class Somebody:
    def __init__(self, name):
        self.name = name
        self.display_name = name and f"{name} of the shown name"

    def readable_dag_ids(self, dag_id=None):
        return None

    def may_create_runs(self, dag_id):
        return True


@pytest.fixture
def create(world):
    world.dag("a_dag", start_date=dt.datetime(2024, 1, 1, tzinfo=UTC))
    with world.sessions.begin() as session:
        session.execute(delete(Log))

    def create(day, *, name="Ada", dry_run=False, **more):
        request = GroupRequest(
            dag_id="a_dag",
            prefix="p",
            start_date=dt.datetime(2024, 1, 1, tzinfo=UTC),
            end_date=dt.datetime(2024, 1, day, tzinfo=UTC),
            **more,
        )
        create_runs = CreateRuns(world.runs, lambda: dt.datetime(2024, 6, 1, tzinfo=UTC))
        return (create_runs.plan if dry_run else create_runs.create)(request, Somebody(name))

    return create


def entries(world):
    with world.sessions() as session:
        return session.scalars(select(Log).order_by(Log.id)).all()


def test_a_group_is_one_entry_under_the_event_of_airflows_own_trigger(world, create):
    create(2)
    create(4, conf={"password": "secret"})
    _, entry = entries(world)
    assert (entry.event, entry.dag_id, entry.run_id) == ("trigger_dag_run", "a_dag", None)
    assert (entry.owner, entry.owner_display_name) == ("Ada", "Ada of the shown name")
    assert json.loads(entry.extra) == {
        "prefix": "p",
        "dag_runs": 2,
        "first_logical_date": "2024-01-03T00:00:00+00:00",
        "last_logical_date": "2024-01-04T00:00:00+00:00",
        "existing": 2,
    }


def test_a_group_in_any_order_is_told_by_its_first_and_last_date(world, create):
    create(3, order=Order.DESC)
    (entry,) = entries(world)
    told = json.loads(entry.extra)
    assert (told["first_logical_date"][:10], told["last_logical_date"][:10]) == ("2024-01-01", "2024-01-03")


def test_who_has_no_name_is_anonymous(world, create):
    create(1, name=None)
    assert [(entry.owner, entry.owner_display_name) for entry in entries(world)] == [("anonymous", None)]


def test_nothing_created_is_no_entry(world, create):
    create(3)
    create(3)
    create(4, dry_run=True)
    with pytest.raises(Refused):
        create(9, limit=2)
    assert len(entries(world)) == 1


def test_the_entry_and_the_group_come_into_being_together(world, create, monkeypatch):
    def fail(*_):
        reason = "the database is gone"
        raise OSError(reason)

    monkeypatch.setattr("airflow_run_groups.adapters.airflow.writing.runs._audit", fail)
    with pytest.raises(OSError, match="gone"):
        create(3)
    assert world.count_runs() == 0
    assert entries(world) == []


def test_a_refusal_is_an_entry_of_its_own_that_shows_nothing_of_what_was_sent(world, create):
    world.audit.denied(
        Denial(caller="Ada", dag_id="a_dag", request="POST /api/v1/dag_runs", reason="you may not create runs")
    )
    (entry,) = entries(world)
    assert (entry.event, entry.dag_id, entry.run_id) == ("forbidden", "a_dag", None)
    assert (entry.owner, entry.owner_display_name) == ("Ada", "Ada")
    assert json.loads(entry.extra) == {"request": "POST /api/v1/dag_runs", "reason": "you may not create runs"}


def test_a_refusal_of_somebody_without_a_name_is_anonymous(world, create):
    world.audit.denied(Denial(caller=None, dag_id=None, request="POST /", reason="no"))
    assert [(entry.owner, entry.owner_display_name) for entry in entries(world)] == [("anonymous", None)]


def test_a_denial_is_unavailable_while_the_database_is_away(world, monkeypatch):
    engine = world.backend.database.engine

    def fail(*_, **__):
        raise engine.dialect.dbapi.OperationalError

    engine.dispose()
    monkeypatch.setattr(engine.dialect, "connect", fail)
    with pytest.raises(Unavailable, match="does not respond"):
        world.audit.denied(Denial(caller="Ada", dag_id=None, request="POST /", reason="no"))


def test_a_denial_waits_for_a_connection_as_long_as_a_request_does_and_no_longer(world, create):
    denial = Denial(caller="Ada", dag_id=None, request="POST /", reason="no")
    engine = world.backend.database.engine
    with ExitStack() as stack:
        first, *_ = [stack.enter_context(engine.connect()) for _ in range(engine.pool.size())]
        with pytest.raises(Unavailable, match="too busy"):
            world.audit.denied(denial)
        first.close()
        world.audit.denied(denial)
    assert world.denials() == [denial]


def test_a_denial_does_not_queue_behind_a_creation_of_this_process(world, create):
    denial = Denial(caller="Ada", dag_id="a_dag", request="POST /", reason="no")
    database = world.backend.database
    queues = database._queues  # noqa: SLF001 - as if each had a writer that waits for something else
    with queues.turn("a_dag", seconds=1), queues.turn("", seconds=1):
        world.audit.denied(denial)
    assert world.denials() == [denial]


def test_a_denial_waits_for_the_databases_locks_for_a_second_or_two(world, create):
    """On PostgreSQL nothing locks the table in practice; on SQLite every writer locks the database."""
    with world.sessions() as other:
        if other.get_bind().dialect.name == "sqlite":
            other.connection().exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.connection().exec_driver_sql("LOCK TABLE log IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unavailable, match="too busy"):
            world.audit.denied(Denial(caller="Ada", dag_id=None, request="POST /", reason="no"))
    assert world.denials() == []
