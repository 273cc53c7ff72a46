"""docs/from-a-dag.md: its DAGs run against the real service, and its tables name what there is."""

import inspect
import json
import re
import shlex

import pytest
from airflow.models.connection import Connection
from airflow.sdk import DAG

from airflow_run_groups.adapters.client import GroupRequest
from airflow_run_groups.entrypoints.airflow.operators.connection import EXTRA_FIELDS, service_of
from airflow_run_groups.operators import CreateRunGroupOperator, RunGroupFailed, RunGroupSensor
from tests.documents import Document, code
from tests.integration.airflow.operators.tasks import LOGICAL_DATE, Execution, run

PAGE = Document("docs/from-a-dag.md")
NOTIFICATIONS = Document("docs/notifications.md")


def tasks_of(mark, page=PAGE):
    """Execute a block, and return the tasks of the DAG in it, by their ids."""
    names = {}
    exec(page.block(mark), names)
    (dag,) = {id(value): value for value in names.values() if isinstance(value, DAG)}.values()
    return dag.task_dict


def test_the_connection():
    _, variable = shlex.split(PAGE.block("connection"))
    name, _, value = variable.partition("=")
    assert name == "AIRFLOW_CONN_AIRFLOW_RUN_GROUPS_DEFAULT"
    fields = json.loads(value)
    assert fields["conn_type"] == "airflow_run_groups"
    service = service_of(Connection.from_json(value, conn_id="groups"))
    assert (service.url, service.token) == (fields["host"], fields["password"])


def test_every_field_of_a_connection_is_in_the_table():
    named = [code(cell)[0] for cell, _ in PAGE.table("fields of a connection")]
    assert named == ["host", "password", "login", *EXTRA_FIELDS]


def test_create_and_wait(service):
    tasks = tasks_of("create and wait")
    assert tasks["wait"].upstream_task_ids == {"create"}
    created = run(tasks["create"])
    assert len(created.value) == 31
    waiting = Execution(tasks["wait"]).start()
    assert waiting.is_deferred
    service.finish()
    assert not waiting.fire().is_deferred
    named = {code(cell)[0] for cell, _ in PAGE.tables("XCom", "value")[0]}
    assert named == {*created.xcoms, "return_value"} - {"_link_RunGroupLink"}


def test_the_message_of_a_failed_group(service):
    tasks = tasks_of("create and wait")
    run(tasks["create"])
    service.fail("redo", 3, 17)
    with pytest.raises(RunGroupFailed) as caught:
        run(tasks["wait"])
    assert str(caught.value) == PAGE.block("failure").strip()


def test_a_dag_that_waits_for_its_own_date(service):
    with service.client() as client:
        client.create(
            GroupRequest(dag_id="example_daily", prefix="redo", start_date="2025-02-01", end_date="2025-02-05")
        )
    service.finish()
    task = tasks_of("own date")["wait_for_first_day"]
    run(task)
    assert task.logical_date == LOGICAL_DATE.date().isoformat()


def test_the_hook(service):
    with service.client() as client:
        client.create(
            GroupRequest(dag_id="example_daily", prefix="redo", start_date="2025-02-01", end_date="2025-02-05")
        )
        run(tasks_of("hook")["slow_down"])
        assert client.group("example_daily", "redo")["control"]["max_active_runs"] == 1


def test_a_notifier_of_airflow_tells_the_dates_that_failed(service):
    with service.client() as client:
        client.create(
            GroupRequest(dag_id="example_daily", prefix="redo", start_date="2025-02-01", end_date="2025-02-05")
        )
    service.fail("redo", 2)
    task = tasks_of("notifier", NOTIFICATIONS)["wait"]
    with pytest.raises(RunGroupFailed) as caught:
        run(task)
    (notifier,) = task.on_failure_callback
    notifier.render_template_fields({"exception": caught.value, "dag": task.dag})
    assert notifier.html_content == str(caught.value)
    assert "2025-02-02T00:00:00Z" in notifier.html_content


def test_every_argument_that_the_page_names_exists():
    known = {
        name
        for task in (CreateRunGroupOperator, RunGroupSensor, *RunGroupSensor.__mro__[1:])
        for name in inspect.signature(task.__init__).parameters
    }
    (rows,) = PAGE.tables("argument", "meaning")
    named = {name for cell, _ in rows for name in code(cell)}
    assert named <= known
    own = {name for name in inspect.signature(RunGroupSensor.__init__).parameters if name != "kwargs"}
    assert own - {"self", "dag_id", "prefix", "conn_id"} <= named


def test_the_examples_are_there():
    links = [link for link in PAGE.links() if re.search(r"\.py$", link)]
    assert len(links) == 2
    assert all((PAGE.path.parent / link).exists() for link in links)
