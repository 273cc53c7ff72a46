"""The service under a real gunicorn, on a free port of this machine."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

BIN = Path(sys.executable).parent
SERVE = (str(BIN / "airflow-groups"), "serve", "--backend", "memory")
PLAIN = (
    *(str(BIN / "gunicorn"), "-c", "python:airflow_run_groups.entrypoints.gunicorn.configuration"),
    "airflow_run_groups.entrypoints.wsgi:app",
)
FORMS = {"airflow-groups serve": SERVE, "gunicorn": PLAIN}


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    log: Path
    tls: ssl.SSLContext | None = None

    def request(self, method, target, body=b"", headers=()):
        """Send a request as it stands; return status, headers and the parsed answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.sock = self.connect()
            connection.request(method, target, body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, answer.headers, json.loads(data) if data else None
        finally:
            connection.close()

    def get(self, target, **more):
        return self.request("GET", target, **more)

    def post(self, **body):
        return self.request("POST", "/api/v1/dag_runs", json.dumps(body).encode())

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return connection if self.tls is None else self.tls.wrap_socket(connection, server_hostname="127.0.0.1")

    def raw(self, data):
        """Send bytes; return status and answer of whatever comes back."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_answer(connection)

    def wait_for_log(self, text, seconds=10, times=1):
        deadline = time.monotonic() + seconds
        while self.log.read_text().count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} is not in {self.log.read_text()}"
            time.sleep(0.02)

    def signal(self, number):
        """Send a signal to all processes of the server, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self, seconds=20):
        """Wait for the server to end by itself; return its exit code."""
        return self.process.wait(seconds)


def read_answer(connection):
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, json.loads(answer.read())


def certificate(folder):
    """Make a certificate for this machine; return what makes a client trust it, and gunicorn's options."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "certificate")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return trust, f"--certfile {folder / 'certificate'} --keyfile {folder / 'certificate'}"


def environment(**environ):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    return {**clean, "AIRFLOW__AIRFLOW_API_PLUGIN__BACKEND": "memory", **environ}


@contextmanager
def serving(log, form="airflow-groups serve", tls=None, **environ):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*FORMS[form], "--bind", f"127.0.0.1:{port}"],
            env=environment(**environ),
            cwd=log.parent,
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )
    server = Server(process, port, log, tls)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            finally:
                process.kill()
        process.wait()


def _wait_until_ready(server):
    deadline = time.monotonic() + 20
    while not _is_ready(server):
        assert server.process.poll() is None, server.log.read_text()
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.01)


def _is_ready(server):
    try:
        return server.get("/health/ready")[0] == 200
    except OSError:
        return False
