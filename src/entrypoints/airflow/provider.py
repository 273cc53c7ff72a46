"""The package as a provider of Airflow: its commands, operators and connection type, and the options of its section."""

from typing import Any

from airflow_run_groups.entrypoints.airflow.operators import connection, webhook
from airflow_run_groups.entrypoints.settings import OPTIONS, SECTION

OPERATORS = "airflow_run_groups.operators"
_MODULES = [{"integration-name": connection.NAME, "python-modules": [OPERATORS]}]


def get_provider_info() -> dict[str, Any]:
    """Describe what Airflow shows: the form of a connection, and the section, whose token a command or a secret may hold."""
    return {
        "package-name": "airflow-run-groups",
        "name": "airflow-run-groups",
        "description": "Groups of DAG runs over a date range: created with one HTTP request, and found again by their prefix.",
        "cli": ["airflow_run_groups.entrypoints.airflow.commands.get_groups_commands"],  # read from 3.2 on
        "integrations": [{"integration-name": connection.NAME, "tags": ["software"]}],
        **dict.fromkeys(("operators", "sensors", "hooks", "triggers"), _MODULES),
        "extra-links": [f"{OPERATORS}.RunGroupLink"],
        "connection-types": [
            _connection_type(connection, "RunGroupHook"),
            _connection_type(webhook, "RunGroupWebhookHook"),
        ],
        "config": {
            SECTION: {
                "description": "The HTTP service that creates groups of DAG runs.",
                "options": {
                    name: {
                        "description": option.description,
                        "version_added": "0.1.0",
                        "type": option.kind,
                        "example": None,
                        "default": option.default,
                        "sensitive": option.sensitive,
                    }
                    for name, option in OPTIONS.items()
                },
            }
        },
    }


def _connection_type(described: Any, hook: str) -> dict[str, Any]:
    """Return a type of connections as the module of it describes it."""
    return {
        "connection-type": described.TYPE,
        "hook-class-name": f"{OPERATORS}.{hook}",
        # from here on read from 3.2 on
        "hook-name": described.NAME,
        "ui-field-behaviour": {
            "hidden-fields": list(described.HIDDEN),
            "relabeling": described.LABELS,
            "placeholders": described.PLACEHOLDERS,
        },
        "conn-fields": {
            name: {"label": label, "description": description, "schema": {"type": ["string", "null"]}}
            for name, (label, description) in described.EXTRA_FIELDS.items()
        },
    }
