"""Where Airflow's auth manager uses Airflow's own engine for us, a connection lost in silence costs one request, not all."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from airflow_run_groups.adapters.airflow.database.guard import Guard
from airflow_run_groups.domain import Unavailable
from tests.integration.faults.client import SLACK

pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")

SECONDS = 1
LOOK = b"SELECT 42"
"""What the auth manager sends, and no ping."""


def mute(link):
    link.mute = True


@pytest.fixture
def engine(proxy, dags):
    """Provide an engine as Airflow's is, whose way to the database can fall silent."""
    engine = create_engine(f"postgresql+psycopg2://postgres@127.0.0.1:{proxy.port}/postgres", pool_pre_ping=True)
    yield engine
    proxy.heal()
    engine.dispose()


class Manager:
    """An auth manager that looks into the database for each token, as for those that were revoked, and for each DAG."""

    def __init__(self, engine):
        self.engine = engine

    def look(self):
        with self.engine.connect() as connection:
            return connection.execute(text(LOOK.decode())).scalar()

    async def get_user_from_token(self, token):
        return self.look()

    def is_authorized_dag(self, **_):
        return bool(self.look())


@pytest.fixture
def guard(engine):
    return Guard(engine, SECONDS)


@pytest.fixture
def users(engine, guard, monkeypatch):
    from airflow_run_groups.adapters.airflow.auth import AirflowUsers  # noqa: PLC0415 - loads Airflow's API server

    monkeypatch.setattr("airflow_run_groups.adapters.airflow.auth.guard_of", lambda *_, **__: guard)
    return AirflowUsers(Manager(engine), frozenset)


def in_time(work):
    """Do it in a thread, and fail when it does not come back."""
    threads = ThreadPoolExecutor(1)
    try:
        return threads.submit(work).result(timeout=SECONDS + SLACK)
    finally:
        threads.shutdown(wait=False)


def test_a_connection_lost_in_silence_is_one_503_and_not_all(users, proxy):
    proxy.trap(LOOK, mute)
    with pytest.raises(Unavailable):
        in_time(lambda: users.identify("any"))
    user = in_time(lambda: users.identify("any"))
    assert in_time(lambda: user.may_create_runs("a_dag"))


def test_permissions_are_not_waited_for_for_ever(users, proxy):
    user = users.identify("any")
    proxy.trap(LOOK, mute)
    with pytest.raises(Unavailable):
        in_time(lambda: user.may_create_runs("a_dag"))
    assert in_time(lambda: user.may_create_runs("a_dag"))


def test_a_connection_lost_while_it_was_idle_is_replaced(users, proxy):
    users.identify("any")
    proxy.mute()
    assert in_time(lambda: users.identify("any"))


def test_other_threads_use_the_engine_without_a_deadline(guard, engine):
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT 1 FROM pg_sleep({SECONDS + 1})")).scalar() == 1


def test_a_use_by_the_auth_manager_has_one(guard, engine):
    with pytest.raises(OperationalError), guard.active(), engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))
