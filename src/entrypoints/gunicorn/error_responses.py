"""gunicorn's own error responses, in our form. The texts are fixed, because gunicorn's can hold what the client sent."""

import socket
from http import HTTPStatus
from uuid import uuid4

import orjson

from airflow_run_groups.entrypoints.gunicorn.process import container
from airflow_run_groups.entrypoints.http.access_log import log_server_error
from airflow_run_groups.entrypoints.http.envelope import error_payload
from airflow_run_groups.entrypoints.http.errors import SERVER_ERRORS
from airflow_run_groups.entrypoints.http.middleware import SecurityHeaders


def write_error(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """Take the place of ``gunicorn.util.write_error``."""
    request_id = uuid4().hex
    word, text = SERVER_ERRORS.get(status_int, ("malformed_request", HTTPStatus(status_int).phrase))
    log_server_error(container.log_request(), container.meter(), request_id=request_id, status=status_int, reason=word)
    error = text.format(receive_timeout=container.settings().receive_timeout)
    body = orjson.dumps({"response": error_payload(error, word)})
    head = (
        f"HTTP/1.1 {status_int} {HTTPStatus(status_int).phrase}\r\n"
        f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in SecurityHeaders.HEADERS)
    )
    sock.sendall(head.encode() + b"\r\n" + body)
