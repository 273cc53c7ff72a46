"""The lists of the service, read page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from airflow_run_groups.adapters.client.options import GroupSearch
from airflow_run_groups.adapters.client.responses import (
    Dag,
    DagDetails,
    DagList,
    DagPage,
    DagRun,
    DagRunPage,
    DagRunResponse,
    Group,
    GroupPage,
    GroupProgress,
    GroupRun,
    GroupRunPage,
    Me,
    MeResponse,
    PausedGroups,
)
from airflow_run_groups.adapters.client.sending import encoding
from airflow_run_groups.adapters.client.sending.retries import parse

if TYPE_CHECKING:
    from typing_extensions import Unpack  # typing has it from Python 3.11 on

PAGE = 100
"""Runs, groups or DAGs on a page of a list."""

_Response = TypeVar("_Response")


class Lists(ABC):
    """A list that a client reads page by page. The next page is requested when the caller goes on."""

    def groups(self, dag_id: str | None = None, **where: Unpack[GroupSearch]) -> Iterator[Group]:
        """Yield the groups of a DAG, or of all, the newest first, a page at a time.

        All groups of a large table take many requests: stop when there are enough of them.
        """
        for page in self._pages("/groups", GroupPage, dag_id=dag_id, **where):
            yield from page["groups"]

    def paused_groups(self, dag_id: str | None = None) -> Iterator[GroupProgress]:
        """Yield the groups that are paused, of a DAG or of all, a page at a time."""
        for page in self._pages("/groups", PausedGroups, dag_id=dag_id, control="paused"):
            yield from page["groups"]

    def group_runs(
        self, dag_id: str, prefix: str, *, state: str | None = None, conf: bool = False
    ) -> Iterator[GroupRun]:
        """Yield the runs of a group in the order of their creation, a page at a time, each with its conf where requested."""
        path = encoding.path("groups", dag_id, prefix, "runs")
        for page in self._pages(path, GroupRunPage, state=state, conf="true" if conf else None):
            yield from page["dag_runs"]

    def runs(
        self, *, dag_id: str | None = None, prefix: str | None = None, state: str | None = None
    ) -> Iterator[DagRun]:
        """Yield runs in the order of their creation, a page at a time; ``prefix`` is how their ids begin, letter for letter."""
        for page in self._pages("/dag_runs", DagRunPage, dag_id=dag_id, prefix=prefix, state=state):
            yield from page["dag_runs"]

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """Return one run."""
        path = encoding.path("dag_runs", run_id)
        return parse(self._get(path, params={"dag_id": encoding.text(dag_id)}), DagRunResponse)["dag_run"]

    def me(self) -> Me:
        return parse(self._get("/me"), MeResponse)["me"]

    def search_dags(self, q: str | None = None) -> Iterator[DagDetails]:
        """Yield the DAGs that have this in their id, in capitals or not, a page at a time."""
        for page in self._pages("/dags", DagPage, q=q):
            yield from page["dags"]

    def dags(self) -> list[Dag]:
        return parse(self._get("/dags"), DagList)["dags"]

    def _pages(self, path: str, kind: type[_Response], **where: str | Sequence[str] | None) -> Iterator[_Response]:
        params: dict[str, Any] = {
            name: encoding.text(value) if isinstance(value, str) else [encoding.text(one) for one in value]
            for name, value in where.items()
            if value is not None
        }
        params["limit"] = PAGE
        while True:
            page: Any = parse(self._get(path, params=params), kind)
            yield page
            if page["next_start"] is None:
                return
            params["start"] = page["next_start"]

    @abstractmethod
    def _get(self, path: str, **more: Any) -> httpx.Response:
        """Return the response to a request that reads."""
