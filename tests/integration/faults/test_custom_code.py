"""Custom code that is slow, never comes back, or ends the process costs the requests that need it, and no others."""

import datetime as dt
import gc
import importlib
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
from airflow import settings
from airflow.listeners import hookimpl
from airflow.listeners.listener import get_listener_manager

from airflow_run_groups.adapters.airflow import connect
from airflow_run_groups.adapters.airflow.custom_code import MOST_LOST, CustomCode, GivenUp, finishing
from airflow_run_groups.domain import (
    Cancel,
    ClusterPolicyFailed,
    CreateRuns,
    CustomCodeFailed,
    CustomCodeTimeout,
    DeadlineExceeded,
    GroupAction,
    GroupRequest,
    InvalidConf,
    Unavailable,
)
from airflow_run_groups.entrypoints.settings import Settings
from tests.contracts.creation import Anyone
from tests.integration.airflow.processes import wait_until
from tests.integration.faults.client import LIMITS, SLACK, send

NOBODY = Anyone()
NOW = dt.datetime(2024, 6, 15, tzinfo=dt.timezone.utc)


def utc(day):
    return dt.datetime(2024, 1, day, tzinfo=dt.timezone.utc)


@pytest.fixture
def timetables(dags):
    """Return the plugin's module as Airflow has loaded it; what hangs in this process goes on after the test."""
    module = importlib.import_module("custom_timetables")
    yield module
    module.FREE.set()
    wait_until(lambda: not custom_threads(), seconds=10, what="the end of the threads that hung")
    module.FREE.clear()


def custom_threads():
    return [thread for thread in threading.enumerate() if thread.name == "airflow-groups-custom-code"]


def workers(server):
    """Return the process ids of the service's workers."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.popen.pid)], capture_output=True, text=True, check=True
    )
    return sorted(map(int, listed.stdout.split()))


@pytest.fixture
def same_workers(server):
    """See that no worker has ended, and that others are served."""
    before = workers(server)
    yield
    assert workers(server) == before
    assert server.client.get("/health/live").status_code == 200


@contextmanager
def backend(*, read_timeout):
    """Provide a backend in this process that knows the schema already."""
    backend = connect(Settings(read_timeout=read_timeout, write_timeout=6).database, allow_unknown_schema=False)
    backend.dags.ping()
    try:
        yield backend
    finally:
        backend.database.engine.dispose()


@pytest.fixture
def hasty(dags):
    """Provide a backend which gives its custom code two seconds for a look and six for a write."""
    with backend(read_timeout=2) as hasty:
        yield hasty


def create(backend, dag_id="a_dag", **more):
    request = GroupRequest(dag_id=dag_id, **{"start_date": utc(1), "end_date": utc(3), **more})
    return CreateRuns(backend.runs, lambda: NOW).create(request, NOBODY)


def plan(backend, dag_id="a_dag"):
    request = GroupRequest(dag_id=dag_id, start_date=utc(1), end_date=utc(3))
    return CreateRuns(backend.runs, lambda: NOW).plan(request, NOBODY)


class TestOnTheServiceATimetableThat:
    """A read may take 2 seconds there."""

    def test_is_slow_is_a_503_in_time_that_names_it(self, client, dags, timetables):
        dags.dag("slow", schedule=timetables.Slow())
        status, took, answer = client.post(dag_id="slow", end="2024-12-31", dry_run=True)
        assert (status, answer["reason"]) == (503, "deadline_exceeded")
        assert re.search(r"the timetable of DAG 'slow' is too slow: it gave [0-9]+ dates", answer["error"])
        assert took < LIMITS["read_timeout"] + SLACK
        assert client.post(dag_id="slow", end="2024-01-03")[0] == 200
        dags.clear_runs()

    @pytest.mark.usefixtures("same_workers")
    def test_never_returns_keeps_nobody_else_from_being_served(self, server, client, dags, timetables):
        dags.dag("stuck", schedule=timetables.Hangs())
        plan = {"dag_id": "stuck", "start_date": "2024-01-01", "end_date": "2024-01-03", "dry_run": True}

        def burst():
            return client.burst(lambda: send(server, "POST", "/api/v1/dag_runs", plan), number=40)

        began = time.monotonic()
        answers = burst()
        assert time.monotonic() - began < 2 * (LIMITS["read_timeout"] + SLACK)
        assert {status for status, _ in answers} == {503}
        assert {answer["reason"] for _, answer in answers} <= {"custom_code_timeout", "dag_busy"}
        assert any("the custom code of DAG 'stuck'" in answer["error"] for _, answer in answers)
        assert any("has not returned from 4 earlier requests" in answer["error"] for _, answer in burst())
        assert client.post()[0] == 200
        assert client.get()[0] == 200
        assert "has not returned within 2 seconds; it is here:" in server.output
        dags.clear_runs()

    @pytest.mark.usefixtures("same_workers")
    @pytest.mark.parametrize("timetable", ["Exits", "Interrupts", "ClosesGenerator"])
    def test_would_end_the_process_is_a_400(self, client, dags, timetables, timetable):
        dags.dag("ends", schedule=getattr(timetables, timetable)())
        status, _, answer = client.post(dag_id="ends")
        assert (status, answer["reason"]) == (400, "timetable_failed")
        assert "the timetable of DAG 'ends' failed" in answer["error"]

    @pytest.mark.usefixtures("same_workers")
    def test_would_end_the_process_for_a_manual_run_is_a_400(self, client, dags, timetables):
        dags.dag("ends", schedule=timetables.ExitsForManualRuns())
        assert client.post(dag_id="ends", start=None)[2]["reason"] == "timetable_failed"

    @pytest.mark.usefixtures("same_workers")
    def test_would_end_the_process_when_it_is_read_is_a_400(self, client, dags, timetables, monkeypatch):
        monkeypatch.setattr(timetables.ExitsWhenRead, "is_harmless", True)
        dags.dag("ends", schedule=timetables.ExitsWhenRead())
        status, _, answer = client.post(dag_id="ends")
        assert (status, answer["reason"]) == (400, "dag_unreadable")


class TestATimetableThat:
    def test_is_slow_in_a_creation_is_broken_off(self, hasty, dags, timetables):
        dags.dag("slow", schedule=timetables.Slow())
        with pytest.raises(DeadlineExceeded, match=r"the timetable of DAG 'slow' is too slow: it gave [0-9]+ dates"):
            create(hasty, "slow", end_date=utc(30))

    def test_hangs_in_a_creation_lets_go_of_the_dag(self, hasty, dags, timetables):
        dags.dag("stuck", schedule=timetables.Hangs())
        with pytest.raises(
            CustomCodeTimeout, match=r"custom code of DAG 'stuck' .* did not return within [26] seconds"
        ):
            create(hasty, "stuck")
        assert hasty.database.engine.pool.checkedout() == 0
        dags.dag("stuck", schedule=timetables.Daily())
        assert [len(create(dags.backend, dag_id).runs) for dag_id in ("stuck", "other")] == [3, 3]
        dags.clear_runs()

    def test_comes_back_is_called_again(self, hasty, dags, timetables):
        dags.dag("stuck", schedule=timetables.Hangs())

        def hang(_):
            with pytest.raises(CustomCodeTimeout, match=r"did not return within [26] seconds"):
                plan(hasty, "stuck")

        with ThreadPoolExecutor(MOST_LOST) as threads:
            list(threads.map(hang, range(MOST_LOST)))
        with pytest.raises(CustomCodeTimeout, match="has not returned from 4 earlier requests"):
            plan(hasty, "stuck")
        timetables.FREE.set()
        wait_until(lambda: not custom_threads(), seconds=10)
        assert len(plan(hasty, "stuck").runs) == 3

    @pytest.mark.parametrize("timetable", ["Spins", "SpinsCatching"])
    def test_spins_is_ended(self, hasty, dags, timetables, timetable):
        dags.dag("spins", schedule=getattr(timetables, timetable)())
        with pytest.raises(CustomCodeTimeout):
            plan(hasty, "spins")

        def has_ended():  # it is told so again when others come
            with suppress(CustomCodeTimeout, Unavailable):
                plan(hasty, "a_dag")
            return not custom_threads()

        wait_until(has_ended, seconds=20, what="the end of the thread that spins")


EVIL = {"type": "string", "pattern": "^(a+)+$"}
LONG = "a" * 64 + "!"


class TestAParamWhosePatternTakesForEver:
    @pytest.mark.usefixtures("same_workers")
    def test_stops_no_other_thread(self, server, client, dags):
        dags.dag("evil", params={"text": {"default": "a", **EVIL}})
        body = {"dag_id": "evil", "conf": {"text": LONG}}
        with ThreadPoolExecutor() as threads:
            answer = threads.submit(send, server, "POST", "/api/v1/dag_runs", body)
            while not answer.done():
                assert send(server, "GET", "/health/live")[0] == 200
        assert answer.result()[1]["reason"] in {"invalid_conf", "custom_code_timeout"}

    @pytest.mark.parametrize(
        ("schema", "value"),
        [
            (EVIL, LONG),
            ({"type": "array", "items": EVIL}, ["a", LONG]),
            ({"type": "object", "patternProperties": {"^(a+)+$": {}}}, {LONG: 1}),
            ({"anyOf": [{"type": "null"}, EVIL]}, LONG),
        ],
        ids=["alone", "in a list", "of keys", "as an alternative"],
    )
    def test_is_refused_for_the_texts_with_which_it_does(self, dags, monkeypatch, schema, value):
        monkeypatch.setattr("airflow_run_groups.adapters.airflow.patterns.CPU_SECONDS", 0.2)
        dates = {"start_date": None, "end_date": None, "dates": (utc(1), utc(2))}
        good = {"array": ["a"], "object": {}}.get(schema.get("type"), "a")
        dags.dag("evil", params={"given": {"default": good, **schema}})
        for conf in ({"conf": {"given": value}}, {"conf_per_run": ({"given": good}, {"given": value})}):
            with pytest.raises(InvalidConf, match="the regular expressions of 'given' take longer than 0"):
                create(dags.backend, "evil", **dates, **conf)
        assert len(create(dags.backend, "evil", conf={"given": good}).runs) == 3
        dags.clear_runs()


class TestAPolicyThat:
    def test_never_returns_holds_neither_the_dag_nor_the_database(self, hasty, dags, timetables, monkeypatch):
        def hook(task_instance, dag_run=None):
            timetables.FREE.wait()

        monkeypatch.setattr(settings, "task_instance_mutation_hook", hook)
        with pytest.raises(
            CustomCodeTimeout, match=r"custom code of DAG 'a_dag' .* did not return within [26] seconds"
        ):
            create(hasty)
        monkeypatch.undo()
        assert len(create(dags.backend, "other").runs) == 3  # on SQLite there is one lock for all
        assert len(create(dags.backend).runs) == 3

    def test_returns_too_late_writes_nothing(self, hasty, dags, timetables, monkeypatch):
        monkeypatch.setattr(settings, "task_instance_mutation_hook", lambda *_, **__: timetables.FREE.wait())
        with pytest.raises(CustomCodeTimeout):
            create(hasty)
        timetables.FREE.set()
        wait_until(lambda: not custom_threads(), seconds=10, what="the end of the thread that was given up")
        assert (dags.count_runs(), dags.count_tasks()) == (0, 0)
        assert hasty.database.engine.pool.checkedout() == 0

    @pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
    def test_would_end_the_process_is_named(self, dags, monkeypatch, error):
        def hook(task_instance, dag_run=None):
            raise error

        monkeypatch.setattr(settings, "task_instance_mutation_hook", hook)
        with pytest.raises(ClusterPolicyFailed, match=type(error).__name__):
            create(dags.backend)


class Listener:
    def __init__(self, work):
        self.work = work

    @hookimpl
    def on_dag_run_failed(self, dag_run, msg):
        self.work()


@pytest.fixture
def listen():
    manager = get_listener_manager()
    listeners = []

    def listen(work):
        listeners.append(Listener(work))
        manager.add_listener(listeners[-1])

    yield listen
    for listener in listeners:
        manager.pm.unregister(listener)


def cancel(backend):
    return backend.groups.apply(GroupAction(dag_id="a_dag", prefix="manual", action=Cancel()))


class TestAListenerThat:
    def test_never_returns_is_given_up_and_nothing_is_cancelled(self, hasty, dags, timetables, listen):
        create(dags.backend)
        listen(timetables.FREE.wait)
        with pytest.raises(CustomCodeTimeout):
            cancel(hasty)
        assert dags.groups.get("a_dag", "manual", now=NOW).group.states.queued == 3
        dags.clear_runs()

    def test_would_end_the_process_is_logged(self, dags, listen, caplog):
        create(dags.backend)
        listen(sys.exit)
        assert len(cancel(dags).dag_run_ids) == 3
        assert "a listener of Airflow's failed on a cancelled run" in caplog.text
        dags.clear_runs()


def test_work_that_was_given_up_does_not_finish():
    custom_code, go_on, ends = CustomCode(grace=0), threading.Event(), []

    def work():
        with suppress(GivenUp):  # which is raised as soon as it goes on
            go_on.wait()
            time.sleep(0)
        try:
            finishing()
        except BaseException as error:
            ends.append(type(error))
            raise
        ends.append("written")

    with pytest.raises(CustomCodeTimeout):
        custom_code.run("work", work, seconds=0.1)
    go_on.set()
    wait_until(lambda: not custom_threads(), seconds=10)
    assert ends == [GivenUp]


def test_nothing_is_collected_while_the_stack_of_hanging_work_is_taken(monkeypatch):
    seen = []
    frames = sys._current_frames  # noqa: SLF001 - it has no other name
    monkeypatch.setattr(sys, "_current_frames", lambda: [seen.append(gc.isenabled()), frames()][1])
    with pytest.raises(CustomCodeTimeout):
        CustomCode(grace=0).run("work", lambda: time.sleep(0.5), seconds=0.1)
    assert (seen, gc.isenabled()) == ([False], True)


def test_work_that_finishes_is_waited_for():
    def work():
        finishing()
        time.sleep(0.5)
        return "written"

    assert CustomCode(grace=0).run("work", work, seconds=0.1) == "written"


def test_while_a_plan_is_made_no_connection_is_held(dags, timetables, monkeypatch):
    dags.dag("looked_at", schedule=timetables.Daily())
    held = []
    monkeypatch.setattr(timetables.Daily, "step", lambda _: held.append(dags.backend.database.engine.pool.checkedout()))
    request = GroupRequest(dag_id="looked_at", start_date=utc(1), end_date=utc(9))
    planned = CreateRuns(dags.runs, lambda: NOW).plan(request, NOBODY)
    assert len(planned.runs) == 9
    assert set(held) == {0}


def test_a_look_at_a_group_does_without_what_its_dag_does_not_tell_in_time(dags, timetables, monkeypatch):
    monkeypatch.setattr(timetables.ExitsWhenRead, "deserialize", classmethod(lambda cls, _: cls()))
    dags.dag("looked_at", schedule=timetables.ExitsWhenRead())
    dags.run("looked_at", "g_0000001_2024-01-01T00:00:00", state="running", logical_date=utc(1))
    monkeypatch.setattr(timetables.ExitsWhenRead, "deserialize", classmethod(lambda *_: timetables.FREE.wait()))
    with backend(read_timeout=6) as patient:  # half of which is waited for the DAG
        assert patient.groups.get("looked_at", "g", now=NOW).previous_run_id is None
        assert patient.database.engine.pool.checkedout() == 0
    dags.clear_runs()


class Manager:
    """An auth manager that does some work for each question."""

    def __init__(self, work):
        self.work = work

    async def get_user_from_token(self, token):
        if token != "known":
            self.work()
        return self

    def get_name(self):
        return "Ada"

    def is_authorized_dag(self, **_):
        self.work()
        return True


@pytest.fixture
def users(dags, timetables, monkeypatch):
    from airflow_run_groups.adapters.airflow import auth  # noqa: PLC0415 - loads Airflow's API server

    monkeypatch.setattr(auth, "TIMEOUT", 0.5)
    return lambda work: auth.AirflowUsers(Manager(work), frozenset)


def spin():
    while True:
        pass


@pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`")
class TestAnAuthManagerThat:
    def test_blocks_its_loop_costs_the_request_and_no_other(self, users, timetables):
        manager = users(timetables.FREE.wait)
        for _ in range(3):
            with pytest.raises(Unavailable, match="does not respond"):
                manager.identify("blocks")
            assert manager.identify("known").name == "Ada"

    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
    def test_would_end_the_process_is_a_503(self, users, error):
        def end():
            raise error

        manager = users(end)
        with pytest.raises(CustomCodeFailed, match=f"Airflow's auth manager raised {error.__name__}"):
            manager.identify("ends")
        with pytest.raises(CustomCodeFailed, match=error.__name__):
            manager.identify("known").may_create_runs("a_dag")
        assert manager.identify("known").name == "Ada"

    @pytest.mark.parametrize("how", ["spins", "hangs"])
    def test_does_not_say_what_a_user_may_is_a_503_in_time(self, users, timetables, how):
        user = users(spin if how == "spins" else timetables.FREE.wait).identify("known")
        for ask in (
            lambda: user.may_create_runs("a"),
            lambda: user.may_change_runs("a"),
            lambda: user.readable_dag_ids("a"),
        ):
            with pytest.raises(CustomCodeTimeout, match=r"Airflow's auth manager did not return within 0\.5 seconds"):
                ask()
