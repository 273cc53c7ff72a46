"""Clients that ask for groups through the proxy at the same time, and send a request again that got no response."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

FIRST = dt.date(2020, 1, 1)
TRIES = 60
"""Of a request, with a second between two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group to create; its dates are no other group's."""

    dag_id: str
    prefix: str
    runs: int
    number: int
    controlled: bool

    @property
    def request(self) -> dict[str, object]:
        first = FIRST + dt.timedelta(days=self.number * self.runs)
        control = {"paused": True, "max_active_runs": 2} if self.controlled else {}
        dates = {"start_date": f"{first}", "end_date": f"{first + dt.timedelta(days=self.runs - 1)}"}
        return {"dag_id": self.dag_id, "prefix": self.prefix, **dates, **control}


@dataclass(slots=True)
class Clients:
    """Clients of one address."""

    url: str
    number: int
    seconds: list[float] = field(default_factory=list)
    """Of each creation, until it was answered with 200, with what had to be sent again before."""
    again: list[str] = field(default_factory=list)
    """Why a request was sent again."""
    created: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released once for each group that is there."""

    def create(self, groups: list[Group]) -> list[int]:
        """Create them all, and resume those under control; return how many runs each request found or made."""
        with ThreadPoolExecutor(self.number) as pool, httpx.Client(base_url=self.url, timeout=60) as client:
            return list(pool.map(lambda group: self._create(client, group), groups))

    def _create(self, client: httpx.Client, group: Group) -> int:
        begin = time.perf_counter()
        made = self._send(lambda: client.post("/api/v1/dag_runs", json=group.request))
        self.seconds.append(time.perf_counter() - begin)
        if group.controlled:
            path = f"/api/v1/groups/{group.dag_id}/{group.prefix}"
            self._send(lambda: client.patch(path, json={"paused": False}))
        self.created.release()
        return len(made["dag_run_ids"]) + made["existing"]

    def _send(self, send: Callable[[], httpx.Response]) -> dict:
        for _ in range(TRIES):
            try:
                response = send()
            except httpx.TransportError as error:
                self.again.append(type(error).__name__)
            else:
                if response.status_code == httpx.codes.OK:
                    return response.json()["response"]
                assert response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR, response.text
                self.again.append(str(response.status_code))
            time.sleep(1)
        msg = f"no good response in {TRIES} tries: {self.again}"
        raise AssertionError(msg)
