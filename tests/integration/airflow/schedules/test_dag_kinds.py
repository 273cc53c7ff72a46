"""Every kind of schedule and DAG either does what Airflow does, or is refused with a reason; never a run with no tasks."""

import datetime as dt
import re

import pendulum
import pytest
from airflow import settings
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.sdk import DAG, Asset, Param
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable, MultipleCronTriggerTimetable
from sqlalchemy import select, update

from airflow_run_groups.domain import (
    ClusterPolicyFailed,
    CreateRuns,
    DagNotFound,
    DagRunFilter,
    GroupRequest,
    InvalidConf,
    Refused,
)
from tests.integration.airflow import versions

UTC = dt.timezone.utc
NOW = dt.datetime(2024, 6, 15, 10, 30, tzinfo=UTC)


class Anybody:
    name = display_name = None

    def readable_dag_ids(self, dag_id=None):
        return None

    def may_create_runs(self, dag_id):
        return True


@pytest.fixture
def create(world):
    def create(start=None, end=None, *, dag_id="a_dag", now=NOW, **options):
        request = GroupRequest(dag_id=dag_id, start_date=at(start), end_date=at(end), **options)
        return CreateRuns(world.runs, lambda: now).create(request, Anybody())

    return create


def at(text):
    return text and dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def dates(created):
    return [run.logical_date.strftime("%m-%dT%H:%M") for run in created.runs]


def intervals(created):
    return [
        (run.data_interval.start.strftime("%m-%dT%H:%M"), run.data_interval.end.strftime("%m-%dT%H:%M"))
        for run in created.runs
    ]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 0 * * *", ["06-10T00:00", "06-11T00:00", "06-12T00:00"]),
        ("@daily", ["06-10T00:00", "06-11T00:00", "06-12T00:00"]),
        (dt.timedelta(days=1), ["06-10T00:00", "06-11T00:00", "06-12T00:00"]),
        (DeltaTriggerTimetable(dt.timedelta(hours=36)), ["06-10T00:00", "06-11T12:00"]),
        (CronDataIntervalTimetable("0 12 * * *", timezone="UTC"), ["06-10T12:00", "06-11T12:00"]),
        (CronTriggerTimetable("0 12 * * *", timezone="UTC"), ["06-10T12:00", "06-11T12:00"]),
        (
            CronTriggerTimetable("0 12 * * *", timezone="UTC", interval=dt.timedelta(hours=12)),
            ["06-10T00:00", "06-11T00:00", "06-12T00:00"],
        ),
        (
            MultipleCronTriggerTimetable("0 1 * * *", "0 2 10 * *", timezone="UTC"),
            ["06-10T01:00", "06-10T02:00", "06-11T01:00"],
        ),
        (
            EventsTimetable(event_dates=[pendulum.datetime(2024, 6, 11), pendulum.datetime(2024, 7, 1)]),
            ["06-11T00:00"],
        ),
        (
            AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 0 * * *", timezone="UTC"), assets=[Asset("a")]),
            ["06-10T00:00", "06-11T00:00", "06-12T00:00"],
        ),
    ],
)
def test_the_timetable_decides_which_dates_a_range_holds(world, create, schedule, expected):
    world.dag(schedule=schedule)
    assert dates(create("2024-06-10", "2024-06-12")) == expected
    assert world.count_runs() == len(expected)
    assert world.count_tasks() == len(expected)


@pytest.mark.parametrize(
    "schedule",
    [
        "0 0 * * *",
        dt.timedelta(days=1),
        CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
        CronTriggerTimetable("0 12 * * *", timezone="UTC", interval=dt.timedelta(hours=12)),
    ],
)
def test_a_run_has_the_interval_and_start_that_the_scheduled_run_of_its_date_would_have(world, create, schedule):
    dag = world.dag(schedule=schedule)
    run = create("2024-06-10", "2024-06-10").runs[0]
    (info,) = [
        info
        for info in dag.iter_dagrun_infos_between(pendulum.datetime(2024, 6, 9), pendulum.datetime(2024, 6, 12))
        if info.logical_date == run.logical_date
    ]
    assert (run.data_interval.start, run.data_interval.end, run.run_after) == (*info.data_interval, info.run_after)


def test_an_interval_that_has_not_ended_is_the_schedulers(world, create):
    world.dag(schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"))
    assert dates(create("2024-06-13", "2024-06-20")) == ["06-13T00:00", "06-14T00:00"]


def test_daylight_saving_neither_loses_nor_doubles_a_date(world, create):
    world.dag(schedule=CronTriggerTimetable("30 2 * * *", timezone="Europe/Berlin"))
    spring = create("2024-03-30", "2024-04-02")
    assert dates(spring) == ["03-30T01:30", "03-31T01:30", "04-01T00:30"]
    autumn = create("2023-10-28", "2023-10-31")
    assert dates(autumn) == ["10-28T00:30", "10-29T01:30", "10-30T01:30"]


@pytest.mark.parametrize("schedule", [None, "@once", "@continuous", [Asset("s3://a")]])
class TestWithoutAPeriodicSchedule:
    def test_no_dates_make_one_run_now(self, world, create, schedule):
        world.dag(schedule=schedule, max_active_runs=1)
        created = create()
        assert [(run.run_id, run.run_after) for run in created.runs] == [("manual_0000001_2024-06-15T10:30:00", NOW)]
        assert world.count_tasks() == 1

    def test_a_start_alone_or_equal_to_the_end_makes_one_run_at_that_date(self, world, create, schedule):
        world.dag(schedule=schedule, max_active_runs=1)
        assert dates(create("2024-06-01T05:00")) == ["06-01T05:00"]
        assert dates(create("2024-06-02", "2024-06-02")) == ["06-02T00:00"]
        assert (create("2024-06-02", "2024-06-02").existing, world.count_runs()) == (1, 2)

    def test_a_range_is_refused(self, world, create, schedule):
        world.dag(schedule=schedule, max_active_runs=1)
        with pytest.raises(Refused, match="no periodic schedule"):
            create("2024-06-01", "2024-06-02")


def test_a_run_now_has_the_interval_that_airflows_own_trigger_infers(world, create):
    world.dag(schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"))
    created = create()
    assert dates(created) == ["06-15T10:30"]
    assert intervals(created) == [("06-14T00:00", "06-15T00:00")]


if versions.PARTITIONS:
    from airflow.timetables.trigger import CronPartitionTimetable

    def test_a_partitioned_timetable_is_refused(world, create):
        world.dag(schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC"))
        for dates_given in ((), ("2024-06-01", "2024-06-02")):
            with pytest.raises(Refused, match="partition"):
                create(*dates_given)

    def test_a_partitioned_timetable_is_no_matter_of_ranges_where_one_run_is_asked_for(world, create):
        world.dag(schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC"))
        with pytest.raises(Refused, match="trigger it in Airflow"):
            create()


@pytest.mark.parametrize(
    ("interval", "says"),
    [
        ("R R * * *", "interval 'R R * * *' cannot be used"),
        ("r(0-5)/2 0 * * *", "interval 'r(0-5)/2 0 * * *' cannot be used"),
        ("0 0 30 2 *", "interval '0 0 30 2 *' failed"),
    ],
)
def test_an_interval_that_does_not_work_is_named(world, create, interval, says):
    world.dag(schedule=None)
    with pytest.raises(Refused, match=re.escape(says)):
        create("2024-06-01", "2024-06-10", interval=interval)


@pytest.mark.parametrize(
    "schedule",
    [
        "R R * * *",
        MultipleCronTriggerTimetable("0 1 * * *", "0 R * * *", timezone="UTC"),
        AssetOrTimeSchedule(timetable=CronTriggerTimetable("R 0 * * *", timezone="UTC"), assets=[Asset("a")]),
    ],
)
def test_a_schedule_of_random_dates_has_no_range_that_could_be_planned(world, create, schedule):
    world.dag(schedule=schedule)
    with pytest.raises(Refused, match="leaves the dates to chance"):
        create("2024-06-01", "2024-06-10")
    assert len(create().runs) == 1


def test_an_interval_counts_from_the_start_date_when_the_dag_starts_later(world, create):
    world.dag(schedule=None, start_date=at("2024-01-03"))
    assert dates(create("2024-01-01", "2024-01-16", interval=dt.timedelta(weeks=1))) == ["01-08T00:00", "01-15T00:00"]


def raising(error):
    def hook(task_instance, dag_run=None):
        raise error

    return hook


@pytest.mark.parametrize("error", [ValueError("no queue"), KeyError("team"), RuntimeError("down")])
def test_a_mutation_hook_that_raises_is_named(world, create, monkeypatch, error):
    world.dag()
    monkeypatch.setattr(settings, "task_instance_mutation_hook", raising(error))
    with pytest.raises(ClusterPolicyFailed) as caught:
        create("2024-06-01", "2024-06-03")
    expected = (
        "the cluster policy task_instance_mutation_hook of this Airflow failed for run 'manual_0000001_2024-06-01"
    )
    assert str(caught.value).startswith(expected)
    assert type(error).__name__ in str(caught.value)
    assert (world.count_runs(), world.count_tasks()) == (0, 0)


def test_what_airflow_treats_differently_for_manual_runs_is_known_of_a_dag(world, create):
    with DAG("a_dag", schedule="@daily", catchup=True, start_date=pendulum.datetime(2024, 1, 1)) as dag:
        LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="work", wait_for_downstream=True)
    world.register(dag)
    warnings = " ".join(create("2024-06-01", "2024-06-02").warnings)
    assert "LatestOnlyOperator" in warnings
    assert "do not wait for each other" in warnings


if versions.DEADLINES:

    def test_deadlines_are_known_of_a_dag(world, create):
        with DAG("a_dag", schedule="@daily", deadline=versions.a_deadline()) as dag:
            EmptyOperator(task_id="work")
        world.register(dag)
        assert "has deadlines" in " ".join(create("2024-06-01", "2024-06-02").warnings)


def test_stale_and_unknown_dags_do_not_exist(world, create):
    world.dag(is_stale=True)
    for dag_id in ("a_dag", "unknown"):
        with pytest.raises(DagNotFound):
            create(dag_id=dag_id)


def test_a_dag_that_was_never_serialized_does_not_exist(world, create):
    world.dag()
    with world.sessions.begin() as session:
        session.execute(SerializedDagModel.__table__.delete())
    with pytest.raises(DagNotFound):
        create()


def test_import_errors_are_refused(world, create):
    world.dag(has_import_errors=True)
    with pytest.raises(Refused, match="import errors"):
        create()


if versions.ALLOWED_RUN_TYPES:

    def test_a_dag_that_allows_no_manual_runs_is_refused(world, create):
        world.dag(allowed_run_types=["scheduled"])
        with pytest.raises(Refused, match="does not allow manual runs"):
            create()
        world.dag(allowed_run_types=["manual", "scheduled"])
        assert [run.run_type.value for run in create("2024-05-01", "2024-05-01").runs] == ["manual"]
        world.dag(allowed_run_types=["backfill", "scheduled"])
        assert [run.run_type.value for run in create("2024-04-01", "2024-04-01").runs] == ["backfill"]


def test_conf_is_held_against_the_params_before_anything_is_written(world, create):
    world.dag(params={"count": Param(1, type="integer", minimum=1), "name": "x"})
    for conf in ({"count": "many"}, {"count": 0}, {"count": None}):
        with pytest.raises(Refused, match=r"^conf does not fit the params of DAG 'a_dag': .*count.*$"):
            create("2024-06-01", "2024-06-02", conf=conf)
    world.dag("required", schedule=None, params={"count": Param(type="integer")})
    for conf in (None, {}, {"other": 1}):
        with pytest.raises(Refused, match="count"):
            create(dag_id="required", conf=conf)
    assert world.count_runs() == 0
    create("2024-06-01", "2024-06-02", conf={"count": 3, "unknown": True})
    with world.sessions() as session:
        assert session.scalars(select(DagRun.conf)).all() == [{"count": 3, "unknown": True}] * 2


if versions.RESERVED_CONF_KEYS:

    @pytest.mark.parametrize("conf", [{"__classname__": "x"}, {"a": [{"b": {"__data__": 1}}]}])
    @pytest.mark.parametrize("per_run", [False, True])
    def test_a_conf_with_a_key_that_airflow_reserves_is_refused(world, create, conf, per_run):
        world.dag()
        with pytest.raises(InvalidConf, match=r"^conf.* contains reserved serialization keys: __(classname|data)__"):
            create("2024-06-01", "2024-06-02", **{"conf_per_run" if per_run else "conf": conf})
        assert world.count_runs() == 0


def test_dates_that_get_no_task_are_left_out_and_those_beyond_all_tasks_refused(world, create):
    with DAG("a_dag", schedule="@daily") as dag:
        EmptyOperator(
            task_id="until_march", start_date=pendulum.datetime(2024, 1, 1), end_date=pendulum.datetime(2024, 3, 1)
        )
        EmptyOperator(
            task_id="from_may", start_date=pendulum.datetime(2024, 5, 1), end_date=pendulum.datetime(2024, 6, 1)
        )
    world.register(dag)
    with pytest.raises(Refused, match=r"before the first date.*2024-01-01"):
        create("2023-12-01", "2023-12-31")
    with pytest.raises(Refused, match=r"after the last date.*2024-06-01"):
        create("2024-06-02", "2024-06-10")
    assert (world.count_runs(), world.count_tasks()) == (0, 0)
    created = create("2024-02-29", "2024-05-02")
    assert dates(created) == ["02-29T00:00", "03-01T00:00", "05-01T00:00", "05-02T00:00"]
    (warning,) = created.warnings
    assert warning.startswith("60 dates get no run, the first is 2024-03-02T00:00:00Z: DAG 'a_dag' has no task for it")
    assert (world.count_runs(), world.count_tasks()) == (4, 4)


def test_a_dag_without_tasks_is_refused(world, create):
    world.dag(tasks=0)
    with pytest.raises(Refused, match="no task"):
        create("2024-06-01", "2024-06-03")
    assert world.count_runs() == 0


def test_the_part_of_a_range_beyond_the_dag_is_left_out_with_a_warning(world, create):
    world.dag(start_date=at("2024-06-02"), end_date=at("2024-06-03"))
    created = create("2024-06-01", "2024-06-04")
    assert dates(created) == ["06-02T00:00", "06-03T00:00"]
    assert len(created.warnings) == 2


def test_runs_that_exist_are_skipped_whatever_made_them(world, create):
    world.dag()
    world.run("a_dag", "scheduled__2024-06-02", logical_date=at("2024-06-02"), run_type="scheduled", state="failed")
    world.run("a_dag", "manual__x", logical_date=at("2024-06-03"))
    world.run("a_dag", "asset_triggered__x", logical_date=None, run_type="asset_triggered")
    created = create("2024-06-01", "2024-06-05", limit=2, partial=True)
    assert dates(created) == ["06-01T00:00", "06-04T00:00"]
    assert (created.existing, created.next_start_date) == (2, at("2024-06-05"))
    assert dates(create("2024-06-01", "2024-06-05")) == ["06-05T00:00"]
    assert create("2024-06-01", "2024-06-05").runs == ()


def test_skipping_thousands_of_dates_takes_no_query_each(world, create):
    world.dag(schedule="*/10 * * * *")
    for _ in range(5):
        create("2024-01-01", partial=True)
    statements = world.count_statements(lambda: create("2024-01-01", limit=3, partial=True))
    assert world.count_runs() == 2503
    assert statements < 30


@pytest.mark.parametrize(
    ("facts", "run_type"),
    [
        ({}, "backfill"),
        ({"catchup": True, "start_date": at("2024-01-01")}, "manual"),
        ({"schedule": dt.timedelta(days=1)}, "manual"),
        ({"windows": [(None, None), (at("2024-07-01"), None)]}, "manual"),
    ],
)
def test_the_runs_are_queued_and_triggered_over_the_api_with_the_type_that_costs_no_scheduled_run(
    world, create, facts, run_type
):
    world.dag(**facts)
    create("2024-06-01", "2024-06-01")
    assert (run_of(world).run_type, run_of(world).triggered_by.name) == (run_type, "REST_API")
    assert world.runs.list(DagRunFilter(external_trigger=True)).runs[0].external_trigger
    assert world.runs.list(DagRunFilter(external_trigger=False)).runs == ()


def test_a_schedule_that_counts_from_its_last_run_goes_on_behind_its_latest_one(world, create):
    world.dag(schedule=dt.timedelta(days=1))
    world.run("a_dag", "scheduled__x", logical_date=at("2024-06-03"), run_type="scheduled")
    created = create("2024-06-01", "2024-06-05")
    assert [(run.logical_date.day, run.run_type.value) for run in created.runs] == [
        (1, "backfill"),
        (2, "backfill"),
        (4, "manual"),
        (5, "manual"),
    ]


def run_of(world):
    with world.sessions() as session:
        return session.scalars(select(DagRun).limit(1)).one()


def test_a_run_now_is_queued_manual_and_triggered_over_the_api(world, create):
    world.dag()
    create()
    with world.sessions() as session:
        run = session.scalars(select(DagRun).limit(1)).one()
    assert (run.run_type, run.state, run.triggered_by.name, run.start_date) == ("manual", "queued", "REST_API", None)


def test_paused_dags_get_runs_that_wait(world, create):
    world.dag(is_paused=True)
    assert "paused" in " ".join(create().warnings)


if versions.DRAINING:

    def test_a_draining_dag_gets_runs_that_are_executed_as_those_of_airflows_own_trigger_are(world, create):
        world.dag()
        with world.sessions.begin() as session:
            session.execute(update(DagModel).values(is_draining=True))
        created = create()
        assert "DAG 'a_dag' is draining: " in " ".join(created.warnings)
        with world.sessions.begin() as session:
            starting = [run.run_id for run in DagRun.get_queued_dag_runs_to_set_running(session)]
            assert starting == [run.run_id for run in created.runs]
            assert session.scalars(select(DagModel.is_draining)).one() is True


class TestBrokenMetadata:
    @pytest.fixture
    def broken(self, world):
        """Change the stored DAG as a broken upgrade, or a missing plugin, would."""
        world.dag()
        world.dag("healthy")

        def broken(change):
            with world.sessions.begin() as session:
                stored = SerializedDagModel.get("a_dag", session=session)
                data = stored.data
                change(data["dag"])
                session.execute(
                    update(SerializedDagModel.__table__)
                    .where(SerializedDagModel.__table__.c.dag_id == "a_dag")
                    .values(data=data)
                )

        return broken

    def test_a_missing_custom_timetable_is_named(self, create, broken):
        broken(lambda dag: dag["timetable"].update(__type="company.timetables.Lunar"))
        with pytest.raises(Refused, match="Lunar"):
            create()
        assert len(create(dag_id="healthy").runs) == 1

    def test_a_dag_that_cannot_be_read_is_named(self, create, broken):
        broken(lambda dag: dag.pop("tasks"))
        with pytest.raises(Refused, match="cannot read DAG 'a_dag'"):
            create()
        assert len(create(dag_id="healthy").runs) == 1

    def test_a_schedule_that_is_no_cron_is_named(self, create, broken):
        broken(lambda dag: dag["timetable"]["__var"].update(expression="0 0 30 2 *"))
        with pytest.raises(Refused, match="a_dag"):
            create("2024-06-01", "2024-06-02")
