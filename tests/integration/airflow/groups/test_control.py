"""What control leaves in Airflow's tables: one row for a group, a link for each of its runs, and nothing in the end."""

import datetime as dt
import json

import pytest
from airflow.api.common.delete_dag import delete_dag
from airflow.models.backfill import Backfill, BackfillDagRun, ReprocessBehavior
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.utils.db_cleanup import run_cleanup
from airflow.utils.state import DagRunState
from sqlalchemy import delete, func, select, text, update

from airflow_run_groups.domain import (
    Cancel,
    CreateRuns,
    GroupAction,
    GroupChange,
    GroupRequest,
    Order,
    Pace,
    Retry,
    Which,
)
from tests.contracts.creation import Anyone
from tests.contracts.world import date, group_run, utc
from tests.documents import Document
from tests.integration.airflow import versions

NOW = utc(2025, 1, 1)
KEY = "airflow_run_groups"


@pytest.fixture
def group(world):
    """Return a function that creates a group of so many runs."""
    world.dag("a", max_active_runs=16, tasks=2)

    def create(days=3, prefix="g", first=1, **wishes):
        dates = tuple(date(day) for day in range(first, first + days))
        request = GroupRequest(dag_id="a", prefix=prefix, dates=dates, **wishes)
        return CreateRuns(world.runs, lambda: NOW).create(request, Anyone())

    return create


def change(world, prefix="g", **wishes):
    return world.groups.change(GroupChange(dag_id="a", prefix=prefix, **wishes), now=NOW)


def rows(world, *columns):
    with world.sessions() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(columns[0])).all()]


def links(world):
    """Return run id and ordinal of each link, in the order in which Airflow takes the runs."""
    query = select(DagRun.run_id, BackfillDagRun.sort_ordinal).where(
        BackfillDagRun.dag_run_id == DagRun.id, BackfillDagRun.backfill_id == DagRun.backfill_id
    )
    with world.sessions() as session:
        return [(row[0][:9], row[1]) for row in session.execute(query.order_by(BackfillDagRun.sort_ordinal)).all()]


def is_clean(world):
    with world.sessions() as session:
        counts = [session.scalar(select(func.count()).select_from(model)) for model in (Backfill, BackfillDagRun)]
        linked = session.scalar(select(func.count()).where(DagRun.backfill_id.is_not(None)))
    return (*counts, linked) == (0, 0, 0)


def test_without_control_no_row_is_written(world, group):
    group()
    change(world, order=Order.DESC, pace=Pace(runs=1, interval=dt.timedelta(hours=1)))
    assert is_clean(world)


def test_a_row_is_complete_from_the_start_and_holds_our_facts_under_one_key(world, group):
    group(max_active_runs=3, paused=True)
    ((dag_id, first, last, conf, is_paused, cap, completed, behavior),) = rows(
        world,
        Backfill.dag_id,
        Backfill.from_date,
        Backfill.to_date,
        Backfill.dag_run_conf,
        Backfill.is_paused,
        Backfill.max_active_runs,
        Backfill.completed_at,
        Backfill.reprocess_behavior,
    )
    assert (dag_id, first, last, is_paused, cap) == ("a", date(1), date(3), True, 3)
    assert completed is not None
    assert ReprocessBehavior(behavior) is ReprocessBehavior.NONE
    assert conf == {KEY: {"prefix": "g", "paused_at": "2025-01-01T00:00:00+00:00"}}
    group(first=7, days=2)
    assert rows(world, Backfill.from_date, Backfill.to_date) == [(date(1), date(8))]


def test_no_run_has_the_ordinal_by_which_airflow_waives_depends_on_past(world, group):
    group(max_active_runs=3)
    group(first=7, days=2)
    assert links(world) == [(f"g_000000{number}", number + 1) for number in (1, 2, 3, 4, 5)]


def test_another_order_is_that_of_the_ordinals(world, group):
    group(max_active_runs=3)
    change(world, order=Order.DESC)
    assert [run_id for run_id, _ in links(world)] == ["g_0000003", "g_0000002", "g_0000001"]
    assert min(ordinal for _, ordinal in links(world)) >= 2
    change(world, not_before=utc(2999, 1, 1))
    assert [run_id for run_id, _ in links(world)] == ["g_0000003", "g_0000002", "g_0000001"]


def test_runs_under_control_differ_from_others_in_their_link_alone(world, group):
    group(2)
    group(2, prefix="h", first=7, max_active_runs=3)
    task = TaskInstance.__table__
    with world.sessions() as session:
        runs = session.execute(select(DagRun.__table__).order_by(DagRun.id)).mappings().all()
        tasks = session.execute(select(task).where(task.c.task_id == "task_0").order_by(task.c.run_id)).mappings().all()
    own = {"id", "run_id", "logical_date", "data_interval_start", "data_interval_end", "run_after", "context_carrier"}
    times = {"queued_at", "created_at", "updated_at"}
    assert differing(runs[0], runs[2]) - own - times == {"backfill_id"}
    assert differing(tasks[0], tasks[2]) - own - times == set()


def differing(one, other):
    return {name for name in one if one[name] != other[name]}


def test_a_group_that_is_back_to_its_defaults_leaves_no_trace(world, group):
    group(max_active_runs=3, paused=True)
    with world.sessions.begin() as session:
        session.execute(update(DagRun.__table__).where(DagRun.run_id.startswith("g_0000001")).values(state="success"))
    change(world, paused=False, max_active_runs=None)
    assert is_clean(world)


def test_a_cancelled_group_leaves_no_paused_row_behind(world, group):
    group(paused=True)
    world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()))
    assert is_clean(world)


def test_rows_go_when_the_last_run_of_a_group_is_gone(world, group):
    group(max_active_runs=3)
    group(prefix="h", first=7, max_active_runs=3)
    with world.sessions.begin() as session:
        session.execute(delete(TaskInstance.__table__).where(TaskInstance.run_id.startswith("g_")))
        session.execute(update(BackfillDagRun.__table__).values(dag_run_id=None))
        session.execute(delete(DagRun.__table__).where(DagRun.run_id.startswith("g_")))
    change(world, "h", paused=True)
    with world.sessions() as session:
        assert [row.dag_run_conf[KEY]["prefix"] for row in session.scalars(select(Backfill))] == ["h"]


def test_airflow_cleans_runs_under_control_and_the_next_change_cleans_what_is_left(world, group):
    group(max_active_runs=3)
    group(prefix="h", first=7, max_active_runs=3)
    long_ago = utc(2022, 1, 1)
    with world.sessions.begin() as session:
        runs = DagRun.__table__
        session.execute(update(runs).values(state="success", start_date=long_ago, run_after=long_ago))
        session.execute(update(runs).where(runs.c.run_id.startswith("h_")).values(start_date=NOW, run_after=NOW))
        session.execute(update(TaskInstance.__table__).values(start_date=long_ago))
    before = utc(2023, 1, 1)
    run_cleanup(
        clean_before_timestamp=before, table_names=["dag_run", "task_instance"], confirm=False, skip_archive=True
    )
    assert [run_id[0] for (run_id,) in rows(world, DagRun.run_id)] == ["h", "h", "h"]
    change(world, "h", paused=True)
    assert [conf[KEY]["prefix"] for _, conf in rows(world, Backfill.id, Backfill.dag_run_conf)] == ["h"]


def test_the_statements_of_the_document_let_any_airflow_delete_a_dag_with_groups_under_control(world, group):
    group(max_active_runs=3, paused=True)
    with world.sessions.begin() as session:
        for statement in Document("docs/plugin.md").block("delete").replace("example_daily", "a").split(";"):
            if statement.strip():
                session.execute(text(statement))
    delete_dag("a")
    assert is_clean(world)
    assert world.count_runs() == 0


if versions.DELETES_DAGS_WITH_BACKFILLS:

    def test_airflow_deletes_a_dag_with_its_groups_under_control(world, group):
        group(max_active_runs=3, paused=True)
        delete_dag("a")
        assert is_clean(world)
        assert world.count_runs() == 0


def test_a_run_that_airflow_clears_is_told_of(world, group):
    group()
    world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel(), limit=1))
    change(world, paused=True)
    clear(world, 1)
    shown = world.groups.get("a", "g", now=NOW)
    assert (shown.uncontrolled_runs, shown.group.states.queued) == (1, 3)
    assert change(world, paused=True).changed_runs == 1
    assert world.groups.get("a", "g", now=NOW).uncontrolled_runs == 0
    with world.sessions.begin() as session:
        session.execute(update(DagRun.__table__).where(DagRun.run_id == group_run("g", 2, 2)).values(state="success"))
    clear(world, 2)
    assert world.groups.get("a", "g", now=NOW).uncontrolled_runs == 0


def clear(world, day):
    """Clear a run as Airflow's own endpoint does."""
    with world.sessions.begin() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == group_run("g", day, day))).one()
        dag = SerializedDagModel.get("a", session=session).dag
        dag.clear(run_id=run.run_id, dag_run_state=DagRunState.QUEUED, session=session)


def test_runs_of_an_unfinished_backfill_of_airflows_stay_with_it(world, group):
    group()
    with world.sessions.begin() as session:
        theirs = Backfill(dag_id="a", from_date=date(1), to_date=date(3), dag_run_conf={}, max_active_runs=1)
        session.add(theirs)
        session.flush()
        of_first = DagRun.run_id == group_run("g", 1, 1)
        session.execute(update(DagRun.__table__).where(of_first).values(backfill_id=theirs.id))
        number = session.scalar(select(DagRun.id).where(of_first))
        session.add(BackfillDagRun(backfill_id=theirs.id, dag_run_id=number, logical_date=date(1), sort_ordinal=1))
        ours = theirs.id
    changed = change(world, paused=True)
    assert changed.changed_runs == 2
    assert changed.warnings == (
        "1 run of the group is held by an unfinished backfill of Airflow's own, and not changed",
    )
    with world.sessions.begin() as session:
        assert session.scalar(select(DagRun.backfill_id).where(DagRun.run_id == group_run("g", 1, 1))) == ours
        session.execute(update(Backfill.__table__).where(Backfill.id == ours).values(completed_at=NOW))
    assert change(world, paused=True).changed_runs == 1
    assert [ordinal for _, ordinal in links(world)] == [2, 3, 4]


def test_a_backfill_of_airflows_whose_conf_has_our_key_controls_nothing(world, group):
    group()
    with world.sessions.begin() as session:
        conf = {KEY: {"prefix": "g", "paused_at": "never"}}
        theirs = Backfill(dag_id="a", from_date=date(1), to_date=date(3), dag_run_conf=conf, is_paused=True)
        session.add(theirs)
        session.flush()
        theirs.completed_at = theirs.created_at + dt.timedelta(seconds=1)
    assert world.groups.get("a", "g", now=NOW).control is None
    assert world.groups.paused(None, readable=None, start=None, limit=10).groups == ()
    change(world, max_active_runs=3)
    change(world, max_active_runs=None)
    assert len(rows(world, Backfill.id)) == 1


def test_airflows_own_backfill_can_be_created_beside_groups_under_control(world, group):
    group(max_active_runs=3)
    group(prefix="h", first=7, paused=True)
    with world.sessions() as session:
        active = select(func.count()).where(Backfill.dag_id == "a", Backfill.completed_at.is_(None))
        assert session.scalar(active) == 0
    versions.create_backfill("a", date(20), date(21))
    assert world.groups.get("a", "g", now=NOW).control.max_active_runs == 3
    change(world, "h", paused=False)
    with world.sessions() as session:
        assert session.scalar(select(func.count()).where(DagRun.run_id.startswith("backfill__"))) == 2


def test_retried_runs_stay_under_the_cap(world, group):
    group()
    world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Cancel()))
    group(1, first=9, max_active_runs=2)
    world.groups.apply(GroupAction(dag_id="a", prefix="g", action=Retry(which=Which.ALL)))
    assert [run_id for run_id, _ in links(world)] == ["g_0000004", "g_0000001", "g_0000002", "g_0000003"]


def test_a_change_is_an_entry_in_the_audit_log_and_a_repeat_is_none(world, group):
    group()
    for _ in range(2):
        change(world, paused=True, max_active_runs=3, order=Order.DESC, requested_by="ann")
    change(world, max_active_runs=None, dry_run=True)
    with world.sessions() as session:
        (entry,) = session.scalars(select(Log).where(Log.event == "patch_dag_run")).all()
    assert (entry.dag_id, entry.owner) == ("a", "ann")
    assert json.loads(entry.extra) == {
        "prefix": "g",
        "dag_runs": 3,
        "paused": True,
        "max_active_runs": 3,
        "order": "desc",
    }
