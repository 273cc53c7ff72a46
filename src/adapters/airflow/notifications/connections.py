"""Airflow's connections, as its schedulers see them: from its secrets backends, the environment and the database."""

from airflow.exceptions import AirflowNotFoundException  # type: ignore[attr-defined]  # newer versions take it from elsewhere
from airflow.models.connection import Connection


class ConnectionNotFound(LookupError):
    """Airflow has no connection of this id, or its secrets backend did not say so."""


def connection_of(connection_id: str) -> Connection:
    """Return the connection.

    :raises ConnectionNotFound: when Airflow finds none.
    """
    try:
        return Connection.get_connection_from_secrets(connection_id)
    except AirflowNotFoundException:
        msg = f"Airflow has no connection {connection_id!r}"
        raise ConnectionNotFound(msg) from None
