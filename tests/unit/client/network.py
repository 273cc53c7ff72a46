"""A client of the service in memory, and a network between them into which a test injects faults."""

import json

import httpx

from airflow_run_groups.adapters.client import Client
from tests.unit.http.service import Service


class Network(httpx.BaseTransport):
    """Carries requests to a service, and notes them. Pauses before retries are noted, and take no time."""

    def __init__(self, **options):
        self.service = Service(**options)
        self._transport = httpx.WSGITransport(app=self.service.client.app)
        self._faults = []
        self.slow_above = None
        """Above how many runs a request takes the service too long."""
        self.requests = []
        self.headers = []
        self.pauses = []
        self.retries = []
        self.client = self.connect()

    def connect(self, url="http://localhost", token=None, **more):
        return Client(url, token, transport=self, sleep=self.pauses.append, on_retry=self.retries.append, **more)

    def inject(self, *faults):
        """Decide the outcome of the next requests: a response in place of the service's, an error, or None for no fault."""
        self._faults += faults

    def heal(self):
        """Forget the faults that are left."""
        self._faults.clear()

    def handle_request(self, request):
        body = json.loads(request.read() or b"null")
        self.requests.append((request.method, request.url.path, body))
        self.headers.append(request.headers)
        fault = self._faults.pop(0) if self._faults else None
        if isinstance(fault, httpx.Response):
            return fault
        if isinstance(fault, (httpx.ConnectError, httpx.ConnectTimeout)):
            raise fault
        if self.slow_above is not None and body is not None and body.get("limit", 0) > self.slow_above:
            return error_response(503, "request fewer at a time", reason="deadline_exceeded", Retry_After="5")
        response = self._transport.handle_request(request)
        if fault is not None:
            raise fault
        return response

    @property
    def bodies(self):
        """What was posted, in its order."""
        return [body for method, _, body in self.requests if method == "POST"]

    def runs(self, dag_id="example_daily"):
        """Return the ids of the runs that there are, in the order of their creation."""
        return [stored.run.run_id for stored in self.service.backend.dags[dag_id].runs]


REFUSED = httpx.ConnectError("Connection refused")
TIMED_OUT = httpx.ReadTimeout("timed out")
BROKEN = httpx.RemoteProtocolError("Server disconnected without sending a response.")


def error_response(status, text="", reason=None, **headers):
    """Return the service's own response that it cannot do it; one of 0.1 had no reason."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    payload = {"error": text} if reason is None else {"error": text, "reason": reason}
    return httpx.Response(status, json={"response": payload}, headers=names)


def proxy_page(status, text="<html><body>Bad Gateway</body></html>"):
    return httpx.Response(status, text=text, headers={"Content-Type": "text/html"})
