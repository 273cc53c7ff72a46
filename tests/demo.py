"""The HTTP side over the in-memory backend with the DAGs of the demo."""

import datetime as dt

from dependency_injector.providers import Object

from airflow_run_groups.adapters.memory import (
    MemoryAuditLog,
    MemoryDagRepository,
    MemoryDagRunRepository,
    MemoryGroupRepository,
    demo_backend,
)
from airflow_run_groups.entrypoints.container import Backend, Container
from airflow_run_groups.entrypoints.settings import Auth, Settings

UTC = dt.timezone.utc


def present():
    return dt.datetime.now(UTC)


class RecordingMeter:
    """Keeps each value of a metric with its labels, in the order of the calls."""

    def __init__(self):
        self.values = []

    @property
    def metrics(self):
        return [metric for metric, *_ in self.values]

    def increment(self, metric, amount=1, **labels):
        self.set(metric, amount, **labels)

    def observe(self, metric, seconds, **labels):
        assert seconds >= 0
        self.set(metric, None, **labels)

    def set(self, metric, value, **labels):
        assert set(labels) == set(metric.labels)
        self.values.append((metric, value, *(labels[name] for name in metric.labels)))


def demo_app(clock=present, *, backend=None, **parts):
    """Build the application of these parts of the container or of its backend, and of the demo's where one is not given."""
    store = backend or demo_backend(clock=clock)
    ports = {
        "dags": MemoryDagRepository(store),
        "runs": MemoryDagRunRepository(store),
        "groups": MemoryGroupRepository(store),
        "audit": MemoryAuditLog(),
        "default_timezone": UTC,
        "dispose_after_fork": lambda: None,
    }
    ports.update({name: parts.pop(name) for name in ports.keys() & parts.keys()})
    default = {
        "settings": Settings(backend="memory", auth=Auth.NONE),
        "backend": Backend(**ports),
        "clock": clock,
        "meter": RecordingMeter(),
        "metrics": None,
        "log_request": lambda _: None,
    }
    return Container(**{name: Object(part) for name, part in {**default, **parts}.items()}).app()
