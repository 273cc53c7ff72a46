"""Numbers for Airflow's own metrics, as ``[metrics]`` sets them up: StatsD, DataDog, OpenTelemetry or nothing."""

import datetime as dt

from airflow_run_groups.adapters.airflow.compat import stats

PREFIX = "airflow_run_groups"


class AirflowMeter:
    """Counts and measures with Airflow's Stats. The tags are those of the labels at ``/metrics``."""

    def __init__(self) -> None:
        """Use the Stats of this process."""
        self._stats = stats()

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer, and the seconds that it took to make."""
        tags = {"method": method, "route": route}
        self._stats.incr(f"{PREFIX}.requests", tags={**tags, "status": str(status)})
        self._stats.timing(f"{PREFIX}.request_seconds", dt.timedelta(seconds=seconds), tags=tags)

    def group(self, *, created: int, existing: int) -> None:
        """Count the runs of a group, and the dates that it skipped, since they had a run."""
        self._stats.incr(f"{PREFIX}.runs_created", created)
        self._stats.incr(f"{PREFIX}.dates_skipped", existing)

    def refusal(self, reason: str) -> None:
        """Count an answer that is an error which the code foresees."""
        self._stats.incr(f"{PREFIX}.refusals", tags={"reason": reason})

    def statement(self, *, work: str, seconds: float) -> None:
        """Measure a statement until the database had answered it."""
        self._stats.timing(f"{PREFIX}.database_seconds", dt.timedelta(seconds=seconds), tags={"work": work})

    def pool(self, *, in_use: int, size: int) -> None:
        """Note how many of this process's database connections are lent, and how many it may have."""
        self._stats.gauge(f"{PREFIX}.pool_in_use", in_use)
        self._stats.gauge(f"{PREFIX}.pool_size", size)
