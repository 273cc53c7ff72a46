"""What is done to a group is what Airflow's own scheduler can go on with: cancelled and failed runs run again, and block nothing."""

from itertools import groupby

from airflow.models.dag import DagModel
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import delete, select, update

from tests.integration.airflow.conftest import HOME
from tests.integration.airflow.processes import wait_until

FAIL = HOME / "fail"
SLEEP = HOME / "sleep"


def create(server, dag_id, last=3):
    body = {"dag_id": dag_id, "prefix": "group", "start_date": "2024-01-01", "end_date": f"2024-01-0{last}"}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["response"]["dag_run_ids"]


def apply(server, dag_id, act, **body):
    """Apply an action in as many steps as it takes: on a busy machine one step may end after a run."""
    done, start = [], 0
    while start is not None:
        answer = server.client.post(f"/api/v1/groups/{dag_id}/group/{act}", json={**body, "start": start})
        assert answer.status_code == 200, answer.text
        step = answer.json()["response"]
        done += step["dag_run_ids"]
        start = step["next_start"]
    return done


def counts(server, dag_id):
    found = server.client.get(f"/api/v1/groups/{dag_id}/group").json()["response"]["group"]["states"]
    return {state: count for state, count in found.items() if count}


def wait_for(server, dag_id, **expected):
    wait_until(lambda: counts(server, dag_id) == expected, seconds=300, what=f"{dag_id}: {expected}")


def tasks(world, dag_id):
    """Return the tasks of the group's runs with their states; the scheduler makes a run of its own as well."""
    query = select(TaskInstance.task_id, TaskInstance.state).where(
        TaskInstance.dag_id == dag_id, TaskInstance.run_id.startswith("group_")
    )
    with world.sessions() as session:
        return {(task_id, state and str(state)) for task_id, state in session.execute(query)}


def succeeded(*task_ids):
    return {(task_id, "success") for task_id in task_ids}


def test_cancelled_and_failed_runs_run_again_and_block_nothing(world, server):
    with world.sessions.begin() as session:
        session.execute(delete(Log).where(Log.event.in_(["patch_dag_run", "clear_dag_run"])))
    created = create(server, "waiting")
    create(server, "failing")
    create(server, "long")

    assert apply(server, "waiting", "cancel") == created
    assert counts(server, "waiting") == {"failed": 3}
    assert {state for _, state in tasks(world, "waiting")} == {"upstream_failed"}
    assert apply(server, "waiting", "retry") == created
    assert counts(server, "waiting") == {"queued": 3}
    with world.sessions.begin() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == "waiting").values(is_paused=False))

    wait_until(lambda: ("work", "running") in tasks(world, "long"), seconds=300, what="a long task")
    assert len(apply(server, "long", "cancel", running=True)) == 3
    assert counts(server, "long") == {"failed": 3}
    assert {state for _, state in tasks(world, "long")} <= {"upstream_failed", "failed"}
    SLEEP.unlink()
    wait_for(server, "long", failed=3)  # a scheduler that had looked before may have its say once more
    assert len(apply(server, "long", "retry")) == 3

    wait_for(server, "failing", failed=3)
    FAIL.unlink()
    assert len(apply(server, "failing", "retry")) == 3

    for dag_id in ("waiting", "long", "failing"):
        wait_for(server, dag_id, success=3)
    assert tasks(world, "waiting") == succeeded("prepare", "work", "report", "clean_up")
    assert tasks(world, "long") == tasks(world, "failing") == succeeded("work", "report")
    for dag_id in ("waiting", "long", "failing"):
        assert len(create(server, dag_id, last=4)) == 1
        wait_for(server, dag_id, success=4)
    with world.sessions() as session:
        entries = session.execute(select(Log.event, Log.dag_id).order_by(Log.id).where(Log.extra.contains("dag_runs")))
        done = [tuple(entry) for entry in entries if entry.event != "trigger_dag_run"]
    assert [entry for entry, _ in groupby(done)] == [  # one for each step
        ("patch_dag_run", "waiting"),
        ("clear_dag_run", "waiting"),
        ("patch_dag_run", "long"),
        ("clear_dag_run", "long"),
        ("clear_dag_run", "failing"),
    ]
