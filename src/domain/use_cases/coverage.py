"""Whether the past of a DAG is complete."""

import datetime as dt
from collections.abc import Callable

from airflow_run_groups.domain import coverage
from airflow_run_groups.domain.coverage import Coverage, CoverageRequest, covered_dates, scheduled_dates
from airflow_run_groups.domain.errors import DagNotFound
from airflow_run_groups.domain.ports import Caller, DagRunRepository, DagSnapshot
from airflow_run_groups.domain.use_cases.access import check_may_see


class Coverages:
    """See whether the past of a DAG is complete."""

    def __init__(self, runs: DagRunRepository, clock: Callable[[], dt.datetime]) -> None:
        """Use these runs; ``clock`` returns the present, aware."""
        self._runs = runs
        self._clock = clock

    def of(self, request: CoverageRequest, caller: Caller) -> Coverage:
        """Return what became of each date that the DAG's schedule holds in a range.

        :raises DagNotFound: also when the caller may not see the DAG.
        :raises Refused: when the schedule holds no dates.
        """
        dag_id = request.dag_id
        check_may_see(caller, dag_id, DagNotFound(dag_id))

        def look(snapshot: DagSnapshot) -> Coverage:
            now = self._clock()
            last_moment = now + coverage.MAX_TIME
            dag, timetable = snapshot.schedule()
            infos, rest = scheduled_dates(
                request, dag, timetable, now=now, is_enough=lambda: self._clock() > last_moment
            )
            runs = snapshot.existing_runs([info.logical_date for info in infos])
            return Coverage(dag_id=dag_id, dates=tuple(covered_dates(infos, dag, runs, now=now)), next_start_date=rest)

        return self._runs.snapshot(dag_id, look)
