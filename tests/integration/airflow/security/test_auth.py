"""What Airflow's auth manager says becomes a caller's name and what they may see and create."""

import asyncio
import datetime as dt
import time

import pytest
from airflow.models.dag import DagModel
from dependency_injector import providers
from falcon import testing
from sqlalchemy.exc import OperationalError

from airflow_run_groups.domain import (
    CreateRuns,
    DagNotFound,
    Forbidden,
    GroupAction,
    GroupNotFound,
    GroupRequest,
    Groups,
    Note,
    Rights,
    Unauthenticated,
    Unavailable,
)
from airflow_run_groups.entrypoints.settings import Auth, Settings
from tests.integration.airflow import versions

pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")

NOW = dt.datetime(2024, 6, 15, tzinfo=dt.timezone.utc)


@pytest.fixture(scope="module")
def manager_class():
    """Provide an auth manager under which users see DAGs, their runs, and create runs, DAG by DAG."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity  # noqa: PLC0415 - warns
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager  # noqa: PLC0415 - the same

    class PerDag(SimpleAuthManager):
        def __init__(self, *, dags="", runs="", creates="", changes="", all_runs=False):
            super().__init__()
            self.dags, self.runs, self.all_runs = dags, runs, all_runs
            self.may = {"POST": creates, "PUT": changes}
            self.asked = []

        def is_authorized_dag(self, *, method, user, access_entity=None, details=None):
            dag_id = details.id if details else None
            self.asked.append(dag_id)
            if method in self.may:
                assert access_entity is DagAccessEntity.RUN
                return dag_id in self.may[method].split()
            if access_entity is None:
                return dag_id in self.dags.split()
            assert access_entity is DagAccessEntity.RUN
            return self.all_runs or dag_id in self.runs.split()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API_AUTH__JWT_ISSUER", "airflow")  # which 3.0 cannot do without
        patch.setenv(
            "AIRFLOW__API_AUTH__JWT_SECRET", "a secret to sign tokens with, as long as one for SHA-512 has to be"
        )
        yield PerDag


@pytest.fixture
def users(world, manager_class):
    from airflow_run_groups.adapters.airflow.auth import AirflowUsers  # noqa: PLC0415 - loads Airflow's API server

    for dag_id in ("a", "b", "c"):
        world.dag(dag_id)

    def users(**rights):
        manager = manager_class(**rights)
        return AirflowUsers(manager, world.dags.ids), manager

    return users


def token(manager, **more):
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - warns

    return manager.generate_jwt(SimpleAuthManagerUser(username="Ada", role="viewer"), **more)


def test_a_token_names_a_user(users):
    known, manager = users()
    assert known.identify(token(manager)).name == "Ada"


def test_a_user_is_shown_by_the_name_that_airflow_shows(users, monkeypatch):
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - warns

    known, manager = users()
    monkeypatch.setattr(SimpleAuthManagerUser, "get_display_name", lambda user: f"{user.username} L.", raising=False)
    user = known.identify(token(manager))
    assert (user.name, user.display_name) == ("Ada", "Ada L." if versions.DISPLAY_NAMES else "Ada")


@pytest.mark.parametrize("wrong", ["", "x", "a.b.c", "\xff.\xff.\xff", "expired", "changed"])
def test_a_token_that_airflow_does_not_take_names_nobody(users, wrong):
    known, manager = users()
    sent = {"expired": token(manager, expiration_time_in_seconds=-60), "changed": token(manager)[:-4] + "AAAA"}
    with pytest.raises(Unauthenticated, match="/auth/token"):
        known.identify(sent.get(wrong, wrong))


def test_dags_are_readable_as_far_as_their_runs_are(users):
    known, manager = users(dags="a b", runs="b c")
    user = known.identify(token(manager))
    assert user.readable_dag_ids() == {"b"}
    assert [user.readable_dag_ids(dag_id) for dag_id in ("a", "b", "c", "x")] == [set(), {"b"}, set(), set()]


def test_who_sees_the_runs_of_all_dags_sees_those_of_the_dags_that_they_see(users):
    known, manager = users(dags="a b", all_runs=True)
    assert known.identify(token(manager)).readable_dag_ids() == {"a", "b"}


def test_rights_are_those_to_create_and_to_edit_runs(users):
    known, manager = users(dags="a b c", runs="a b c", creates="a c", changes="a b")
    rights = known.identify(token(manager)).rights(["a", "b", "c"])
    assert rights == {
        "a": Rights(create=True, change=True),
        "b": Rights(create=False, change=True),
        "c": Rights(create=True, change=False),
    }
    assert set(manager.asked) == {"a", "b", "c"}


def test_who_sees_the_runs_of_every_dag_needs_no_list_of_them(world, users):
    known, manager = users(dags="a b c", all_runs=True)
    assert known.identify(token(manager)).readable_dag_ids() is None
    known, manager = users(dags="a b c", runs="a b c")
    assert known.identify(token(manager)).readable_dag_ids() is None
    world.dag("d")
    assert known.identify(token(manager)).readable_dag_ids() == {"a", "b", "c"}


def test_where_there_is_no_dag_none_is_readable(world, users):
    known, manager = users(all_runs=True)
    world.clear()
    assert known.identify(token(manager)).readable_dag_ids() == frozenset()


def test_what_a_user_may_read_is_asked_once_and_what_they_may_write_each_time(users):
    known, manager = users(dags="a b", runs="a b", creates="a", changes="a")
    user = known.identify(token(manager))
    assert [user.readable_dag_ids("a"), user.readable_dag_ids()] == [{"a"}, {"a", "b"}]
    manager.dags, manager.may = "", {"POST": "", "PUT": ""}
    assert [user.readable_dag_ids("a"), user.readable_dag_ids(), user.readable_dag_ids("b")] == [
        {"a"},
        {"a", "b"},
        set(),
    ]
    assert not user.may_create_runs("a")
    assert not user.may_change_runs("a")


def test_the_end_of_a_token_is_that_of_its_claims(users):
    from airflow_run_groups.adapters.airflow.auth import end_of  # noqa: PLC0415 - loads Airflow's API server

    _, manager = users()
    before = time.time()
    end = end_of(token(manager, expiration_time_in_seconds=60))
    assert before + 58 < end <= time.time() + 60
    assert end_of("a token of another kind") is None


def test_who_asks_about_one_dag_asks_about_no_other(users):
    known, manager = users(dags="a b", runs="a b")
    known.identify(token(manager)).readable_dag_ids("a")
    assert set(manager.asked) == {"a"}


def test_a_group_is_created_where_the_user_may_and_refused_or_not_found_elsewhere(world, users):
    known, manager = users(dags="a b", runs="a b", creates="a c")
    user = known.identify(token(manager))
    create = CreateRuns(world.runs, lambda: NOW).create
    assert len(create(GroupRequest(dag_id="a"), user).runs) == 1
    with pytest.raises(Forbidden, match="you may not create runs of DAG 'b'"):
        create(GroupRequest(dag_id="b"), user)
    with pytest.raises(DagNotFound):
        create(GroupRequest(dag_id="c"), user)
    assert world.count_runs() == 1


def test_a_group_is_steered_where_the_user_may_edit_runs_and_refused_or_not_found_elsewhere(world, users):
    known, manager = users(dags="a b", runs="a b", creates="a b c", changes="a c")
    user = known.identify(token(manager))
    groups = Groups(world.groups, lambda: NOW)
    for dag_id in ("a", "b", "c"):
        world.run(dag_id, "g_0000001_2021-01-01T00:00:00")

    def note(dag_id):
        return groups.apply(GroupAction(dag_id=dag_id, prefix="g", action=Note(note="n")), user)

    assert len(note("a").dag_run_ids) == 1
    with pytest.raises(Forbidden, match="you may not change runs of DAG 'b'"):
        note("b")
    with pytest.raises(GroupNotFound):
        note("c")


def test_a_manager_that_cannot_ask_its_database_is_unavailable(users, monkeypatch):
    known, manager = users(dags="a", runs="a")
    user = known.identify(token(manager))

    def fail(**_):
        statement, reason = "SELECT", "gone"
        raise OperationalError(statement, {}, Exception(reason))

    monkeypatch.setattr(manager, "is_authorized_dag", fail)
    for ask in (
        user.readable_dag_ids,
        lambda: user.readable_dag_ids("a"),
        lambda: user.may_create_runs("a"),
        lambda: user.may_change_runs("a"),
    ):
        with pytest.raises(Unavailable, match="does not respond"):
            ask()


def test_a_manager_that_does_not_answer_is_not_waited_for_for_ever(users, monkeypatch):
    known, manager = users()
    monkeypatch.setattr("airflow_run_groups.adapters.airflow.auth.TIMEOUT", 0.05)

    async def answer(_):
        await asyncio.sleep(60)

    monkeypatch.setattr(manager, "get_user_from_token", answer)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="does not respond"):
        known.identify("any")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("all_admins", "mounted", "status"), [("True", True, 403), ("False", True, 401), ("True", False, 401)]
)
def test_where_airflow_lets_everybody_in_pages_of_other_sites_are_kept_out(
    users, monkeypatch, all_admins, mounted, status
):
    from airflow_run_groups.entrypoints.container import Container  # noqa: PLC0415 - after the environment

    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", all_admins)
    container = Container(mounted=providers.Object(mounted))
    container.settings.override(providers.Object(Settings(auth=Auth.AIRFLOW, allowed_hosts=frozenset({"a.example"}))))
    client = testing.TestClient(container.app())
    headers = {"Host": "a.example", "Sec-Fetch-Site": "cross-site", "Authorization": "Bearer of-an-admin"}
    assert client.simulate_get("/api/v1/dags", headers=headers).status_code == status
    assert client.simulate_get("/api/v1/dags", headers={**headers, "Sec-Fetch-Site": "none"}).status_code == 401


def test_pages_of_the_address_that_airflow_is_configured_with_are_its_own(users, monkeypatch):
    from airflow_run_groups.entrypoints.container import Container  # noqa: PLC0415 - after the environment

    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/data")
    container = Container(mounted=providers.Object(True))  # noqa: FBT003 - the name says what it is
    container.settings.override(providers.Object(Settings(auth=Auth.NONE)))
    client = testing.TestClient(container.app())

    def status(origin):
        headers = {"Host": "127.0.0.1:8080", "Origin": origin}
        return client.simulate_post("/api/v1/dag_runs", headers=headers, body=b"{}").status_code

    assert status("https://airflow.example.com") == 400
    assert status("https://airflow.example.com:8443") == status("http://airflow.example.com") == 403


if versions.MINOR >= (3, 1):

    def test_where_there_are_teams_the_manager_is_told_whose_a_dag_is(users, monkeypatch):
        known, manager = users(dags="a", runs="a", creates="a")
        user = known.identify(token(manager))
        monkeypatch.setenv("AIRFLOW__CORE__MULTI_TEAM", "True")
        monkeypatch.setattr(DagModel, "get_team_name", staticmethod(lambda dag_id: f"team of {dag_id}"), raising=False)
        seen = []
        monkeypatch.setattr(manager, "is_authorized_dag", lambda *, details, **_: seen.append(details) or True)
        user.may_create_runs("a")
        assert [(details.id, details.team_name) for details in seen] == [("a", "team of a")]
