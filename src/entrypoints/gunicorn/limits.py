"""The timeouts that gunicorn must have for our settings."""

import math

from airflow_run_groups.entrypoints.settings import Settings


def graceful_timeout(settings: Settings) -> int:
    """Return the seconds in which a worker that ends finishes any request: one that has just begun to arrive, too."""
    return math.ceil(settings.receive_timeout + max(settings.read_timeout, settings.write_timeout))


def contradiction(settings: Settings, *, graceful_timeout: float) -> str | None:
    """Return what is wrong with a ``graceful_timeout`` that gunicorn's own options have set."""
    if graceful_timeout > settings.write_timeout:
        return None
    return (
        f"gunicorn's graceful_timeout must be more than [airflow_api_plugin] write_timeout, {settings.write_timeout:g} "
        f"seconds, got {graceful_timeout:g}: leave it out, or lower write_timeout"
    )
