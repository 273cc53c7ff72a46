"""The service over an in-memory backend whose clock stands still."""

import datetime as dt

from falcon import testing

from airflow_run_groups.adapters.memory import MemoryAuditLog, demo_backend
from tests.demo import demo_app
from tests.envelope import error_of
from tests.unit.memory.world import place

UTC = dt.timezone.utc
NOW = dt.datetime(2025, 1, 1, 12, tzinfo=UTC)


class Service:
    """What a test talks to; ``backend`` is what lies behind."""

    def __init__(self, clock=lambda: NOW, backend=None, **parts):
        self.backend = backend or demo_backend(clock=clock)
        self.audit = MemoryAuditLog()
        app = demo_app(clock, backend=self.backend, **{"audit": self.audit, **parts})
        self.client = testing.TestClient(app, headers={"Host": "localhost"})

    def request(self, method, target, **more):
        return self.client.simulate_request(method, target, **more)

    def get(self, target, **more):
        return self.request("GET", target, **more)

    def ask(self, target, **more):
        """Return the payload of an answer that has to be good."""
        return _payload(self.get(target, **more))

    def post(self, **body):
        return self.request("POST", "/api/v1/dag_runs", json=body)

    def create(self, **body):
        """Return the payload of a creation that has to succeed."""
        return _payload(self.post(**{"dag_id": "example_daily", **body}))

    def place(self, dag_id="example_daily", run_id="a_run", **more):
        """Put a run there as something else would have made it."""
        return place(self.backend, dag_id, run_id, **more)

    def listed(self, query=""):
        return [run["run_id"] for run in self.ask(f"/api/v1/dag_runs{query}")["dag_runs"]]


def _payload(result):
    assert result.status_code == 200, result.text
    assert list(result.json) == ["response"]
    return result.json["response"]


def error(result):
    """Return the text of an error response."""
    return error_of(result.json)["error"]


def reason(result):
    return error_of(result.json)["reason"]
