"""The operator against the real service: what it creates, pushes, waits for and does at a retry."""

import datetime as dt

import pytest
from airflow.sdk import DAG, BaseOperator

from airflow_run_groups.adapters.client import GroupRequest, RefusedByService
from airflow_run_groups.entrypoints.airflow.operators.arguments import ATTRIBUTES
from airflow_run_groups.operators import CreateRunGroupOperator, RunGroupFailed
from tests.integration.airflow.operators.tasks import LOGICAL_DATE, Execution, run

UTC = dt.timezone.utc


def task(**more):
    arguments = {"dag_id": "example_daily", "prefix": "redo", "from_date": "2025-01-01", "to_date": "2025-01-03"}
    return CreateRunGroupOperator(task_id="create", **{**arguments, **more})


def ids(*days, prefix="redo"):
    return [f"{prefix}_{number:07}_2025-01-{day:02}T00:00:00" for number, day in enumerate(days, 1)]


def test_every_argument_of_a_request_is_templated_under_a_name_that_no_task_has():
    assert set(CreateRunGroupOperator.template_fields) == {*ATTRIBUTES.values(), "conn_id"}
    assert {name for name in CreateRunGroupOperator.template_fields if hasattr(BaseOperator, name)} == set()


def test_ids_of_the_runs_are_returned_and_name_and_counts_pushed(service):
    done = run(task(prefix="redo_"))
    assert done.value == ids(1, 2, 3) == service.run_ids()
    assert {key: done.xcoms[key] for key in ("prefix", "runs", "existing")} == {
        "prefix": "redo",
        "runs": 3,
        "existing": 0,
    }


def test_templates_are_rendered(service):
    dag = DAG("own", schedule=None)
    rendered = run(
        task(dag=dag, prefix="p_{{ ds }}", conf={"day": "{{ ds }}"}, dates=["{{ ds }}"], from_date=None, to_date=None)
    )
    assert rendered.value == ["p_2025-02-03_0000001_2025-02-03T00:00:00"]
    (stored,) = service.backend.dags["example_daily"].runs
    assert stored.conf == {"day": "2025-02-03"}


def test_a_group_of_more_than_one_request_is_created_in_steps(service):
    done = run(task(dag_id="example_hourly", to_date="2025-01-31T23:00:00"))
    assert len(done.value) == done.xcoms["runs"] == 31 * 24
    assert [path for method, path, *_ in service.requests if method == "POST"] == ["/api/v1/dag_runs"] * 2


def test_a_retried_task_goes_on_with_the_group_and_pushes_what_the_first_try_would_have(service):
    service_request = GroupRequest(
        dag_id="example_hourly", prefix="redo", start_date="2025-01-01", end_date="2025-01-31T23:00:00"
    )
    with service.client() as client:
        client.create(GroupRequest(dag_id="example_hourly", prefix="other", dates=["2025-01-30"]))
        client.create(service_request, limit=500, partial=True)
    done = run(task(dag_id="example_hourly", to_date="2025-01-31T23:00:00"))
    assert (done.xcoms["runs"], done.xcoms["existing"]) == (31 * 24 - 1, 1)
    assert done.value == [run_id for run_id in service.run_ids("example_hourly") if run_id.startswith("redo_")]
    again = run(task(dag_id="example_hourly", to_date="2025-01-31T23:00:00"))
    assert (again.value, again.xcoms) == (done.value, done.xcoms)


def test_a_new_group_is_the_same_one_at_a_retry(service):
    first = run(task(new_group=True))
    again = run(task(new_group=True))
    assert first.value == again.value == ids(1, 2, 3)
    with pytest.raises(RefusedByService) as caught:
        run(task(new_group=True, to_date="2025-01-04"))
    assert caught.value.reason == "group_exists"


@pytest.mark.parametrize("own", [LOGICAL_DATE, None])
def test_without_dates_there_is_one_run_of_the_date_of_the_tasks_own_however_often_it_is_tried(service, own):
    arguments = {"dag_id": "example_unscheduled", "from_date": None, "to_date": None}
    done = run(task(**arguments), logical_date=own)
    assert done.value == ["redo_0000001_2025-02-03T04:00:00"]
    assert run(task(**arguments), logical_date=own).value == done.value
    assert service.run_ids("example_unscheduled") == done.value


def test_dates_of_the_task_in_default_args_are_not_those_of_the_group(service):
    dates = {"start_date": dt.datetime(2020, 1, 1, tzinfo=UTC), "end_date": dt.datetime(2030, 1, 1, tzinfo=UTC)}
    with DAG("own", schedule=None, default_args=dates):
        own = task()
    assert own.start_date == dates["start_date"]
    assert run(own).value == ids(1, 2, 3)


@pytest.mark.parametrize("place", ["the DAG", "default_args"])
def test_a_mapped_task_has_the_dates_of_its_dag(service, place):
    dates = {"start_date": dt.datetime(2020, 1, 1, tzinfo=UTC), "end_date": dt.datetime(2030, 1, 1, tzinfo=UTC)}
    with DAG("own", schedule=None, **(dates if place == "the DAG" else {"default_args": dates})):
        mapped = CreateRunGroupOperator.partial(task_id="create", dag_id="example_daily", prefix="redo").expand(
            from_date=["2025-01-01", "2025-01-02"]
        )
    assert mapped.template_fields == CreateRunGroupOperator.template_fields
    one = mapped.unmap({"from_date": "2025-01-01", "to_date": "2025-01-03"})
    assert run(one).value == ids(1, 2, 3)


@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_a_date_of_the_task_given_to_the_operator_is_refused_with_the_right_name(name):
    with pytest.raises(TypeError, match=f"use {'from_date' if name == 'start_date' else 'to_date'}"):
        task(**{name: dt.datetime(2025, 1, 1, tzinfo=UTC)})


def test_a_request_that_the_service_refuses_fails_the_task_in_the_services_words(service):
    with pytest.raises(RefusedByService, match="Dag id 'no_such_dag' not found"):
        run(task(dag_id="no_such_dag"))


def test_a_task_that_waits_ends_with_the_group(service):
    waiting = Execution(task(wait=True, deferrable=True, poke_interval=0.05)).start()
    assert waiting.is_deferred
    assert waiting.xcoms["runs"] == 3
    service.finish()
    assert waiting.fire().value == ids(1, 2, 3)
    assert not waiting.is_deferred


def test_a_task_that_waits_in_its_worker_ends_with_the_group(service):
    run(task())
    service.finish()
    assert run(task(wait=True)).value == ids(1, 2, 3)


def test_a_failed_group_fails_the_task_that_waits_with_its_dates(service):
    waiting = Execution(task(wait=True, deferrable=True, poke_interval=0.05)).start()
    service.fail("redo", 1, 3)
    with pytest.raises(RunGroupFailed, match=r"2 of 3 runs .* are failed: 2025-01-01T00:00:00Z, 2025-01-03T00:00:00Z$"):
        waiting.fire()


def test_a_task_without_runs_waits_for_none(service):
    run(task(prefix="other"))
    done = run(task(wait=True))
    assert (done.value, done.xcoms["existing"]) == ([], 3)


def test_a_time_out_of_the_task_ends_the_wait_however_often_it_defers(service):
    waiting = Execution(task(wait=True, deferrable=True, execution_timeout=dt.timedelta(hours=1))).start().resume()
    first, second = (deferral.timeout for deferral in waiting.deferrals)
    assert dt.timedelta(minutes=59) < second < first <= dt.timedelta(hours=1)


def test_the_link_leads_to_the_page_of_the_group_while_the_task_is_under_way_and_when_it_is_done(service):
    waiting = Execution(task(prefix="a b", wait=True, deferrable=True, poke_interval=0.05))
    with pytest.raises(RefusedByService):
        waiting.start()
    url = f"{service.url}/api/v1/ui/?dag=example_daily&group=a+b"
    (link,) = waiting.task.operator_extra_links
    assert waiting.xcoms[link.xcom_key] == url == link.get_link(waiting.task, ti_key=None)
    assert link.get_link(task(), ti_key=None) == ""


def test_failed_runs_run_again_and_the_next_try_tells_the_same(service):
    run(task(prefix="old"))
    service.fail("old", 2)
    wanted = {"reprocess_behavior": "failed", "to_date": "2025-01-04"}
    done = run(task(**wanted))
    assert done.value == ["old_0000002_2025-01-02T00:00:00", "redo_0000001_2025-01-04T00:00:00"]
    assert (done.xcoms["runs"], done.xcoms["existing"]) == (2, 2)
    again = run(task(**wanted))
    assert (again.value, again.xcoms) == (done.value, done.xcoms)


def test_a_group_in_which_nothing_has_failed_has_no_run(service):
    run(task(prefix="old"))
    done = run(task(reprocess_behavior="failed"))
    assert (done.value, done.xcoms["existing"]) == ([], 3)


def test_runs_that_have_succeeded_do_not_run_again_at_each_try(service):
    with pytest.raises(ValueError, match="reprocess_behavior must be none or failed here, not 'completed'"):
        run(task(reprocess_behavior="completed"))
    assert service.run_ids() == []
