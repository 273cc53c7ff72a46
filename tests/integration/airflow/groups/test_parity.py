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
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG, Asset, Param, TaskGroup, setup, task, task_group, teardown
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, MultipleCronTriggerTimetable
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import func, inspect, select, text

from airflow_run_groups.adapters.airflow import compat
from airflow_run_groups.adapters.airflow.writing.bulk_insert import reason_against_copying
from airflow_run_groups.domain import CreateRuns, GroupRequest, InvalidConf, Order, Pace, Refused
from tests.integration.airflow import versions

if versions.REGIONS:
    from airflow.models import dynamic_region
    from airflow.models.dynamic_region import DynamicRegion

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


def loop():
    with DAG("parity", schedule="0 0 * * *", start_date=START) as dag:

        @task
        def number(x):
            return x

        @task_group
        def again():
            number.override(task_id="first")(0) >> number.expand(x=[1, 2])

        again.loop(max_iterations=3)
        number.override(task_id="mapped").expand(x=[1, 2])
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
        *((loop,) if versions.REGIONS else ()),
    )
}


class Somebody:
    name = "somebody"
    display_name = "Some Body"

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
                run_type=DagRunType(run.run_type.value),
                triggered_by=DagRunTriggeredByType.REST_API,
                **({"triggering_user_name": Somebody.display_name} if versions.USER_OF_THE_TRIGGER else {}),
                state=DagRunState.QUEUED,
                **({"note": created.note} if versions.NOTE_OF_THE_TRIGGER else {}),
                **({"bundle_version": created.bundle_version} if versions.BUNDLE_VERSION_OF_THE_TRIGGER else {}),
                session=session,
            )
            if created.note is not None and not versions.NOTE_OF_THE_TRIGGER:
                made.note = created.note


def rows(world):
    """Return the comparable columns of every run and task instance, in an order that both writers share."""
    runs, tasks = DagRun.__table__, TaskInstance.__table__
    index = TaskInstance.map_index.expression if versions.REGIONS else tasks.c.map_index
    found = []
    with world.sessions() as session:
        regions = {}
        if versions.REGIONS:
            regions = {one.id: f"{one.run_id} {one.node_id}" for one in session.scalars(select(DynamicRegion))}
            found += regions_of(session, regions)
        for table, order in ((runs, [runs.c.id]), (tasks, [tasks.c.run_id, tasks.c.task_id, index])):
            query = select(*(column for column in table.c if column.name not in MADE_PER_ROW)).order_by(*order)
            found += [named(row, regions) for row in session.execute(query).mappings()]
        found.append(counts(session))
    return found


def counts(session):
    """Count the rows of every table but the audit log, in which each writer has entries of its own."""
    return {
        name: session.scalar(select(func.count()).select_from(text(f'"{name}"')))
        for name in inspect(session.connection()).get_table_names()
        if name != "log"
    }


def named(row, regions):
    """Return a row in which the name of a region stands for its id, which each run has made anew."""
    return {key: regions.get(value, value) if key.endswith("region_id") else value for key, value in row.items()}


def regions_of(session, names):
    """Return the comparable columns of every region; what Airflow derives from ids is compared with what follows from them."""
    found = []
    query = select(DynamicRegion).order_by(DynamicRegion.run_id, DynamicRegion.node_id)
    for region in session.scalars(query):
        place = (region.dag_id, region.run_id, region.node_id, region.parent_region_id, region.parent_region_index)
        assert region.family_root_id == region.id
        assert region.slot_key == dynamic_region._build_slot_key(*place)  # noqa: SLF001 - it has no other name
        above = session.get(DynamicRegion, region.parent_region_id) if region.parent_region_id else None
        path = b"" if above is None else above.path + above.id.bytes + region.parent_region_index.to_bytes(4, "big")
        assert region.path == path
        row = {column.name: getattr(region, column.name) for column in DynamicRegion.__table__.c}
        derived = {"id", "created_at", "family_root_id", "slot_key", "path"}
        found.append(named({key: value for key, value in row.items() if key not in derived}, names))
    return found


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_group_is_row_for_row_what_airflow_creates(world, kind):
    dag = world.register(kind())
    created = ours(world)
    with world.sessions() as session:
        assert reason_against_copying(dag, [run.conf for run in created.runs], session) is None
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


if versions.BUNDLE_VERSION_OF_THE_TRIGGER:

    def two_versions(world, first, second):
        """Store two versions of a DAG, as v1 and v2 of its bundle, and return the first; Airflow keeps one that has runs."""
        earlier = world.register(first, bundle_version="v1")
        ours(world)
        world.register(second, bundle_version="v2")
        world.clear_runs()
        return earlier

    @pytest.mark.parametrize("copies", [True, False])
    def test_a_group_of_a_bundle_version_is_what_airflow_creates_of_it(world, monkeypatch, copies):
        earlier = two_versions(world, params(), mapped())
        if not copies:
            monkeypatch.setattr(compat, "PROVED_MINORS", set())
        created = ours(world, replace(REQUEST, bundle_version="v1"))
        assert len(created.runs) > 4
        made = rows(world)
        assert {row["bundle_version"] for row in made if "bundle_version" in row} == {"v1"}
        assert {row["task_id"] for row in made if "task_id" in row} == {task.task_id for task in earlier.tasks}
        world.clear_runs()
        with world.sessions() as session:
            latest = SerializedDagModel.get("parity", session=session).dag
        airflows(world, latest, created)
        assert made == rows(world)

    def test_a_group_of_a_bundle_version_has_its_schedule_and_params(world):
        two_versions(world, params(), data_intervals())
        with pytest.raises(InvalidConf, match="count"):
            ours(world, replace(REQUEST, conf={"count": 0}, bundle_version="v1"))
        days = {run.logical_date.hour for run in ours(world, replace(REQUEST, bundle_version="v1")).runs}
        assert days == {0}
        assert {run.logical_date.hour for run in ours(world, replace(REQUEST, conf={"count": 0})).runs} == {10}

    def test_the_version_that_runs_says_which_run_types_are_allowed(world):
        with DAG("parity", schedule="0 0 * * *", start_date=START, allowed_run_types=["scheduled"]) as dag:
            EmptyOperator(task_id="a")
        two_versions(world, plain(), dag)
        with pytest.raises(Refused, match="does not allow manual runs"):
            ours(world)
        assert len(ours(world, replace(REQUEST, bundle_version="v1")).runs) > 4

    def test_a_dag_that_disables_bundle_versioning_has_none(world):
        with DAG("parity", schedule="0 0 * * *", start_date=START, disable_bundle_versioning=True) as dag:
            EmptyOperator(task_id="a")
        world.register(dag, bundle_version="v1")
        with pytest.raises(Refused, match="does not support bundle versioning"):
            ours(world, replace(REQUEST, bundle_version="v1"))


TRACED = {"airflow/task_span_detail_level": 2} | (
    {
        "airflow/trace_sampled": True,
        "airflow/dagrun_parent_trace_context": f"00-{'a' * 32}-{'b' * 16}-01",
    }
    if versions.TRACE_BY_CONF
    else {}
)

if versions.SPAN_DETAIL_BY_CONF:

    @pytest.mark.parametrize("key", TRACED)
    def test_a_conf_that_says_how_a_run_is_traced_does_so_for_each_run(world, key):
        dag = world.register(plain())
        dates = tuple(dt.datetime(2024, 3, day, tzinfo=UTC) for day in (1, 2, 3))
        confs = ({}, {key: TRACED[key]}, {key: TRACED[key]})
        created = ours(
            world, replace(REQUEST, start_date=None, end_date=None, dates=dates, conf=None, conf_per_run=confs)
        )
        made = carriers_of(world)
        world.clear_runs()
        airflows(world, dag, created)
        assert made == carriers_of(world)
        assert len({str(carrier) for carrier in made}) > 1


def carriers_of(world):
    """Return how each run is traced, in their order, without what was drawn for it alone."""
    with world.sessions() as session:
        carriers = session.scalars(select(DagRun.context_carrier).order_by(DagRun.id)).all()
    given = {"a" * 32}
    return [
        {key: re.sub("[0-9a-f]{16,}", lambda found: found[0] * (found[0] in given), text) for key, text in one.items()}
        for one in carriers
    ]


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
