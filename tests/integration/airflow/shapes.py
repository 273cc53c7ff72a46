"""DAGs of every shape that decides how a run ends: what the tests evaluate, and as a DAG file what the scheduler executes.

A task ``work`` goes on for as long as the file ``hold`` is there, so that a run can be caught in the middle.
"""

import os
import time
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, TaskGroup, task, task_group

HOLD = Path(os.environ["AIRFLOW_HOME"]) / "hold"


def wait(task_instance=None):
    while task_instance.task_id.endswith("work") and HOLD.exists():
        time.sleep(0.2)


class Deferring(BaseOperator):
    """Waits in the triggerer, which is not there."""

    def execute(self, context):
        if HOLD.exists():
            self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="resume")

    def resume(self, context, event=None):
        pass


class Sensor(BaseSensorOperator):
    def poke(self, context):
        return not HOLD.exists()


def step(task_id, **options):
    return PythonOperator(task_id=task_id, python_callable=wait, **options)


def linear():
    step("before") >> step("work") >> step("after")


def mapped():
    @task
    def numbers():
        return [1, 2]

    @task
    def work(number, task_instance=None):
        wait(task_instance)

    @task
    def after(number):
        pass

    work.expand(number=[1, 2, 3])
    after.expand(number=numbers())


def groups():
    with TaskGroup("one") as one:
        step("before") >> step("work")
    with TaskGroup("two") as two:
        step("after")
    one >> two


def mapped_group():
    @task_group
    def inner(number):
        @task
        def up(number):
            pass

        @task
        def work(task_instance=None):
            wait(task_instance)

        @task
        def down():
            pass

        first = up(number)
        first >> work() >> down().as_teardown(setups=first)

    inner.expand(number=[1, 2])


def loop():  # from Airflow 3.4 on, so that it is none of SHAPES
    @task_group
    def again():
        step("before") >> step("work")

    again.loop(max_iterations=2) >> step("after")


def branch():
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "work")
    choose >> [step("work"), step("other")] >> step("join", trigger_rule="none_failed_min_one_success")


def short_circuit():
    gate = ShortCircuitOperator(task_id="gate", python_callable=lambda: False)
    gate >> step("load") >> step("notify", trigger_rule="all_done")
    step("work")


def rules():
    first, work = step("first"), step("work")
    [first, work] >> step("last", trigger_rule="all_done")
    [first, work] >> step("alert", trigger_rule="one_failed")


def early_leaf():
    [step("first"), step("work")] >> step("leaf", trigger_rule="one_success")


def sensor():
    Sensor(task_id="sense", mode="reschedule", poke_interval=1, timeout=3600) >> step("after_sense")


def deferred():
    Deferring(task_id="defer") >> step("after_defer")


def setup_teardown():
    up, other = step("up"), step("other")
    up >> step("work") >> step("after") >> step("down").as_teardown(setups=up)
    other  # noqa: B018 - a task beside them, which succeeds


def nested():
    up, inner_up = step("up"), step("inner_up")
    inner_down = step("inner_down").as_teardown(setups=inner_up)
    up >> inner_up >> step("work") >> inner_down >> step("down").as_teardown(setups=up)


def two_setups():
    ups = [step("up"), step("second_up")]
    ups >> step("work") >> step("down").as_teardown(setups=ups)


def deciding_teardown():
    up = step("up")
    up >> step("work") >> step("down").as_teardown(setups=up, on_failure_fail_dagrun=True)


def no_setup():
    step("work") >> step("down").as_teardown()


def only_setup_and_teardown():
    up = step("work")
    up >> step("down").as_teardown(setups=up)


def in_sequence():
    step("before") >> step("work") >> step("after")


SHAPES = (
    linear,
    mapped,
    groups,
    mapped_group,
    branch,
    short_circuit,
    rules,
    early_leaf,
    sensor,
    deferred,
    setup_teardown,
    nested,
    two_setups,
    deciding_teardown,
    no_setup,
    only_setup_and_teardown,
    in_sequence,
)
"""``in_sequence``: each task waits for itself in the run before (``depends_on_past``)."""


def dag_of(shape, schedule="0 0 * * *", **options):
    if shape is in_sequence:
        options["default_args"] = {"depends_on_past": True}
    with DAG(
        shape.__name__,
        schedule=schedule,
        start_date=pendulum.datetime(2020, 1, 1),
        catchup=False,
        is_paused_upon_creation=False,
        **options,
    ) as dag:
        shape()
    return dag
