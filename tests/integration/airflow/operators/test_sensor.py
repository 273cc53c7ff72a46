"""The sensor and its trigger against the real service."""

import asyncio
import threading

import pytest

from airflow_run_groups.adapters.client import GroupRequest, RefusedByService
from airflow_run_groups.entrypoints.airflow.operators.sdk import AirflowSkipException
from airflow_run_groups.operators import RunGroupFailed, RunGroupSensor, RunGroupTrigger
from tests.integration.airflow.operators.tasks import Execution, event_of, run

GROUP = "/api/v1/groups/example_daily/redo"
TRIGGER = {
    "conn_id": "airflow_run_groups_default",
    "dag_id": "example_daily",
    "prefix": "redo",
    "allowed_states": ["success"],
    "failed_states": ["failed"],
    "fail_fast": False,
    "poke_interval": 0.02,
}


def sensor(**more):
    arguments = {"task_id": "wait", "dag_id": "example_daily", "prefix": "redo", "poke_interval": 0.05, "timeout": 300}
    return RunGroupSensor(**{**arguments, **more})


def create(service, days=3, prefix="redo"):
    with service.client() as client:
        client.create(
            GroupRequest(dag_id="example_daily", prefix=prefix, start_date="2024-12-01", end_date=f"2024-12-{days:02}")
        )


def fired(seconds=60, **more):
    return asyncio.run(asyncio.wait_for(event_of(*RunGroupTrigger(**TRIGGER, **more).serialize()), seconds))


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_group_that_has_succeeded_is_waited_for(service, deferrable):
    create(service)
    service.finish()
    done = run(sensor(deferrable=deferrable))
    assert done.deferrals == []
    assert done.xcoms == {"_link_RunGroupLink": f"{service.url}/api/v1/ui/?dag=example_daily&group=redo"}


def test_pokes_go_on_until_the_group_has_ended(service):
    create(service)
    task = sensor()
    assert task.poke({}) is False
    service.finish()
    assert task.poke({}) is True


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_failed_group_fails_with_its_dates(service, deferrable):
    create(service)
    service.fail("redo", 1, 3)
    with pytest.raises(RunGroupFailed) as caught:
        run(sensor(deferrable=deferrable))
    assert str(caught.value) == (
        "2 of 3 runs of group 'redo' of DAG 'example_daily' are failed: 2024-12-01T00:00:00Z, 2024-12-03T00:00:00Z"
    )


def test_a_group_with_many_failed_runs_names_the_first_twenty(service):
    create(service, days=31)
    service.fail("redo", *range(1, 32))
    with pytest.raises(RunGroupFailed, match=r"^31 of 31 .*2024-12-20T00:00:00Z and 11 more$"):
        run(sensor())


@pytest.mark.parametrize("deferrable", [False, True])
def test_with_soft_fail_a_failed_group_skips_the_task(service, deferrable):
    create(service)
    service.fail("redo", 1)
    with pytest.raises(AirflowSkipException, match="2024-12-01"):
        run(sensor(soft_fail=True, deferrable=deferrable))


def test_a_failed_run_fails_at_once_with_fail_fast_and_else_when_all_have_ended(service):
    create(service)
    with service.client() as client:
        (first, *_) = service.backend.dags["example_daily"].runs
        client.cancel("example_daily", "redo", step=1, on_step=lambda _: None)
        for stored in service.backend.dags["example_daily"].runs:
            if stored is not first:
                stored.run = stored.run._replace(state="running")
    assert sensor().poke({}) is False
    with pytest.raises(RunGroupFailed, match="1 of 3 runs"):
        sensor(fail_fast=True).poke({})


def test_states_that_are_allowed_do_not_fail(service):
    create(service)
    service.fail("redo", 1)
    assert sensor(allowed_states=["success", "failed"], failed_states=[]).poke({}) is True
    assert sensor(failed_states=[]).poke({}) is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"allowed_states": ["done"]}, "allowed_states must be of queued, running, success, failed, got 'done'"),
        ({"failed_states": ["lost"]}, "failed_states must be of queued, running, success, failed, got 'lost'"),
        ({"allowed_states": ["failed"]}, "failed is in both allowed_states and failed_states"),
        ({"allowed_states": []}, "allowed_states must have one of"),
    ],
)
def test_states_are_checked_where_the_dag_is_written(arguments, message):
    with pytest.raises(ValueError, match=message):
        sensor(**arguments)


@pytest.mark.parametrize("date", ["2024-12-02", "2024-12-02T00:00:00Z", "2024-12-02T01:00:00+01:00"])
@pytest.mark.parametrize("deferrable", [False, True])
def test_one_date_is_waited_for_whatever_the_others_do(service, date, deferrable):
    create(service)
    service.fail("redo", 1, 3)
    assert run(sensor(logical_date=date, deferrable=deferrable)).value is None
    with pytest.raises(RunGroupFailed, match=r"the run of 2024-12-03 of group 'redo' .* is failed: redo_0000003_"):
        run(sensor(logical_date="2024-12-03", deferrable=deferrable))


def test_a_date_that_comes_later_is_waited_for_in_the_triggerer(service):
    create(service, days=1)
    waiting = Execution(sensor(logical_date="2024-12-02", deferrable=True)).start()
    assert waiting.deferrals[0].trigger.more_runs_than == 1
    create(service, days=2)
    waiting.fire()
    assert waiting.deferrals[1].trigger.run_id == "redo_0000002_2024-12-02T00:00:00"
    service.finish()
    assert not waiting.fire().is_deferred


@pytest.mark.parametrize("date", [None, "2024-12-01"])
def test_a_group_that_comes_later_is_waited_for(service, date):
    waiting = Execution(sensor(deferrable=True, logical_date=date)).start()
    assert waiting.is_deferred
    create(service)
    service.finish()
    assert not waiting.fire().is_deferred
    assert sensor(prefix="other").poke({}) is False


def test_what_does_not_exist_fails_with_check_existence(service):
    with pytest.raises(RefusedByService, match="Group not found"):
        sensor(check_existence=True).poke({})
    create(service)
    with pytest.raises(RunGroupFailed, match="has no run of 2024-12-31"):
        sensor(check_existence=True, logical_date="2024-12-31").poke({})


def test_a_request_that_the_service_refuses_fails_the_task(service, monkeypatch):
    with pytest.raises(RefusedByService, match="Group not found"):
        run(sensor(dag_id="no_such_dag", check_existence=True))
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_RUN_GROUPS_DEFAULT", service.connection(host=f"{service.url}/elsewhere"))
    with pytest.raises(RefusedByService):
        run(sensor())


def test_the_trigger_asks_with_the_etag_until_something_has_happened(service):
    create(service)
    service.requests.clear()
    service.on_request = lambda: service.finish() if len(service.requests) == 4 else None
    fired()
    (first, *others) = [request for request in service.requests if request[1] == GROUP]
    assert (first[2], first[3]) == (None, 200)
    assert [status for *_, status in others] == [304, 304, 304, 200]
    assert len({condition for _, _, condition, _ in others}) == 1


def test_the_trigger_outlives_the_service(service):
    create(service)
    service.stop()
    timer = threading.Timer(0.5, lambda: (service.finish(), service.start()))
    timer.start()
    fired()
    timer.join()


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_sensor_outlives_the_service(service, monkeypatch, deferrable):
    monkeypatch.setattr("airflow_run_groups.adapters.client.sending.retries._pause", lambda _: 100.0)
    create(service)
    service.stop()
    timer = threading.Timer(0.5, lambda: (service.finish(), service.start()))
    timer.start()
    run(sensor(deferrable=deferrable))
    timer.join()


def test_the_trigger_leaves_a_refusal_to_the_task(service):
    fired(run_id="no_such_run")


def test_the_trigger_is_made_again_of_what_airflow_keeps(service):
    path, arguments = RunGroupTrigger(**TRIGGER, run_id="a", more_runs_than=3).serialize()
    assert path == "airflow_run_groups.operators.RunGroupTrigger"
    assert RunGroupTrigger(**arguments).serialize() == (path, arguments)
    assert arguments == {**TRIGGER, "run_id": "a", "more_runs_than": 3}


def test_the_time_out_is_that_of_the_sensor(service):
    create(service)
    waiting = Execution(sensor(deferrable=True, timeout=3600)).start().resume()
    first, second = (deferral.timeout.total_seconds() for deferral in waiting.deferrals)
    assert 3500 < second < first <= 3600
