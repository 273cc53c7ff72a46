"""What Airflow asks about this package as a provider: which options its section of the configuration has."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from airflow_run_groups.adapters.database_limits import DatabaseLimits
from airflow_run_groups.entrypoints.gunicorn.limits import ServerLimits


def get_provider_info() -> dict[str, Any]:
    """Describe the section, so that Airflow shows it and knows that the token can come from a command or a secret."""
    return {
        "package-name": "airflow-run-groups",
        "name": "airflow-run-groups",
        "description": "Groups of DAG runs over a date range, asked for once over HTTP and found again by their prefix.",
        "cli": ["airflow_run_groups.entrypoints.airflow.commands.get_groups_commands"],  # read from 3.2 on
        "config": {
            "airflow_api_plugin": {
                "description": "The HTTP service that creates groups of DAG runs.",
                "options": {
                    "airflow_api_auth": _option(
                        "A secret token: whoever sends it may do everything. Requests carry it as\n"
                        "``authorization: <token>`` or ``authorization: Bearer <token>``.",
                        sensitive=True,
                    ),
                    "airflow_api_auth_file": _option(
                        "The path of a file with more tokens, which is read again when it changes. A line is\n"
                        "``name: token`` or ``name: token read-only``; in place of the token it may have its SHA-256, as\n"
                        "``sha256:`` and hexadecimal digits. No other user may be able to read the file.",
                    ),
                    "allow_unknown_schema": _option(
                        "Whether to write to a database whose schema revision is none that this service has been tried with,\n"
                        "and none of the installed Airflow's. Columns that nobody would fill are refused in any case.",
                        default="false",
                        kind="boolean",
                    ),
                    "allowed_hosts": _option(
                        "Host names under which the service is asked, with commas between them, where no token is set\n"
                        "(``*``: any). Addresses and localhost need not be named. A web page whose name is made to lead\n"
                        "to this service is kept out by its name.",
                    ),
                    "auth": _option(
                        "How callers are told apart. ``token``: by airflow_api_auth and the tokens of\n"
                        "airflow_api_auth_file. ``airflow``: by Airflow's auth manager, with the bearer tokens that Airflow's API takes. ``none``: not at all. ``auto``: token\n"
                        "if one is set, else airflow inside Airflow's API server, else none.",
                        default="auto",
                    ),
                    "backend": _option(
                        "``airflow``, or ``memory``: a handful of example DAGs that live in the process of the service.",
                        default="airflow",
                    ),
                    "value_format": _option(
                        "How answers write dates, booleans and nulls of a DAG run: as ``text``, or as ``json`` knows them.",
                        default="text",
                    ),
                    "write_rate_limit": _option(
                        "How many requests that create runs each caller may send, such as ``60/minute``; per second,\n"
                        "minute, hour or day. More are answered 429. Each process counts for itself, so n workers and\n"
                        "replicas allow n times as many.",
                    ),
                    **{
                        limit.name: _option(
                            limit.metadata["reason"],
                            default=str(limit.default),
                            kind="integer" if isinstance(limit.default, int) else "float",
                        )
                        for limits in (ServerLimits, DatabaseLimits)
                        for limit in fields(limits)
                    },
                },
            }
        },
    }


def _option(
    description: str, *, default: str | None = None, kind: str = "string", sensitive: bool = False
) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": "0.1.0",
        "type": kind,
        "example": None,
        "default": default,
        "sensitive": sensitive,
    }
