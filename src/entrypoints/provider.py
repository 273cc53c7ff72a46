"""What Airflow asks about this package as a provider: which options its section of the configuration has."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from airflow_api_plugin.adapters.database_limits import DatabaseLimits
from airflow_api_plugin.entrypoints.server_limits import ServerLimits


def get_provider_info() -> dict[str, Any]:
    """Describe the section, so that Airflow shows it and knows that the token can come from a command or a secret."""
    return {
        "package-name": "airflow-api-plugin",
        "name": "airflow-api-plugin",
        "description": "Groups of DAG runs over a date range, asked for once over HTTP and found again by their prefix.",
        "config": {
            "airflow_api_plugin": {
                "description": "The HTTP service that creates groups of DAG runs.",
                "options": {
                    "airflow_api_auth": _option(
                        "A secret token: whoever sends it may do everything. Requests carry it as\n"
                        "``authorization: <token>`` or ``authorization: Bearer <token>``.",
                        sensitive=True,
                    ),
                    "auth": _option(
                        "How callers are told apart. ``token``: by airflow_api_auth. ``airflow``: by Airflow's auth\n"
                        "manager, with the bearer tokens that Airflow's API takes. ``none``: not at all. ``auto``: token\n"
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
