"""Cancel and retry beside Airflow's own "mark as failed" and "clear only failed", on DAGs of every shape.

Airflow's own functions decide what happens next (DagRun.update_state); the tasks that it would execute succeed.
``make shapes`` has the same DAGs executed by Airflow's scheduler.
"""

import datetime as dt

import pytest
from airflow.api.common.mark_tasks import set_dag_run_state_to_failed
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import DagRunState
from sqlalchemy import select, update

from airflow_run_groups.domain import Cancel, GroupAction, Retry
from tests.contracts.world import add, date, group_run, new_run
from tests.integration.airflow import shapes, versions

OURS, AIRFLOWS, THIRD = 1, 2, 3
UTC = dt.timezone.utc
HOUR = dt.timedelta(hours=1)
FAILURES = {"failed", "upstream_failed"}
CASES = [
    (shapes.linear, "queued", {}),
    (shapes.linear, "running", {"before": "success", "work": "running"}),
    (shapes.linear, "running", {"before": "up_for_retry"}),
    (shapes.linear, "running", {"before": "success", "work": "queued"}),
    (shapes.mapped, "queued", {}),
    (shapes.mapped, "running", {("work", 0): "success", ("work", 1): "running", "numbers": "success"}),
    (shapes.mapped, "running", {"work": "success", "numbers": "running"}),
    (shapes.groups, "queued", {}),
    (shapes.groups, "running", {"one.before": "success", "one.work": "running"}),
    (shapes.mapped_group, "queued", {}),
    (shapes.mapped_group, "running", {("inner.up", 0): "success", ("inner.up", 1): "running"}),
    (
        shapes.mapped_group,
        "running",
        {"inner.up": "success", ("inner.work", 0): "success", ("inner.work", 1): "running"},
    ),
    (shapes.branch, "queued", {}),
    (shapes.branch, "running", {"choose": "running"}),
    (shapes.branch, "running", {"choose": "success", "other": "skipped", "work": "running"}),
    (shapes.short_circuit, "queued", {}),
    (shapes.short_circuit, "running", {"gate": "running", "work": "success"}),
    (shapes.short_circuit, "running", {"gate": "success", "load": "skipped", "notify": "skipped", "work": "running"}),
    (shapes.rules, "queued", {}),
    (shapes.rules, "running", {"first": "success", "work": "running"}),
    (shapes.rules, "running", {"first": "failed", "work": "running", "alert": "running"}),
    (shapes.early_leaf, "running", {"first": "success", "work": "running", "leaf": "success"}),
    (shapes.sensor, "queued", {}),
    (shapes.sensor, "running", {"sense": "up_for_reschedule"}),
    (shapes.deferred, "queued", {}),
    (shapes.deferred, "running", {"defer": "deferred"}),
    (shapes.setup_teardown, "queued", {}),
    (shapes.setup_teardown, "queued", {"other": "success"}),
    (shapes.setup_teardown, "queued", {"up": "success", "other": "success"}),
    (shapes.setup_teardown, "running", {"up": "running"}),
    (shapes.setup_teardown, "running", {"up": "success"}),
    (shapes.setup_teardown, "running", {"up": "success", "work": "running", "other": "success"}),
    (shapes.setup_teardown, "running", {"up": "success", "work": "success", "other": "running"}),
    (shapes.nested, "queued", {}),
    (shapes.nested, "running", {"up": "success"}),
    (shapes.nested, "running", {"up": "success", "inner_up": "success", "work": "running"}),
    (shapes.two_setups, "queued", {}),
    (shapes.two_setups, "queued", {"up": "success"}),
    (shapes.two_setups, "running", {"up": "success", "second_up": "running"}),
    (shapes.deciding_teardown, "queued", {}),
    (shapes.deciding_teardown, "running", {"up": "success"}),
    (shapes.deciding_teardown, "running", {"up": "success", "work": "running"}),
    (shapes.no_setup, "queued", {}),
    (shapes.no_setup, "running", {"work": "running"}),
    (shapes.only_setup_and_teardown, "queued", {}),
    (shapes.only_setup_and_teardown, "running", {"work": "running"}),
    (shapes.only_setup_and_teardown, "running", {"work": "success", "down": "running"}),
    (shapes.in_sequence, "queued", {}),
    (shapes.in_sequence, "running", {"before": "success", "work": "running"}),
]
if versions.REGIONS:
    CASES += [
        (shapes.loop, "queued", {}),
        (shapes.loop, "running", {"again.before": "success", "again.work": "running"}),
    ]


def names(value):
    if callable(value):
        return value.__name__
    if isinstance(value, dict):
        tasks = (key if isinstance(key, str) else f"{key[0]}.{key[1]}" for key in value)
        return ",".join(f"{task}={state}" for task, state in zip(tasks, value.values(), strict=True)) or "nothing"
    return None


class Shape:
    """Runs of a DAG of some shape, in a world where its tasks succeed."""

    def __init__(self, world, shape, state="queued", tasks=None, numbers=(OURS, AIRFLOWS), **options):
        self.world = world
        self.dag_id = shape.__name__
        self.dag = world.register(shapes.dag_of(shape, **options))
        add(world, self.dag_id, *(new_run(group_run("g", number, number), date(number)) for number in numbers))
        for number in numbers:
            self.put(number, state, tasks or {})

    def put(self, number, state, tasks):
        now = dt.datetime.now(UTC)
        with self.world.sessions.begin() as session:
            session.execute(update(DagRun).where(DagRun.id == self.run(number).id).values(state=state))
            for key, reached in tasks.items():
                task_id, map_index = key if isinstance(key, tuple) else (key, None)
                where = [TaskInstance.run_id == group_run("g", number, number), TaskInstance.task_id == task_id]
                if map_index is not None:
                    where.append(TaskInstance.map_index == map_index)
                dates = {"start_date": now, "end_date": None if reached == "running" else now}
                session.execute(update(TaskInstance).where(*where).values(state=reached, **dates))
                if (task_id, reached) == ("numbers", "success"):
                    self._push(group_run("g", number, number), session)

    def run(self, number):
        with self.world.sessions() as session:
            return session.scalar(
                select(DagRun).where(DagRun.dag_id == self.dag_id, DagRun.run_id == group_run("g", number, number))
            )

    def states(self, number):
        query = select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
            TaskInstance.dag_id == self.dag_id, TaskInstance.run_id == group_run("g", number, number)
        )
        with self.world.sessions() as session:
            return {(task_id, index): state and str(state) for task_id, index, state in session.execute(query)}

    def apply(self, number, action):
        """Apply it to one run: the one after the others that have smaller numbers."""
        before = self.run(number).id - 1
        return self.world.groups.apply(
            GroupAction(dag_id=self.dag_id, prefix="g", action=action, start=before, limit=1)
        ).dag_run_ids

    def mark_as_failed(self, number):
        with self.world.sessions.begin() as session:
            set_dag_run_state_to_failed(
                dag=self.dag, run_id=group_run("g", number, number), commit=True, session=session
            )

    def clear_only_failed(self, number):
        with self.world.sessions.begin() as session:
            self.dag.clear(run_id=group_run("g", number, number), only_failed=True, session=session)

    def time_out(self, number, *, started):
        """End a run that has taken longer than its DAG allows, as the scheduler does (_schedule_dag_run)."""
        with self.world.sessions.begin() as session:
            run = session.get(DagRun, self.run(number).id)
            run.start_date = started
            run.set_state(DagRunState.FAILED)
            query = select(TaskInstance).where(TaskInstance.dag_id == self.dag_id, TaskInstance.run_id == run.run_id)
            for one in session.scalars(query):
                if one.state not in {"success", "skipped", "failed"}:
                    if versions.TIMEOUT_ENDS_TASKS:
                        one.set_state("skipped", session=session)
                    else:
                        one.state = "skipped"

    def overwrite(self, number):
        """Write over a run as a scheduler does that has held it in memory, as one can on SQLite (_start_queued_dagruns)."""
        with self.world.sessions.begin() as session:
            session.execute(
                update(DagRun).where(DagRun.id == self.run(number).id).values(state="running", end_date=None)
            )

    def schedule(self, number):
        """Do what the scheduler and the executor do until the run has ended; return which tasks were executed."""
        executed = set()
        for _ in range(20):
            with self.world.sessions.begin() as session:
                run = session.get(DagRun, self.run(number).id)
                if run.state == DagRunState.QUEUED:
                    run.state = DagRunState.RUNNING
                if run.state != DagRunState.RUNNING:
                    break
                run.dag = self.dag
                schedulable, _ = run.update_state(session=session, execute_callbacks=False)
                run.schedule_tis(schedulable, session=session)
            executed |= self._execute(number)
        return executed

    def _execute(self, number):
        executed = set()
        started = ["scheduled", "queued", "running", "up_for_reschedule", "deferred"]
        with self.world.sessions.begin() as session:
            query = select(TaskInstance).where(
                TaskInstance.dag_id == self.dag_id,
                TaskInstance.run_id == group_run("g", number, number),
                TaskInstance.state.in_(started),
            )
            for one in session.scalars(query):
                one.state = "success"
                one.start_date = one.end_date = dt.datetime.now(UTC)
                executed.add((one.task_id, one.map_index))
                if one.task_id == "numbers":
                    self._push(one.run_id, session)
        return executed

    def group(self):
        return self.world.groups.get(self.dag_id, "g", now=dt.datetime.now(UTC)).group

    def _push(self, run_id, session):
        """Store of how many numbers ``numbers`` has made a list, as the task does that makes it."""
        versions.push_length(2, session, dag_id=self.dag_id, task_id="numbers", run_id=run_id)


def task_ids(instances):
    return {task_id for task_id, _ in instances}


@pytest.mark.parametrize(("shape", "state", "tasks"), CASES, ids=names)
def test_a_cancelled_run_is_failed_and_tears_down_what_airflow_does(world, shape, state, tasks):
    one = Shape(world, shape, state, tasks)
    is_torn_down_only = shape is shapes.only_setup_and_teardown and "down" in tasks
    assert len(one.apply(OURS, Cancel(running=True))) == (not is_torn_down_only)
    one.mark_as_failed(AIRFLOWS)
    ours, airflows = one.schedule(OURS), one.schedule(AIRFLOWS)
    assert task_ids(ours) <= {"down", "inner_down", "inner.down"}
    if shape is shapes.no_setup:  # Airflow tears down, too, where nothing has been done
        assert ours <= airflows
    elif tasks.get(("inner.up", 1)) == "running":  # Airflow lets all of a mapped task fail (set_state), setups included
        assert (ours, airflows) == ({("inner.down", 0)}, set())
    else:
        assert ours == airflows
    if is_torn_down_only:
        assert one.run(OURS).state == "success"
        return
    group = one.group()
    assert (group.states.failed, group.cancelled) == (2 if one.run(AIRFLOWS).state == "failed" else 1, 1)
    if shape not in {shapes.in_sequence, shapes.deciding_teardown}:
        assert one.run(OURS).state == "failed"


@pytest.mark.parametrize(("shape", "state", "tasks"), CASES, ids=names)
def test_a_cancelled_run_that_a_scheduler_writes_over_is_no_success(world, shape, state, tasks):
    one = Shape(world, shape, state, tasks, numbers=[OURS])
    if not one.apply(OURS, Cancel(running=True)):
        return
    one.overwrite(OURS)
    executed = one.schedule(OURS)
    assert task_ids(executed) <= {"down", "inner_down", "inner.down"}
    group = one.group()
    assert (group.states.success, group.states.failed, group.cancelled) == (0, 1, 1)
    assert len(one.apply(OURS, Retry())) == 1


@pytest.mark.parametrize(("shape", "state", "tasks"), CASES, ids=names)
def test_a_cancelled_run_that_runs_again_runs_what_was_stopped(world, shape, state, tasks):
    one = Shape(world, shape, state, tasks, numbers=[OURS])
    if not one.apply(OURS, Cancel(running=True)):
        return
    one.schedule(OURS)
    before = one.states(OURS)
    assert len(one.apply(OURS, Retry())) == 1
    succeeded = {key for key, state in before.items() if state == "success"}
    again = {key for key, state in one.states(OURS).items() if state is None} & succeeded
    tears_down = {task.task_id for task in one.dag.tasks if task.is_setup or task.is_teardown}
    assert task_ids(again) <= tears_down
    one.schedule(OURS)
    assert one.run(OURS).state == "success"
    group = one.group()
    assert (group.states.success, group.cancelled) == (1, 0)
    skipped = {key for key, state in one.states(OURS).items() if state == "skipped"}
    branched = {"other", "load", "notify", "alert"}
    assert task_ids(skipped) <= branched


FAILED = [
    (shapes.linear, {"before": "success", "work": "failed", "after": "upstream_failed"}),
    (shapes.mapped, {("work", 1): "failed", ("work", 0): "success", ("work", 2): "success", "numbers": "success"}),
    (shapes.groups, {"one.before": "success", "one.work": "failed", "two.after": "upstream_failed"}),
    (shapes.branch, {"choose": "success", "other": "skipped", "work": "failed", "join": "upstream_failed"}),
    (shapes.short_circuit, {"gate": "success", "load": "skipped", "notify": "skipped", "work": "failed"}),
    (shapes.rules, {"first": "success", "work": "failed", "last": "success", "alert": "failed"}),
    (shapes.early_leaf, {"first": "failed", "work": "success", "leaf": "upstream_failed"}),
    (shapes.sensor, {"sense": "skipped", "after_sense": "failed"}),
    (shapes.deferred, {"defer": "failed", "after_defer": "upstream_failed"}),
    (shapes.two_setups, {"up": "success", "second_up": "failed", "work": "upstream_failed", "down": "upstream_failed"}),
    (shapes.no_setup, {"work": "failed", "down": "success"}),
    (shapes.only_setup_and_teardown, {"work": "failed", "down": "upstream_failed"}),
    (shapes.deciding_teardown, {"up": "success", "work": "success", "down": "failed"}),
    (shapes.in_sequence, {"before": "success", "work": "failed", "after": "upstream_failed"}),
]


@pytest.mark.parametrize(("shape", "tasks"), FAILED, ids=names)
def test_a_failed_run_runs_again_as_airflows_only_failed(world, shape, tasks):
    one = Shape(world, shape, "failed", tasks)
    if shape is shapes.mapped:
        for number in (OURS, AIRFLOWS):
            one.put(number, "failed", {"after": "success"})
    assert len(one.apply(OURS, Retry())) == 1
    one.clear_only_failed(AIRFLOWS)
    assert one.states(OURS) == one.states(AIRFLOWS)
    assert one.schedule(OURS) == one.schedule(AIRFLOWS)
    assert one.run(OURS).state == one.run(AIRFLOWS).state == "success"


@pytest.mark.parametrize(
    ("shape", "tasks", "again"),
    [
        (
            shapes.setup_teardown,
            {"up": "success", "work": "failed", "after": "upstream_failed", "down": "success", "other": "success"},
            {"up", "down"},
        ),
        (
            shapes.nested,
            {"up": "success", "inner_up": "success", "work": "failed", "inner_down": "success", "down": "success"},
            {"up", "inner_up", "inner_down", "down"},
        ),
        (
            shapes.mapped_group,
            {"inner.up": "success", ("inner.work", 0): "failed", ("inner.work", 1): "success", "inner.down": "success"},
            {"inner.up", "inner.down"},
        ),
    ],
    ids=names,
)
def test_a_task_that_runs_again_has_its_setup_again_where_it_was_torn_down(world, shape, tasks, again):
    one = Shape(world, shape, "failed", tasks)
    one.apply(OURS, Retry())
    one.clear_only_failed(AIRFLOWS)
    more = one.states(OURS).items() - one.states(AIRFLOWS).items()
    assert task_ids(key for key, _ in more) == again
    one.schedule(OURS)
    assert one.run(OURS).state == "success"


def test_what_a_timeout_has_stopped_runs_again(world):
    started = dt.datetime.now(UTC) - 2 * HOUR
    one = Shape(world, shapes.linear, "running", {"before": "success"}, numbers=[OURS], dagrun_timeout=HOUR)
    one.time_out(OURS, started=started)
    assert len(one.apply(OURS, Retry())) == 1
    assert {task_id for task_id, _ in one.schedule(OURS)} == {"work", "after"}


def test_what_a_branch_had_skipped_before_a_timeout_does_not_run_again(world):
    tasks = {"choose": "success", "other": "skipped", "work": "running"}
    one = Shape(world, shapes.branch, "running", tasks, numbers=[OURS], dagrun_timeout=HOUR)
    with world.sessions.begin() as session:
        skipped = update(TaskInstance).where(TaskInstance.task_id == "other")
        session.execute(skipped.values(end_date=dt.datetime.now(UTC) - 1.5 * HOUR))
    one.time_out(OURS, started=dt.datetime.now(UTC) - 2 * HOUR)
    assert len(one.apply(OURS, Retry())) == 1
    assert "other" not in task_ids(key for key, state in one.states(OURS).items() if state is None)
    assert "work" in task_ids(key for key, state in one.states(OURS).items() if state is None)


def test_a_run_that_was_marked_as_failed_before_it_ran_runs_from_the_start(world):
    one = Shape(world, shapes.linear, numbers=[AIRFLOWS])
    one.mark_as_failed(AIRFLOWS)
    assert len(one.apply(AIRFLOWS, Retry())) == 1
    assert task_ids(one.schedule(AIRFLOWS)) == {"before", "work", "after"}


def test_a_failed_run_without_a_failed_task_is_left_out_and_named(world):
    one = Shape(world, shapes.linear, "failed", {"before": "success", "work": "success", "after": "success"})
    for dry_run in (True, False):
        result = world.groups.apply(GroupAction(dag_id="linear", prefix="g", action=Retry(), dry_run=dry_run))
        assert result.dag_run_ids == ()
        (warning,) = result.warnings
        assert warning.startswith(f"2 runs left out, such as {group_run('g', 1, 1)}: ")
    assert set(one.states(OURS).values()) == {"success"}


def test_the_runs_after_a_cancelled_one_do_not_wait_for_it(world):
    one = Shape(world, shapes.in_sequence, numbers=[OURS, AIRFLOWS])
    one.apply(OURS, Cancel())
    assert task_ids(one.schedule(AIRFLOWS)) == {"before", "work", "after"}
    assert len(one.apply(OURS, Retry())) == 1
    assert task_ids(one.schedule(OURS)) == {"before", "work", "after"}


def test_a_retried_run_with_a_success_beside_its_teardown_is_cancelled_at_once(world):
    tasks = {"up": "success", "work": "failed", "after": "upstream_failed", "down": "success", "other": "success"}
    one = Shape(world, shapes.setup_teardown, "failed", tasks, numbers=[OURS])
    one.apply(OURS, Retry())
    one.apply(OURS, Cancel())
    assert one.run(OURS).state == "failed"
    one.overwrite(OURS)
    assert one.schedule(OURS) == set()
    assert one.run(OURS).state == "failed"
