"""The real WSGI application on the memory backend, on a free port of this machine, with a clock that the test sets."""

import datetime as dt
import json
import ssl
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from airflow_run_groups.adapters.client import Client
from airflow_run_groups.adapters.memory import demo_backend
from tests.demo import demo_app

UTC = dt.timezone.utc
NOW = dt.datetime(2025, 3, 1, 12, tzinfo=UTC)


class Service:
    """Served within ``with``; ``requests`` has method, path and condition of each request, with the status it got."""

    def __init__(self, *, tls=None, **parts):
        self.now = NOW
        self.backend = demo_backend(clock=lambda: self.now)
        self.requests = []
        self.on_request = lambda: None
        """Called after each request."""
        self._app = demo_app(lambda: self.now, backend=self.backend, **parts)
        self._tls = tls
        self._port = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def start(self):
        """Serve; after a stop on the same port."""
        self._server = make_server("127.0.0.1", self._port, self._noted, server_class=_Server, handler_class=_Handler)
        self._port = self._server.server_port
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._port}"

    def connection(self, **fields):
        """Return an Airflow connection to it, as JSON."""
        return json.dumps({"conn_type": "airflow_run_groups", "host": self.url, **fields})

    def client(self):
        return Client(self.url, retry_for=0)

    def later(self, **duration):
        """Let the runs go on for so long."""
        self.now += dt.timedelta(**duration)

    def finish(self):
        """Let all runs end that can."""
        for _ in range(3):
            self.later(days=30)
            self.backend.advance()

    def run_ids(self, dag_id="example_daily"):
        return [stored.run.run_id for stored in self.backend.dags[dag_id].runs]

    def fail(self, prefix, *numbers, dag_id="example_daily"):
        """Let these runs of a group, counted from 1, be failed, and all others have succeeded."""
        with self.client() as client:
            client.cancel(dag_id, prefix, running=True)
        for number, stored in enumerate(self.backend.dags[dag_id].groups[prefix], 1):
            if number not in numbers:
                stored.run = stored.run._replace(state="success")

    def _noted(self, environ, start_response):
        def noting(status, headers, *more):
            condition = environ.get("HTTP_IF_NONE_MATCH")
            self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], condition, int(status[:3])))
            return start_response(status, headers, *more)

        response = self._app(environ, noting)
        self.on_request()
        return response


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing of a connection that a client has closed."""


class _Handler(WSGIRequestHandler):
    def log_message(self, *args):
        """Write no log: the test has the requests."""


def tls_context(issued):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    return context
