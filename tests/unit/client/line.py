"""What lies between a client and the service in memory: it can lose what goes through it."""

import json

import httpx
from airflow_run_groups.adapters.client import Client

from tests.unit.http.service import Service


class Between(httpx.BaseTransport):
    """Carries requests to a service; ``faults`` are what becomes of the next ones, None for nothing."""

    def __init__(self, service):
        self._transport = httpx.WSGITransport(app=service.client.app)
        self.faults = []
        self.sent = []
        self.headers = []

    def handle_request(self, request):
        self.sent.append((request.method, request.url.path, json.loads(request.read() or b"null")))
        self.headers.append(request.headers)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, httpx.Response):
            return fault
        if isinstance(fault, (httpx.ConnectError, httpx.ConnectTimeout)):
            raise fault
        answer = self._transport.handle_request(request)
        if fault is not None:
            raise fault
        return answer

    @property
    def bodies(self):
        """What was posted, in its order."""
        return [body for method, _, body in self.sent if method == "POST"]


class Line:
    """A client, the service, and what lies between; nobody waits."""

    def __init__(self, **options):
        self.service = Service(**options)
        self.between = Between(self.service)
        self.waits = []
        self.retries = []
        self.client = self.connect()

    def connect(self, url="http://localhost", token=None, **more):
        return Client(url, token, transport=self.between, sleep=self.waits.append, on_retry=self.retries.append, **more)

    def lose(self, *faults):
        self.between.faults += faults

    def runs(self, dag_id="example_daily"):
        """Return the ids of the runs that there are, in the order of their creation."""
        return [stored.run.run_id for stored in self.service.backend.dags[dag_id].runs]


REFUSED = httpx.ConnectError("Connection refused")
TIMED_OUT = httpx.ReadTimeout("timed out")
BROKEN = httpx.RemoteProtocolError("Server disconnected without sending a response.")


def answer(status, text="", **headers):
    """Return the service's own answer that it cannot do it."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"response": {"error": text}}, headers=names)


def page(status, text="<html><body>Bad Gateway</body></html>"):
    """Return the answer of a proxy."""
    return httpx.Response(status, text=text, headers={"Content-Type": "text/html"})
