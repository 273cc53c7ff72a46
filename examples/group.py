"""A group of runs as a client of this service sees it: asked for by one POST, found again by its prefix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

DAG_ID = "example_daily"
PREFIX = "hello"
REQUEST = {"dag_id": DAG_ID, "prefix": PREFIX, "start_date": "2020-01-01", "limit": 7, "partial": True}
"""The first seven dates that have no run: sent again, it goes on where it ended."""

Run = dict[str, Any]


class Service:
    """A running `airflow-groups serve`."""

    def __init__(self, url: str) -> None:
        """Speak to the one at this address."""
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def is_ready(self) -> bool:
        """Tell whether it and Airflow's database answer."""
        try:
            return self._client.get("/health/ready").is_success
        except httpx.TransportError:
            return False

    def knows_the_dag(self) -> bool:
        """Tell whether it answers, and Airflow has read the DAG's file."""
        return self.is_ready() and any(dag["dag_id"] == DAG_ID for dag in self._get("/api/v1/dags")["dags"])

    def curl(self) -> str:
        """Return the command that does the same as ``create``."""
        return f"curl -d '{json.dumps(REQUEST)}' {self._url}/api/v1/dag_runs"

    def create(self) -> dict[str, Any]:
        """Create the group, and return the answer as it came."""
        answer: dict[str, Any] = self._client.post("/api/v1/dag_runs", json=REQUEST).raise_for_status().json()
        return answer

    def runs(self, run_ids: Sequence[str]) -> list[Run]:
        """Return these runs as they are now."""
        found: list[Run] = []
        start: int | None = 0
        while start is not None:
            page = self._get(f"/api/v1/dag_runs?dag_id={DAG_ID}&prefix={PREFIX}_&limit=100&start={start}")
            found += (run for run in page["dag_runs"] if run["run_id"] in run_ids)
            start = page["next_start"]
        return found

    def _get(self, path: str) -> dict[str, Any]:
        response: dict[str, Any] = self._client.get(path).raise_for_status().json()["response"]
        return response
