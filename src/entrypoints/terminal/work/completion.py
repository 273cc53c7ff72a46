"""The ids of DAGs and the prefixes of groups, as a shell completes them from the service."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import click
import httpx

from airflow_run_groups.adapters.client import Client, ClientError
from airflow_run_groups.entrypoints.terminal.session import AIRFLOWS_TOKEN, TOKEN

TIMEOUT = 2.0
"""Seconds after which a shell gets no completions, rather than wait."""


def dag_ids(ctx: click.Context, incomplete: str) -> list[str]:
    return _found(ctx, incomplete, lambda client: (dag["dag_id"] for dag in client.dags()))


def prefixes(ctx: click.Context, incomplete: str) -> list[str]:
    """Return the groups of the DAG that stands in the same command line."""
    dag_id = ctx.params.get("dag_id")
    if dag_id is None:
        return []
    return _found(ctx, incomplete, lambda client: (group["prefix"] for group in client.groups(dag_id)))


def _found(ctx: click.Context, incomplete: str, names: Callable[[Client], Iterable[str]]) -> list[str]:
    """Return the names that begin like this; none where the service does not say them: a shell has nobody to tell."""
    options = ctx.params
    if options.get("local"):
        return []
    file = options.get("token_file")
    try:
        token = Path(file).read_text(encoding="utf-8").strip() if file else None
        token = token or os.environ.get(TOKEN) or os.environ.get(AIRFLOWS_TOKEN)
        with Client(options["url"], token, timeout=TIMEOUT, retry_for=0) as client:
            return [name for name in names(client) if name.startswith(incomplete)]
    except (ClientError, httpx.HTTPError, OSError, ValueError):
        return []
