"""The in-memory audit log."""

from collections import deque

from airflow_run_groups.domain import Denial

KEPT = 1000
"""How many of the latest denials are kept."""


class MemoryAuditLog:
    """A list in the process of the service."""

    def __init__(self) -> None:
        self.denials: deque[Denial] = deque(maxlen=KEPT)

    def denied(self, denial: Denial) -> None:
        self.denials.append(denial)
