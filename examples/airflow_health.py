"""Airflow's health as its API server tells it; what it knows of processes that ran earlier does not count."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx


class AirflowHealth:
    """Which parts of an Airflow are up."""

    def __init__(self, url: str, since: dt.datetime) -> None:
        """Ask the API server at this address about heartbeats after this moment."""
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._since = since

    def is_up(self) -> bool:
        """Tell whether the API server answers."""
        return bool(self._read())

    def has(self, part: str) -> bool:
        """Tell whether the heart of the ``scheduler`` or the ``dag_processor`` beats."""
        health = self._read().get(part, {})
        beat = health.get(f"latest_{part}_heartbeat")
        return beat is not None and dt.datetime.fromisoformat(beat.replace("Z", "+00:00")) > self._since

    def _read(self) -> dict[str, Any]:
        try:
            answer = self._client.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return {}
        return answer.json() if answer.is_success else {}
