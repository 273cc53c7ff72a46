"""Airflow connections of the type ``airflow_run_groups_webhook``: their fields, and what the fields say.

A type of its own: callers who may change groups name a connection, and must not reach all others of this Airflow by that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from airflow_run_groups.entrypoints.airflow.operators.connection import AirflowConnection, url_of

TYPE = "airflow_run_groups_webhook"
NAME = "Airflow Run Groups Webhook"
HIDDEN = ("schema", "port")
LABELS = {"host": "URL", "login": "User", "password": "Token, or the user's password"}
PLACEHOLDERS = {"host": "https://hooks.example.com/runs", "login": "empty for a token"}
EXTRA_FIELDS = {
    "ca_file": (
        "CA certificates",
        "Path, on schedulers, of a file of the CA certificates to trust. Left out, the usual ones are trusted.",
    ),
}
"""The fields that are kept in ``extra``, each with its label and its description."""


class WebhookUnusable(ValueError):
    """The connection does not say where a notification goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where notifications go, and what signs them: a bearer token, a user with a password, or neither."""

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    ca_file: str | None = None


def webhook_of(conn_id: str, conn_type: str | None, connection: AirflowConnection) -> Webhook:
    """Return what a connection says.

    :raises WebhookUnusable: when it is of another type, or has no URL that begins with ``http://`` or ``https://``.
    """
    where = f"the connection {conn_id!r}"
    if conn_type != TYPE:
        msg = f"{where} is of type {conn_type!r}: a connection for notifications is of type {TYPE!r}"
        raise WebhookUnusable(msg)
    url = url_of(connection.host, connection.schema, connection.port) if connection.host else ""
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        msg = f"{where} has no host that is a URL, such as {PLACEHOLDERS['host']}"
        raise WebhookUnusable(msg)
    is_user = bool(connection.login)
    return Webhook(
        url=url,
        token=None if is_user else connection.password or None,
        user=(connection.login or "", connection.password or "") if is_user else None,
        ca_file=connection.extra_dejson.get("ca_file") or None,
    )
