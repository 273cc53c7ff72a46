"""The commands' words about a rule to stop, and about one that is reached."""

from collections.abc import Mapping
from typing import Any

from airflow_run_groups.adapters.client import GroupProgress
from airflow_run_groups.domain.control.stop_after import EndedRuns, StopAfter
from airflow_run_groups.domain.errors import Refused


def in_words(rule: Mapping[str, Any]) -> str:
    """Return a rule as responses have it in words, also that of a later version of the service."""
    try:
        return str(StopAfter(**rule))
    except (Refused, TypeError):
        return ", ".join(f"{name} {value}" for name, value in rule.items())


def is_reached(rule: Mapping[str, Any], group: GroupProgress) -> bool:
    """Tell whether so many of a group's runs have failed, and others are still queued."""
    states = group["states"]
    ended = EndedRuns(success=states["success"], failed=states["failed"] - group["cancelled"])
    return states["queued"] > 0 and StopAfter(**rule).is_reached(ended)
