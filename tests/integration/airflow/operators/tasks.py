"""Tasks executed as Airflow's task runner and triggerer do it: render, execute, defer, fire, resume."""

import asyncio
import datetime as dt
from importlib import import_module
from types import SimpleNamespace

import jinja2

try:  # from Airflow 3.2 on
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:
    from airflow.exceptions import TaskDeferred

UTC = dt.timezone.utc
LOGICAL_DATE = dt.datetime(2025, 2, 3, 4, tzinfo=UTC)


class TaskInstance:
    """As much of Airflow's as operators use."""

    def __init__(self):
        self.xcoms = {}

    def xcom_push(self, key, value):
        self.xcoms[key] = value

    def get_first_reschedule_date(self, context):
        """Return nothing: this is the first poke."""


class Execution:
    """One try of a task; ``deferrals`` are the triggers with which it has left its worker, ``value`` what it has returned."""

    def __init__(self, task, *, logical_date=LOGICAL_DATE):
        self.task = task
        self.ti = TaskInstance()
        self.deferrals = []
        self.value = None
        dag_run = SimpleNamespace(logical_date=logical_date, run_after=LOGICAL_DATE)
        self.context = {"ti": self.ti, "dag_run": dag_run, "ds": LOGICAL_DATE.date().isoformat()}

    def start(self):
        """Execute the task up to its end, or until it defers."""
        self.task.render_template_fields(self.context, jinja2.Environment(autoescape=False))
        self._call(self.task.execute)
        return self

    def fire(self, seconds=60):
        """Run the trigger as the triggerer does, from what Airflow has kept of it; then go on with the task."""
        event = asyncio.run(asyncio.wait_for(event_of(*self.deferrals[-1].trigger.serialize()), seconds))
        return self.resume(event.payload)

    def resume(self, event=None):
        """Go on with the task, whatever its trigger has seen."""
        deferral = self.deferrals[-1]
        self._call(getattr(self.task, deferral.method_name), event, **(deferral.kwargs or {}))
        return self

    def run(self):
        """Execute the task to its end."""
        self.start()
        while self.is_deferred:
            self.fire()
        return self

    @property
    def xcoms(self):
        return self.ti.xcoms

    def _call(self, method, *arguments, **more):
        self.is_deferred = False
        try:
            self.value = method(self.context, *arguments, **more)
        except TaskDeferred as deferral:
            self.is_deferred = True
            self.deferrals.append(deferral)


def run(task, **more):
    return Execution(task, **more).run()


async def event_of(path, arguments):
    """Make a trigger of its class path and arguments, and return the first event that it fires."""
    module, _, name = path.rpartition(".")
    trigger = getattr(import_module(module), name)(**arguments)
    async for event in trigger.run():
        return event
    return None
