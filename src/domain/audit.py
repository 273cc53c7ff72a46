"""Denials, which enter the audit log although nothing happened."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A request that its caller may not make.

    ``caller``: their name, None when they have none. ``dag_id``: the DAG that it is about, None when no DAG was read.
    ``request``: its method and path. ``reason``: the error of the response.
    """

    caller: str | None
    dag_id: str | None
    request: str
    reason: str
