"""What is broken about one DAG is said about that DAG, and every other DAG and the lists go on working."""

import datetime as dt
import importlib

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import update


@pytest.fixture
def timetables(dags):
    """Return the plugin's module as Airflow has loaded it."""
    return importlib.import_module("broken_timetables")


@pytest.fixture
def others_go_on(client, server, dags):
    """See, after the test, that nothing was written for the broken DAG, and that the rest works."""
    yield
    assert dags.count_runs() == 0
    assert client.post(dag_id="other")[0] == 200
    assert client.get()[0] == 200
    listed = server.client.get("/api/v1/dags").json()["response"]["dags"]
    assert {"a_dag", "other"} <= {dag["dag_id"] for dag in listed}
    dags.clear_runs()


@pytest.mark.usefixtures("others_go_on")
class TestADagWhose:
    @pytest.mark.parametrize(
        ("timetable", "reason"),
        [
            ("RaisesHalfway", "ConnectionError: the calendar service is down"),
            ("RaisesAtLength", "xxx… (2000000 characters)"),
            ("RaisesWithoutWords", "Mute: (its text cannot be read: KeyError)"),
            ("StandsStill", "does not advance beyond 2024-01-01"),
            ("GoesBack", "does not advance beyond 2024-01-01"),
        ],
    )
    def test_timetable_fails_halfway_is_refused_with_its_reason(self, client, dags, timetables, timetable, reason):
        dags.dag(schedule=getattr(timetables, timetable)())
        status, _, answer = client.post()
        assert status == 400
        assert reason in answer["error"]
        assert len(answer["error"]) < 1000

    def test_timetable_has_no_interval_for_a_manual_run_is_refused(self, client, dags, timetables):
        dags.dag(schedule=timetables.RaisesForManualRuns())
        status, _, answer = client.post(start=None)
        assert status == 400
        assert "NotImplementedError" in answer["error"]

    def test_timetable_is_not_installed_here_is_refused(self, client, dags):
        dags.dag()
        change(dags, lambda dag: dag["timetable"].update(__type="company.timetables.Lunar"))
        status, _, answer = client.post()
        assert status == 400
        assert "Lunar" in answer["error"]

    @pytest.mark.parametrize("what", ["tasks", "timetable"])
    def test_serialized_form_lacks_a_part_is_refused(self, client, dags, what):
        dags.dag()
        change(dags, lambda dag: dag.pop(what))
        status, _, answer = client.post()
        assert status == 400
        assert "a_dag" in answer["error"]

    def test_serialized_form_is_no_dag_at_all_is_refused(self, client, dags):
        dags.dag()
        write(dags, {"__version": 3, "dag": "nonsense"})
        status, _, answer = client.post()
        assert status == 400
        assert "a_dag" in answer["error"]

    def test_serialized_form_is_of_a_version_to_come_is_refused(self, client, dags):
        dags.dag()
        write(dags, {"__version": 99, "dag": {}})
        status, _, answer = client.post()
        assert status == 400
        assert "a_dag" in answer["error"]

    def test_timetable_cannot_be_read_back_is_refused(self, client, dags, timetables, monkeypatch):
        monkeypatch.setattr(timetables.CannotBeReadBack, "deserialize", classmethod(lambda cls, data: cls()))
        dags.dag(schedule=timetables.CannotBeReadBack())
        status, _, answer = client.post()
        assert status == 400
        assert "cannot read DAG 'a_dag'" in answer["error"]


@pytest.mark.parametrize(
    "broken",
    [
        {"triggered_by": "a_robot"},
        {"run_type": "quantum"},
        {"state": "limbo"},
        {"logical_date": None},
        {"start_date": None},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_a_run_with_a_value_of_a_version_to_come_is_listed_and_does_not_stop_a_batch(client, server, dags, broken):
    dags.run("a_dag", "odd")
    with dags.sessions.begin() as session:
        table = DagRun.__table__
        session.execute(update(table).where(table.c.run_id == "odd").values(broken))
    assert [run["run_id"] for run in client.get()[2]["dag_runs"]] == ["odd"]
    assert server.client.get("/api/v1/dag_runs/odd").status_code == 200
    assert client.post()[0] == 200
    dags.clear_runs()


def test_a_plan_shows_a_run_in_a_state_of_a_version_to_come(client, dags):
    dags.run("a_dag", "odd", logical_date=dt.datetime(2024, 1, 3, tzinfo=dt.timezone.utc))
    with dags.sessions.begin() as session:
        session.execute(update(DagRun.__table__).values(state="limbo"))
    status, _, answer = client.post(dry_run=True)
    assert status == 200
    assert [date["state"] for date in answer["plan"] if date["action"] == "exists"] == ["limbo"]
    dags.clear_runs()


def change(world, change):
    with world.sessions() as session:
        data = SerializedDagModel.get("a_dag", session=session).data
    change(data["dag"])
    write(world, data)


def write(world, data):
    with world.sessions.begin() as session:
        table = SerializedDagModel.__table__
        session.execute(update(table).where(table.c.dag_id == "a_dag").values(data=data))
