"""The package as a provider of Airflow: its commands, operators and connection type, and the options of its section."""

from typing import Any

from airflow_run_groups.entrypoints.airflow.operators import connection
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
            {
                "connection-type": connection.TYPE,
                "hook-class-name": f"{OPERATORS}.RunGroupHook",
                # from here on read from 3.2 on
                "hook-name": connection.NAME,
                "ui-field-behaviour": {
                    "hidden-fields": list(connection.HIDDEN),
                    "relabeling": connection.LABELS,
                    "placeholders": connection.PLACEHOLDERS,
                },
                "conn-fields": {
                    name: {"label": label, "description": description, "schema": {"type": ["string", "null"]}}
                    for name, (label, description) in connection.EXTRA_FIELDS.items()
                },
            }
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
