"""Coverage of a range that takes several responses."""

from collections.abc import Iterator, Sequence

from airflow_run_groups.adapters.client.responses import Coverage, CoverageStretch, DagCoverage
from airflow_run_groups.domain import DateStatus

_HINDERING = frozenset(status.value for status in DateStatus if status.hinders)


MAX_DAGS = 100
"""DAGs that one request names."""


def in_parts(dag_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield as many of them at a time as one request names, each once."""
    once = list(dict.fromkeys(dag_ids))
    for first in range(0, len(once), MAX_DAGS):
        yield once[first : first + MAX_DAGS]


def with_rest(found: DagCoverage, rest: Coverage) -> DagCoverage:
    """Return the counts of a range whose first part one response has counted."""
    return DagCoverage(
        dag_id=found["dag_id"],
        total=found["total"] + rest["total"],
        counts={status: count + rest["counts"][status] for status, count in found["counts"].items()},
        complete=rest["complete"] and not any(found["counts"][status] for status in _HINDERING),
        next_start_date=None,
        problem=None,
    )


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
