"""Cancel and retry beside Airflow's own "mark as failed" and "clear only failed", executed by Airflow's scheduler."""

import shutil

import pytest
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import select

from tests.integration.airflow import shapes
from tests.integration.airflow.conftest import HOME, empty_world
from tests.integration.airflow.processes import airflow, service, wait_until

AT_ONCE = 4
BATCHES = [shapes.SHAPES[first : first + AT_ONCE] for first in range(0, len(shapes.SHAPES), AT_ONCE)]
ACTIVE = {"running", "deferred", "up_for_reschedule"}
WAITING = {"scheduled", "queued", "restarting", "up_for_retry"}
HELD = {"work": "running", "sense": "up_for_reschedule", "defer": "deferred"}
"""The tasks that are held, and the state in which they wait: on SQLite, a task that is about to report it writes over a cancel."""
BRANCHED = {"other", "load", "notify", "alert"}
DATES = {"ours": "2024-01-02T00:00:00Z", "airflows": "2024-01-01T00:00:00Z"}
ALL_SHAPES = """\
# Airflow reads files that say so: a dag
from shapes import SHAPES, dag_of

for shape in SHAPES:
    globals()[shape.__name__] = dag_of(shape, schedule=None)
"""


@pytest.fixture(scope="module")
def world(_migrated):
    with empty_world() as world:
        yield world


@pytest.fixture(scope="module")
def servers(world, tmp_path_factory):  # which is empty before the DAGs come
    shutil.copy(shapes.__file__, HOME / "dags")
    (HOME / "dags" / "all_shapes.py").write_text(ALL_SHAPES)
    shapes.HOLD.touch()
    folder = tmp_path_factory.mktemp("airflow")
    names = {shape.__name__ for shape in shapes.SHAPES}
    with airflow(folder, {"AIRFLOW__CORE__PARALLELISM": "16"}) as api, service(folder / "service.log") as ours:
        token = api.client.get("/auth/token").json()["access_token"]
        api.client.headers["Authorization"] = f"Bearer {token}"

        def dag_ids():
            return {dag["dag_id"] for dag in ours.client.get("/api/v1/dags").json()["response"]["dags"]}

        wait_until(lambda: dag_ids() >= names, seconds=240, what="the DAGs in our list")
        yield ours, api
        shapes.HOLD.unlink(missing_ok=True)


class Pair:
    """Two runs of a DAG, of which one is ours to cancel, and the other Airflow's; one where the second would wait for it."""

    def __init__(self, servers, world, shape):
        self._ours, self._api = servers
        self._world = world
        self.shape = shape
        self.dag_id = shape.__name__
        self.has_two = shape is not shapes.in_sequence
        self.run_ids = {prefix: self._create(prefix) for prefix in (["airflows"] if self.has_two else []) + ["ours"]}

    def _create(self, prefix):
        body = {"dag_id": self.dag_id, "prefix": prefix, "dates": [DATES[prefix]]}
        answer = self._ours.client.post("/api/v1/dag_runs", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["response"]["dag_run_ids"][0]

    def states(self, prefix):
        query = select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
            TaskInstance.dag_id == self.dag_id, TaskInstance.run_id == self.run_ids[prefix]
        )
        with self._world.sessions() as session:
            return {(task_id, index): state and str(state) for task_id, index, state in session.execute(query)}

    def is_held(self):
        return all(self._is_held(prefix) for prefix in self.run_ids)

    def _is_held(self, prefix):
        states = self.states(prefix)
        active = [(task_id, state) for (task_id, _), state in states.items() if state in ACTIVE]
        waits = any(state in WAITING for state in states.values())
        return (
            bool(active)
            and not waits
            and all(HELD.get(task_id.rpartition(".")[2]) == state for task_id, state in active)
        )

    def group(self, prefix="ours"):
        return self._ours.client.get(f"/api/v1/groups/{self.dag_id}/{prefix}").json()["response"]["group"]

    def has_ended(self):
        return all(self.group(prefix)["done"] == 1 for prefix in self.run_ids)

    def cancel(self):
        answer = self._ours.client.post(f"/api/v1/groups/{self.dag_id}/ours/cancel", json={"running": True})
        assert answer.json()["response"]["dag_run_ids"] == [self.run_ids["ours"]], answer.text
        if self.has_two:
            self._have_airflow("PATCH", "", {"state": "failed"})

    def retry(self):
        answer = self._ours.client.post(f"/api/v1/groups/{self.dag_id}/ours/retry", json={"which": "cancelled"})
        assert answer.json()["response"]["dag_run_ids"] == [self.run_ids["ours"]], answer.text
        if self.has_two:
            self._have_airflow("POST", "/clear", {"dry_run": False, "only_failed": True})

    def _have_airflow(self, method, path, body):
        """Send a request about its run to Airflow, and again while it fails, as it does on SQLite when others write."""
        url = f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run_ids['airflows']}{path}"
        answers = []

        def responds():
            answers.append(self._api.client.request(method, url, json=body))
            return answers[-1].status_code != 500

        wait_until(responds, what=f"Airflow's {method} of {url}")
        assert answers[-1].status_code == 200, answers[-1].text


def succeeded(states):
    return {key for key, state in states.items() if state == "success"}


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: "-".join(shape.__name__ for shape in batch))
def test_a_cancelled_run_tears_down_fails_and_runs_again_as_a_whole(servers, world, batch):
    shapes.HOLD.touch()
    pairs = [Pair(servers, world, shape) for shape in batch]
    for pair in pairs:
        wait_until(pair.is_held, seconds=300, what=f"{pair.dag_id} in the middle: {pair.states('ours')}")
        pair.cancel()
    for pair in pairs:
        wait_until(pair.has_ended, seconds=300, what=f"the end of {pair.dag_id}")
        assert pair.group()["states"] == {"queued": 0, "running": 0, "success": 0, "failed": 1}, pair.dag_id
        assert pair.group()["cancelled"] == 1, pair.dag_id
        if pair.has_two:
            assert succeeded(pair.states("ours")) == succeeded(pair.states("airflows")), pair.dag_id
    shapes.HOLD.unlink()
    for pair in pairs:
        pair.retry()
    for pair in pairs:
        wait_until(pair.has_ended, seconds=300, what=f"the end of {pair.dag_id} that runs again")
        assert (pair.group()["states"]["success"], pair.group()["cancelled"]) == (1, 0), pair.dag_id
        rest = pair.states("ours").keys() - succeeded(pair.states("ours"))
        assert {task_id for task_id, _ in rest} <= BRANCHED, pair.dag_id
        if pair.has_two:
            assert succeeded(pair.states("ours")) >= succeeded(pair.states("airflows")), pair.dag_id
