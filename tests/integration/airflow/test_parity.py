"""Every column of a group's rows is what Airflow's own create_dagrun writes for the same runs."""

import datetime as dt
import logging
import re
import uuid
from dataclasses import replace

import pendulum
import pytest
from airflow import settings
from airflow.models.dagrun import DagRun, DagRunNote
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG, Asset, Param, TaskGroup, setup, task, teardown
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, MultipleCronTriggerTimetable
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import func, select

from airflow_run_groups.adapters.airflow.writing.bulk_insert import reason_against_copying
from airflow_run_groups.domain import CreateRuns, GroupRequest, Order, Pace
from tests.integration.airflow import versions

UTC = dt.timezone.utc
START = pendulum.datetime(2024, 1, 1)
NOW = dt.datetime(2026, 1, 1, tzinfo=UTC)
MADE_PER_ROW = {"id", "created_at", "updated_at", "queued_at"} | (
    {"context_carrier"} if versions.TRACE_PER_RUN else set()
)


def plain():
    with DAG("parity", schedule="0 0 * * *", start_date=START) as dag:
        EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
    return dag


def every_task_setting():
    with DAG("parity", schedule="0 0 * * *", start_date=START, default_args={"retries": 3}) as dag:
        BashOperator(
            task_id="a",
            bash_command="true",
            pool="default_pool",
            pool_slots=2,
            priority_weight=7,
            weight_rule="upstream",
            queue="elsewhere",
            executor_config={"memory": "1G", "nested": [1, {"a": None}]},
            run_as_user="nobody",
            task_display_name="A task",
            max_active_tis_per_dag=1,
        ) >> EmptyOperator(task_id="b", weight_rule="absolute", retries=0)
        DateTimeSensorAsync(task_id="deferred", target_time="2024-01-01T00:00:00+00:00")
    return dag


def mapped():
    with DAG("parity", schedule="0 0 * * *", start_date=START) as dag:

        @task
        def numbers():
            return [1, 2, 3]

        @task
        def add(x, y):
            return x + y

        @task
        def total(values):
            return sum(values)

        total(add.partial(y=1).expand(x=[1, 2, 3]))
        add.override(task_id="from_xcom").partial(y=1).expand(x=numbers())
        add.override(task_id="nothing").partial(y=1).expand(x=[])
        BashOperator.partial(task_id="shell").expand(bash_command=["true", "false"])
    return dag


def groups_with_setup_and_teardown():
    with DAG("parity", schedule="0 0 * * *", start_date=START) as dag, TaskGroup("group"):

        @setup
        def begin():
            return 1

        @teardown
        def end():
            return 2

        with TaskGroup("inner"):
            work = EmptyOperator(task_id="work")
        begin() >> work >> end()
    return dag


def params():
    with DAG(
        "parity",
        schedule="0 0 * * *",
        start_date=START,
        params={"count": Param(1, type="integer", minimum=1), "name": "x"},
    ) as dag:
        EmptyOperator(task_id="a")
    return dag


def time_zone_with_daylight_saving():
    start = pendulum.datetime(2024, 1, 1, tz="Europe/Berlin")
    with DAG("parity", schedule="30 2 * * *", start_date=start) as dag:
        EmptyOperator(task_id="a")
    return dag


def tasks_with_dates_of_their_own():
    with DAG("parity", schedule="0 0 * * *", start_date=START) as dag:
        EmptyOperator(task_id="always")
        EmptyOperator(task_id="later", start_date=pendulum.datetime(2024, 3, 30))
        EmptyOperator(task_id="earlier", end_date=pendulum.datetime(2024, 4, 1))
    return dag


def data_intervals():
    timetable = CronDataIntervalTimetable("0 6 * * 1-5", timezone="America/New_York")
    with DAG("parity", schedule=timetable, start_date=START) as dag:
        EmptyOperator(task_id="a")
    return dag


def trigger_with_an_interval():
    timetable = CronTriggerTimetable("0 6 * * *", timezone="UTC", interval=dt.timedelta(days=1))
    with DAG("parity", schedule=timetable, start_date=START) as dag:
        EmptyOperator(task_id="a")
    return dag


def several_crons():
    timetable = MultipleCronTriggerTimetable("0 6 * * *", "30 12 * * 1", timezone="UTC")
    with DAG("parity", schedule=timetable, start_date=START) as dag:
        EmptyOperator(task_id="a")
    return dag


def timedelta():
    with DAG("parity", schedule=dt.timedelta(hours=12), start_date=START) as dag:
        EmptyOperator(task_id="a")
    return dag


def asset_outlets():
    with DAG("parity", schedule="0 0 * * *", start_date=START) as dag:
        EmptyOperator(task_id="a", outlets=[Asset("s3://somewhere/out")])
    return dag


KINDS = {
    kind.__name__: kind
    for kind in (
        plain,
        every_task_setting,
        mapped,
        groups_with_setup_and_teardown,
        params,
        time_zone_with_daylight_saving,
        tasks_with_dates_of_their_own,
        data_intervals,
        trigger_with_an_interval,
        several_crons,
        timedelta,
        asset_outlets,
    )
}


class Somebody:
    name = "somebody"

    def readable_dag_ids(self, dag_id=None):
        return None

    def may_create_runs(self, dag_id):
        return True


REQUEST = GroupRequest(
    dag_id="parity",
    prefix="p",
    start_date=dt.datetime(2024, 3, 28, tzinfo=UTC),
    end_date=dt.datetime(2024, 4, 4, tzinfo=UTC),
    conf={"count": 2, "deep": {"list": [1, 2.5, None, "ä"]}},
)


def ours(world, request=REQUEST):
    return CreateRuns(world.runs, lambda: NOW).create(request, Somebody())


def airflows(world, dag, created):
    """Let Airflow create the runs of a creation one by one, as its own trigger does."""
    with world.sessions.begin() as session:
        for run in created.runs:
            made = dag.create_dagrun(
                run_id=run.run_id,
                logical_date=run.logical_date,
                data_interval=(run.data_interval.start, run.data_interval.end),
                run_after=run.run_after,
                conf=dict(run.conf),
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.REST_API,
                **({"triggering_user_name": "somebody"} if versions.USER_OF_THE_TRIGGER else {}),
                state=DagRunState.QUEUED,
                **({"note": created.note} if versions.NOTE_OF_THE_TRIGGER else {}),
                session=session,
            )
            if created.note is not None and not versions.NOTE_OF_THE_TRIGGER:
                made.note = created.note


def rows(world):
    """Return the comparable columns of every run and task instance, in an order that both writers share."""
    found = []
    with world.sessions() as session:
        for model, order in ((DagRun, ("id",)), (TaskInstance, ("run_id", "task_id", "map_index"))):
            table = model.__table__
            query = select(*(column for column in table.c if column.name not in MADE_PER_ROW))
            found += [
                dict(row) for row in session.execute(query.order_by(*(table.c[name] for name in order))).mappings()
            ]
    return found


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_group_is_row_for_row_what_airflow_creates(world, kind):
    dag = world.register(kind())
    with world.sessions() as session:
        assert reason_against_copying(dag, session) is None
    created = ours(world)
    assert len(created.runs) > 4
    made = rows(world)
    world.clear_runs()
    airflows(world, dag, created)
    assert made == rows(world)


@pytest.mark.parametrize("kind", [plain, params, tasks_with_dates_of_their_own], ids=lambda kind: kind.__name__)
def test_confs_of_their_own_notes_and_starts_are_what_airflow_writes(world, kind):
    dag = world.register(kind())
    request = replace(
        REQUEST,
        conf={"name": "y", "a": 1.5},
        conf_per_run={"number": "{number}", "day": ["{logical_date}", None, {"ä": '\U0001f600 " \\ \n \x7f'}]},
        note="ein Hinweis: \U0001f600 'quoted' \n",
        order=Order.DESC,
        pace=Pace(runs=2, interval=dt.timedelta(minutes=1)),
    )
    created = ours(world, request)
    assert len({str(run.conf) for run in created.runs}) == len(created.runs) > 4
    made, notes = rows(world), notes_of(world)
    world.clear_runs()
    airflows(world, dag, created)
    assert made == rows(world)
    assert notes == notes_of(world) == {run.run_id: (request.note, None) for run in created.runs}


def notes_of(world):
    """Return text and user of each note, by run id; when it was made is up to the clock."""
    now = dt.datetime.now(UTC)
    with world.sessions() as session:
        query = select(DagRun.run_id, DagRunNote).join(DagRunNote, DagRunNote.dag_run_id == DagRun.id)
        found = session.execute(query).all()
    assert all(now - note.created_at < dt.timedelta(minutes=1) for _, note in found)
    assert all(note.updated_at - note.created_at < dt.timedelta(seconds=1) for _, note in found)
    return {run_id: (note.content, note.user_id) for run_id, note in found}


def test_a_hook_gets_each_run_its_own_conf_and_note_too(world, monkeypatch):
    def hook(task_instance, dag_run=None):
        pass

    hook.is_noop = False
    world.register(plain())
    monkeypatch.setattr(settings, "task_instance_mutation_hook", hook)
    created = ours(world, replace(REQUEST, conf=None, conf_per_run={"number": "{number}"}, note="a note"))
    assert notes_of(world) == {run.run_id: ("a note", None) for run in created.runs}
    with world.sessions() as session:
        confs = session.scalars(select(DagRun.conf).order_by(DagRun.id)).all()
    assert confs == [{"number": str(number)} for number in range(1, len(created.runs) + 1)]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_made_per_row_is_made_as_airflow_makes_it(world, kind):
    world.register(kind())
    before = dt.datetime.now(UTC)
    ours(world)
    after = dt.datetime.now(UTC)
    with world.sessions() as session:
        runs = session.scalars(select(DagRun)).all()
        tasks = session.scalars(select(TaskInstance)).all()
    if versions.TRACE_PER_RUN:
        carriers = {run.run_id: run.context_carrier for run in runs}
        assert len({str(carrier) for carrier in carriers.values()}) == len(runs)
        assert all(task.context_carrier == carriers[task.run_id] for task in tasks)
        assert len({re.sub("[0-9a-f]{16,}", "", str(carrier)) for carrier in carriers.values()}) == 1
    assert all(before <= run.queued_at <= after for run in runs)
    assert all(before <= row.updated_at <= after for row in (*runs, *tasks))
    ids = [uuid.UUID(str(task.id)) for task in tasks]
    assert len(set(ids)) == len(ids)
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert all(abs((one.int >> 80) / 1000 - after.timestamp()) < 60 for one in ids)


def test_ids_are_stored_in_the_form_that_airflow_stores_them_in(world):
    world.register(plain())
    ours(world)
    with world.sessions() as session:
        stored = (
            session.connection().exec_driver_sql("SELECT CAST(id AS VARCHAR(50)) FROM task_instance").scalars().all()
        )
        template = session.scalars(select(TaskInstance).where(TaskInstance.run_id == "p_0000001_2024-03-28T00:00:00"))
        assert {len(text) for text in stored} == {len(stored[0])}
        assert all(str(one.id).replace("-", "") in {text.replace("-", "") for text in stored} for one in template)


def test_a_task_instance_mutation_hook_makes_airflow_create_each_run(world, monkeypatch, caplog):
    def hook(task_instance, dag_run=None):
        task_instance.queue = f"queue-of-{task_instance.run_id[:9]}"

    hook.is_noop = False
    world.register(plain())
    monkeypatch.setattr(settings, "task_instance_mutation_hook", hook)
    with caplog.at_level(logging.INFO, logger="airflow_run_groups"):
        ours(world)
    assert {row["queue"] for row in rows(world) if "queue" in row} == {
        f"queue-of-p_000000{number}" for number in range(1, 9)
    }
    assert "a cluster policy mutates task instances" in caplog.text


if versions.DEADLINES:
    from airflow.models.deadline import Deadline

    def test_deadlines_make_airflow_create_each_run(world, caplog):
        with DAG("parity", schedule="0 0 * * *", start_date=START, deadline=versions.a_deadline()) as dag:
            EmptyOperator(task_id="a")
        world.register(dag)
        with caplog.at_level(logging.INFO, logger="airflow_run_groups"):
            created = ours(world)
        with world.sessions() as session:
            assert session.scalar(select(func.count()).select_from(Deadline)) == len(created.runs)
        assert "the DAG has deadlines" in caplog.text
