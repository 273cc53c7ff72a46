"""Where notifications of a group go."""

from typing import TypedDict


class Notify(TypedDict, total=False):
    """The Airflow connection to which notifications go, and ``on``, the events: without it all of them."""

    connection_id: str
    on: list[str]
