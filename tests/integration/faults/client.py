"""A client that measures how long its answers take, and sends many requests at once."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

from airflow_run_groups.entrypoints.settings import Settings
from tests.envelope import error_of

LIMITS = {"read_timeout": 2, "write_timeout": 5, "pool_size": 4, "receive_timeout": 2, "drain_delay": 0}
"""The options of the service under test: shorter than the defaults, so that the tests are."""
LOCK_TIMEOUT = Settings(write_timeout=LIMITS["write_timeout"]).database.lock_timeout
MARK = "5ecret-4711"
"""What each of the secrets that the requests and the service have holds, and no log."""
CONF = {"password": f"conf-{MARK}"}
TOKEN = f"token-{MARK}-of-the-faults"
PASSWORD = f"database-{MARK}"
AUTHORIZED = {"Authorization": TOKEN}
SLACK = 6
"""Seconds that a busy machine may take beyond a deadline, and a connection that is being made at it."""


def send(server, method, target, body=None, etag=None):
    """Send one request on a connection of its own; return the status and the payload, or the name of what went wrong.

    With an ``etag`` the payload is empty where nothing has changed.
    """
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    try:
        headers = {**AUTHORIZED, **({"If-None-Match": etag} if etag else {})}
        connection.request(method, target, body and json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        payload = json.loads(content)["response"] if answer.status != http.HTTPStatus.NOT_MODIFIED else {}
        return answer.status, {**payload, "etag": answer.headers["ETag"]}
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, {}
    finally:
        connection.close()


class Client:
    def __init__(self, server):
        self.server = server

    def get(self):
        return self.timed(lambda: self.server.client.get("/api/v1/dag_runs"))

    def post(self, prefix="p", start="2024-01-01", end="2024-01-05", dag_id="a_dag", **more):
        dates = {"start_date": start, "end_date": end} if start else {}
        body = {"dag_id": dag_id, "prefix": prefix, "conf": CONF, **dates, **more}
        return self.timed(lambda: self.server.client.post("/api/v1/dag_runs", json=body))

    def timed(self, send):
        """Return the status, the seconds it took and the answer; a 503 says when to try again."""
        began = time.monotonic()
        answer = send()
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "5"
            error_of(answer.json())
        return answer.status_code, time.monotonic() - began, answer.json()["response"]

    def burst(self, send, number=20):
        """Send so many at once."""
        with ThreadPoolExecutor(number) as threads:
            return list(threads.map(lambda _: send(), range(number)))
