"""The groups that were read before, with their ETags: an unchanged one costs a response without a body."""

import httpx

from airflow_run_groups.adapters.client.responses import GroupProgress, GroupResponse
from airflow_run_groups.adapters.client.sending.retries import parse


class KnownGroups:
    """The last state of each group, by its path."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, GroupProgress]] = {}

    def condition(self, path: str) -> dict[str, str]:
        """Return the headers with which to ask for the group."""
        return {"If-None-Match": self._known[path][0]} if path in self._known else {}

    def read(self, path: str, response: httpx.Response) -> GroupProgress:
        """Return the group of a good response: the very object of the last call, when nothing has happened since.

        :raises Unreachable: when it is not this service's.
        """
        if response.status_code == httpx.codes.NOT_MODIFIED and path in self._known:
            return self._known[path][1]
        group = parse(response, GroupResponse)["group"]
        if "ETag" in response.headers:
            self._known[path] = (response.headers["ETag"], group)
        return group
