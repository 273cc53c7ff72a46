"""The example DAG, executed by Airflow's own scheduler: it plans, creates and waits for a group, and branches."""

from airflow.models.connection import Connection
from airflow.models.dag import DagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import delete, select, update

from tests.integration.airflow.processes import wait_until

QUICK = {"dag_id": "quick", "prefix": "from_a_dag", "from_date": "2024-01-01", "to_date": "2024-01-02"}


def test_the_example_executes_a_group_from_its_plan_to_its_outcome(server, world):
    with world.sessions.begin() as session:
        session.execute(delete(Connection).where(Connection.conn_id == "airflow_run_groups_default"))
        session.execute(
            update(DagModel).where(DagModel.dag_id.in_(["example_run_group", "quick"])).values(is_paused=False)
        )
        session.add(Connection(conn_id="airflow_run_groups_default", conn_type="airflow_run_groups", host=server.url))
    body = {"dag_id": "example_run_group", "prefix": "proof", "conf": QUICK}
    answer = server.client.post("/api/v1/dag_runs", json=body)
    assert answer.status_code == 200, answer.text
    (run_id,) = answer.json()["response"]["dag_run_ids"]

    def state():
        listed = server.client.get("/api/v1/dag_runs", params={"dag_id": "example_run_group", "prefix": run_id})
        return listed.json()["response"]["dag_runs"][0]["state"]

    wait_until(lambda: state() in {"success", "failed"}, seconds=240, what="the end of the example")
    where = (TaskInstance.dag_id == "example_run_group", TaskInstance.run_id == run_id)
    with world.sessions() as session:
        tasks = session.execute(select(TaskInstance.task_id, TaskInstance.state).where(*where)).all()
        of_create = (XComModel.run_id == run_id, XComModel.task_id == "create", XComModel.key == "return_value")
        pushed = XComModel.deserialize_value(session.scalars(select(XComModel).where(*of_create)).one())
    assert {task: str(state) for task, state in tasks} == {
        **dict.fromkeys(("plan", "create", "wait", "decide", "publish"), "success"),
        "report": "skipped",
    }
    assert pushed == [
        "from_a_dag_0000001_2024-01-01T00:00:00",
        "from_a_dag_0000002_2024-01-02T00:00:00",
    ]
