"""Where notifications of a group go."""

from typing import TypedDict


class Notify(TypedDict, total=False):
    """The Airflow connection, or the notifier of the installation, and ``on``, the events: without it all of them."""

    connection_id: str
    notifier: str
    on: list[str]
