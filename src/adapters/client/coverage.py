"""Coverage of a range that takes several responses."""

from collections.abc import Sequence

from airflow_run_groups.adapters.client.responses import Coverage, CoverageStretch
from airflow_run_groups.domain import DateStatus

_HINDERING = frozenset(status.value for status in DateStatus if status.hinders)


def joined_coverage(parts: Sequence[Coverage]) -> Coverage:
    """Return the coverage of a range from that of its consecutive parts, at least one."""
    stretches: list[CoverageStretch] = []
    for stretch in (one for part in parts for one in part["stretches"]):
        last = stretches[-1] if stretches else None
        if last is not None and last["status"] == stretch["status"]:
            last["last"], last["total"] = stretch["last"], last["total"] + stretch["total"]
        else:
            stretches.append({**stretch})
    return Coverage(
        dag_id=parts[0]["dag_id"],
        total=sum(part["total"] for part in parts),
        counts={status: sum(part["counts"][status] for part in parts) for status in parts[0]["counts"]},
        complete=all(stretch["status"] not in _HINDERING for stretch in stretches),
        stretches=stretches,
        next_start_date=parts[-1]["next_start_date"],
        dates=[date for part in parts for date in part.get("dates", [])],
    )
