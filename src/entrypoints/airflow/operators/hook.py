"""The hook: the client of the service that an Airflow connection names."""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import httpx

from airflow_run_groups.adapters.client import (
    AirflowUser,
    AsyncClient,
    Client,
    ClientError,
    UpcomingRetry,
)
from airflow_run_groups.adapters.client.sending.encoding import base_url
from airflow_run_groups.entrypoints.airflow.operators import connection, webhook
from airflow_run_groups.entrypoints.airflow.operators.sdk import BaseHook


class RunGroupHook(BaseHook):
    """Reaches the service with a connection of the type ``airflow_run_groups``.

    >>> with RunGroupHook().get_conn() as client:
    ...     client.cancel("example_daily", "redo")
    """

    conn_name_attr = "conn_id"
    default_conn_name = connection.DEFAULT
    conn_type = connection.TYPE
    hook_name = connection.NAME

    def __init__(self, conn_id: str = connection.DEFAULT, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self._service: connection.Service | None = None

    @property
    def service(self) -> connection.Service:
        """The settings in the connection, which is read once.

        :raises ConnectionIncomplete: a ValueError, when it does not say how the service is reached.
        """
        if self._service is None:
            self._service = connection.service_of(self.get_connection(self.conn_id))
        return self._service

    def get_conn(self) -> Client:
        """Return a client, to be closed, as by ``with``; what it retries is logged.

        :raises Unsendable: a ValueError, when no service can have this URL, or no request can send the token.
        """
        return Client(self.service.url, **self._identity(), on_retry=self._log_retry)

    def get_async_conn(self) -> AsyncClient:
        """Return a client for an event loop, to be closed, as by ``async with``. Read ``service`` before, which may block.

        :raises Unsendable: as :meth:`get_conn`.
        """
        return AsyncClient(self.service.url, **self._identity())

    def test_connection(self) -> tuple[bool, str]:
        """Send a request as the user of the connection; tell whether it was served, and what was wrong."""
        try:
            with Client(self.service.url, **self._identity(), retry_for=0) as client:
                next(client.paused_groups(), None)
        except (ClientError, ValueError, OSError) as error:
            return False, str(error)
        return True, f"Connected to {self.service.url}"

    def page_url(self, dag_id: str, prefix: str) -> str:
        """Return where a browser shows the group."""
        return f"{base_url(self.service.ui_url)}/ui/?{urlencode({'dag': dag_id, 'group': prefix})}"

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Describe the form of the connection for Airflow 3.0 and 3.1; later ones have it from the provider's description."""
        return {
            "hidden_fields": list(connection.HIDDEN),
            "relabeling": connection.LABELS,
            "placeholders": connection.PLACEHOLDERS,
        }

    def _identity(self) -> dict[str, Any]:
        service = self.service
        auth = None
        if service.user is not None and service.password is not None:
            auth = AirflowUser(service.airflow_url, service.user, service.password)
        return {"token": service.token, "auth": auth, "verify": _trusted(service.ca_file)}

    def _log_retry(self, retry: UpcomingRetry) -> None:
        self.log.warning("%s: again in %.1f s", retry.reason, retry.seconds)


class RunGroupWebhookHook(BaseHook):
    """Describes connections to which notifications go. Airflow's schedulers send them, and no task."""

    conn_name_attr = "conn_id"
    default_conn_name = webhook.TYPE
    conn_type = webhook.TYPE
    hook_name = webhook.NAME

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Describe the form of the connection, as that of the other one."""
        return {
            "hidden_fields": list(webhook.HIDDEN),
            "relabeling": webhook.LABELS,
            "placeholders": webhook.PLACEHOLDERS,
        }


@lru_cache
def _trusted(ca_file: str | None) -> ssl.SSLContext:
    """Return the certificates to trust, read once in a process: a triggerer has many clients."""
    return httpx.create_ssl_context() if ca_file is None else ssl.create_default_context(cafile=ca_file)
