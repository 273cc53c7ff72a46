"""Airflow connections of the type ``airflow_run_groups``: their fields, and what the fields say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

TYPE = "airflow_run_groups"
NAME = "Airflow Run Groups"
DEFAULT = "airflow_run_groups_default"
"""The connection that operators use when none is named."""
HIDDEN = ("schema", "port")
LABELS = {"host": "URL of the service", "login": "Airflow user", "password": "Token, or the user's password"}
PLACEHOLDERS = {
    "host": "https://run-groups.example.com",
    "login": "empty for a token",
    "password": "the token of the service",
}
EXTRA_FIELDS = {
    "airflow_url": (
        "URL of Airflow",
        "Where the Airflow user signs in. Left out, it is the URL of the service without its path /api/v1.",
    ),
    "ca_file": (
        "CA certificates",
        "Path, on workers and triggerers, of a file of the CA certificates to trust. Left out, the usual ones are trusted.",
    ),
    "ui_url": (
        "URL for browsers",
        "The URL of the service as browsers reach it, for links to a group's page. Left out, it is the URL of the service.",
    ),
}
"""The fields that are kept in ``extra``, each with its label and its description."""


class AirflowConnection(Protocol):
    """As much of Airflow's connection as is read."""

    conn_id: str
    host: str | None
    schema: str | None
    port: int | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where the service is, and by what it knows the caller: a token, or an Airflow user with a password, or neither."""

    url: str
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    airflow_url: str
    ca_file: str | None = None
    ui_url: str


class ConnectionIncomplete(ValueError):
    """The connection does not say how the service is reached."""


def service_of(connection: AirflowConnection) -> Service:
    """Return what a connection says.

    :raises ConnectionIncomplete: when it has no host, or a user without a password.
    """
    where = f"the connection {connection.conn_id!r} of type {TYPE}"
    if not connection.host:
        msg = f"{where} has no host: it must be the URL of the service, such as {PLACEHOLDERS['host']}"
        raise ConnectionIncomplete(msg)
    if connection.login and not connection.password:
        msg = f"{where} has the Airflow user {connection.login!r}, and no password: without a user, the password is a token"
        raise ConnectionIncomplete(msg)
    extra = connection.extra_dejson
    url = url_of(connection.host, connection.schema, connection.port)
    return Service(
        url=url,
        token=None if connection.login else connection.password or None,
        user=connection.login or None,
        password=connection.password if connection.login else None,
        airflow_url=extra.get("airflow_url") or url,
        ca_file=extra.get("ca_file") or None,
        ui_url=extra.get("ui_url") or url,
    )


def url_of(host: str, schema: str | None, port: int | None) -> str:
    """Return the URL, of a host that is one, or of a host, schema and port as the URI of a connection has them."""
    url = host if "://" in host else f"{schema or 'http'}://{host}"
    parts = urlsplit(url)
    return url if port is None else parts._replace(netloc=f"{parts.netloc}:{port}").geturl()
