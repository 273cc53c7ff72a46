"""The example DAGs under Airflow's own scheduler, triggerer and API server, and what happens when some of them are away."""

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from airflow.models.connection import Connection
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import delete, select, update

from tests.integration.airflow.conftest import HOME, empty_world
from tests.integration.airflow.processes import Process, airflow, free_port, service, wait_until

ROOT = Path(__file__).parents[3]
FLAGS = HOME / "flags"
FILES = [
    ROOT / "examples" / "dags" / "example_run_group.py",
    ROOT / "examples" / "dags" / "example_date_after_date.py",
    Path(__file__).with_name("dags") / "from_a_dag.py",
]
DAG_IDS = {"example_run_group", "example_date_after_date", "example_report", "example_daily", "wait_in_triggerer"}
ENVIRONMENT = {
    "AIRFLOW__CORE__PARALLELISM": "8",
    "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEARTBEAT_SEC": "1",
}


@pytest.fixture(scope="module")
def world(_migrated):
    with empty_world() as world:
        yield world


class Site:
    """An Airflow, and our service, of which parts can be taken away."""

    def __init__(self, folder, world, api):
        self.world = world
        self._folder = folder
        self._api = api
        self._port = free_port()
        self._connection = f"http://127.0.0.1:{self._port}"

    @contextmanager
    def triggerer(self):
        """Run the triggerer; it is killed at the end, as by a machine that fails."""
        process = Process(
            *(sys.executable, "-m", "airflow", "triggerer", "--skip-serve-logs"),
            log=self._folder / "triggerer.log",
            environment=self._api.environment,
        )
        try:
            yield process
            process.check()
        finally:
            process.kill()

    @contextmanager
    def service(self):
        with service(self._folder / "service.log", port=self._port) as server:
            yield server

    def connect(self):
        with self.world.sessions.begin() as session:
            session.execute(delete(Connection))
            session.add(
                Connection(conn_id="airflow_run_groups_default", conn_type="airflow_run_groups", host=self._connection)
            )

    def trigger(self, server, dag_id, **conf):
        """Create one run of a DAG with this conf, and return its id."""
        answer = server.client.post("/api/v1/dag_runs", json={"dag_id": dag_id, "prefix": "proof", "conf": conf})
        assert answer.status_code == 200, answer.text
        (run_id,) = answer.json()["response"]["dag_run_ids"]
        return run_id

    def state(self, dag_id, run_id):
        with self.world.sessions() as session:
            return str(session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)))

    def wait_for(self, dag_id, run_id, state):
        """Wait until a run has ended; it has to end like this."""
        what = f"the end of {run_id} of {dag_id}"
        wait_until(lambda: self.state(dag_id, run_id) in {"success", "failed"}, seconds=420, what=what)
        assert self.state(dag_id, run_id) == state, f"{self.tasks(dag_id, run_id)}\n{self.logs(dag_id)}"

    def tasks(self, dag_id, run_id):
        """Return the states of the tasks of a run: of a mapped one by index."""
        query = select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
            TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
        )
        with self.world.sessions() as session:
            return {
                task_id if index < 0 else (task_id, index): state and str(state)
                for task_id, index, state in session.execute(query)
            }

    def xcom(self, dag_id, run_id, task_id, key="return_value"):
        query = select(XComModel).where(
            XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.task_id == task_id, XComModel.key == key
        )
        with self.world.sessions() as session:
            return XComModel.deserialize_value(session.scalars(query).one())

    def runs(self, dag_id, prefix):
        """Return the states of the runs of a group by their dates."""
        query = select(DagRun.logical_date, DagRun.state).where(
            DagRun.dag_id == dag_id, DagRun.run_id.startswith(f"{prefix}_")
        )
        with self.world.sessions() as session:
            return {date.date().isoformat(): str(state) for date, state in session.execute(query)}

    def logs(self, dag_id, task_id="*"):
        """Return what tasks, and the triggers that they wait for, have logged."""
        folder = HOME / "logs" / f"dag_id={dag_id}"
        return "\n".join(path.read_text() for path in folder.glob(f"run_id=*/task_id={task_id}/**/*.log*"))


@pytest.fixture(scope="module")
def site(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("airflow")
    FLAGS.mkdir(exist_ok=True)
    for file in FILES:
        shutil.copy(file, HOME / "dags")
    with airflow(folder, ENVIRONMENT) as api:
        site = Site(folder, world, api)
        site.connect()
        with site.service() as server:
            wait_until(
                lambda: (
                    {dag["dag_id"] for dag in server.client.get("/api/v1/dags").json()["response"]["dags"]} >= DAG_IDS
                ),
                seconds=240,
                what="the DAGs in our list",
            )
        with world.sessions.begin() as session:
            session.execute(update(DagModel.__table__).values(is_paused=False))
        yield site
        for flag in FLAGS.iterdir():  # the scheduler waits for the tasks that wait for it
            flag.unlink()
    for file in FILES:
        (HOME / "dags" / file.name).unlink()


@pytest.fixture
def server(site):
    with site.triggerer(), site.service() as server:
        yield server
    for flag in FLAGS.iterdir():
        flag.unlink()


def test_the_example_creates_a_group_in_slices_and_publishes_when_all_has_succeeded(site, server):
    run_id = site.trigger(server, "example_run_group", prefix="good", from_date="2020-02-01", to_date="2020-02-25")
    site.wait_for("example_run_group", run_id, "success")
    assert site.tasks("example_run_group", run_id) == {
        **{("create", index): "success" for index in range(3)},
        "plan": "success",
        "wait": "success",
        "decide": "success",
        "publish": "success",
        "report": "skipped",
    }
    runs = site.runs("example_daily", "good")
    assert (len(runs), set(runs.values())) == (25, {"success"})
    link = site.xcom("example_run_group", run_id, "wait", "_link_RunGroupLink")
    assert link == f"{server.url}/api/v1/ui/?dag=example_daily&group=good"


def test_the_example_reports_the_dates_that_failed(site, server):
    for date in ("2020-04-02", "2020-04-04"):
        (FLAGS / f"fail_{date}").touch()
    run_id = site.trigger(server, "example_run_group", prefix="bad", from_date="2020-04-01", to_date="2020-04-05")
    site.wait_for("example_run_group", run_id, "success")
    tasks = site.tasks("example_run_group", run_id)
    assert (tasks["publish"], tasks["report"]) == ("skipped", "success")
    assert site.xcom("example_run_group", run_id, "report") == ["2020-04-02T00:00:00Z", "2020-04-04T00:00:00Z"]


def test_a_date_that_fails_holds_only_what_follows_it(site, server):
    (FLAGS / "fail_2020-03-02").touch()
    run_id = site.trigger(server, "example_date_after_date", dates=["2020-03-01", "2020-03-02", "2020-03-03"])
    site.wait_for("example_date_after_date", run_id, "failed")
    tasks = site.tasks("example_date_after_date", run_id)
    assert [tasks["follow.loaded", index] for index in range(3)] == ["success", "failed", "success"]
    assert [tasks["follow.report", index] for index in range(3)] == ["success", "upstream_failed", "success"]
    wait_until(
        lambda: site.runs("example_report", "date_after_date") == {"2020-03-01": "success", "2020-03-03": "success"},
        seconds=120,
        what="the reports of the dates that succeeded",
    )
    assert "the run of 2020-03-02 of group 'date_after_date' of DAG 'example_daily' is failed" in site.logs(
        "example_date_after_date", "follow.loaded"
    )


def test_a_deferred_sensor_outlives_the_triggerer_and_the_service(site):
    (FLAGS / "hold").touch()

    def wait_is(state):
        return site.tasks("wait_in_triggerer", run_id)["wait"] == state

    with site.triggerer(), site.service() as server:
        run_id = site.trigger(server, "wait_in_triggerer", prefix="outlived")
        wait_until(lambda: wait_is("deferred"), seconds=120, what="the deferred sensor")
    with site.triggerer():  # a new one, while the service is away
        wait_until(
            lambda: "does not respond" in site.logs("wait_in_triggerer", "wait"),
            seconds=120,
            what="a request in vain",
        )
    assert wait_is("deferred")
    (FLAGS / "hold").unlink()
    with site.service(), site.triggerer():
        site.wait_for("wait_in_triggerer", run_id, "success")
    assert set(site.runs("example_daily", "outlived").values()) == {"success"}


def test_a_failed_group_fails_the_deferred_sensor_with_its_dates(site, server):
    for date in ("2020-06-01", "2020-06-03"):
        (FLAGS / f"fail_{date}").touch()
    run_id = site.trigger(server, "wait_in_triggerer", prefix="failing", month="2020-06")
    site.wait_for("wait_in_triggerer", run_id, "failed")
    tasks = site.tasks("wait_in_triggerer", run_id)
    assert tasks == {"create": "success", "wait": "failed"}, site.logs("wait_in_triggerer", "create")
    assert (
        "2 of 3 runs of group 'failing' of DAG 'example_daily' are failed: 2020-06-01T00:00:00Z, 2020-06-03T00:00:00Z"
    ) in site.logs("wait_in_triggerer", "wait")
