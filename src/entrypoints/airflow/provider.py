"""The package as a provider of Airflow: its commands, and the options of its section of the configuration."""

from typing import Any

from airflow_run_groups.entrypoints.settings import OPTIONS, SECTION


def get_provider_info() -> dict[str, Any]:
    """Describe the section, so that Airflow shows it and knows that the token can come from a command or a secret."""
    return {
        "package-name": "airflow-run-groups",
        "name": "airflow-run-groups",
        "description": "Groups of DAG runs over a date range: created with one HTTP request, and found again by their prefix.",
        "cli": ["airflow_run_groups.entrypoints.airflow.commands.get_groups_commands"],  # read from 3.2 on
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
