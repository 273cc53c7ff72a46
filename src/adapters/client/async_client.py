"""Reads for an event loop, such as that of Airflow's triggerer: none blocks it."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Any

import httpx

from airflow_run_groups.adapters.client.groups.known_groups import KnownGroups
from airflow_run_groups.adapters.client.responses import DagRun, DagRunResponse, GroupProgress
from airflow_run_groups.adapters.client.sending import encoding
from airflow_run_groups.adapters.client.sending.retries import parse, send_once


class AsyncClient:
    """As much of :class:`Client` as a wait needs; to be closed, as by ``async with``.

    Each request is sent once: a wait asks again anyway. Every method raises :class:`RefusedByService` when the service
    refuses the request, and :class:`Unreachable` when no response comes, or the service is unavailable.
    """

    def __init__(  # noqa: PLR0913 - each but the first has a default
        self,
        url: str,
        token: str | None = None,
        *,
        auth: httpx.Auth | None = None,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 30.0,
    ) -> None:
        """Connect with the first request; the parameters are those of :class:`Client`, and ``timeout`` is in seconds.

        :raises Unsendable: when no service can have this URL, or no request can send the token.
        """
        self._base = encoding.base_url(url)
        headers = encoding.headers(token)
        self._http = httpx.AsyncClient(headers=headers, auth=auth, verify=verify, transport=transport, timeout=timeout)
        self._known = KnownGroups()

    async def __aenter__(self) -> AsyncClient:  # noqa: PYI034 - typing has Self from Python 3.11 on
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def group(self, dag_id: str, prefix: str) -> GroupProgress:
        """Return how far a group is: the very object of the last call, when nothing has happened since."""
        path = encoding.path("groups", dag_id, prefix)
        return self._known.read(path, await self._get(path, headers=self._known.condition(path)))

    async def run(self, dag_id: str, run_id: str) -> DagRun:
        """Return one run."""
        path = encoding.path("dag_runs", run_id)
        return parse(await self._get(path, params={"dag_id": encoding.text(dag_id)}), DagRunResponse)["dag_run"]

    async def _get(self, path: str, **more: Any) -> httpx.Response:
        url = self._base + path
        return await send_once(self._http.get(url, **more), url)
